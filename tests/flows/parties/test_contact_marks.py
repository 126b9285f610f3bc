"""The mark of a contact in Salesforce is that of accounting-rules E.6, by which it is found when the state is lost."""

from __future__ import annotations

import hashlib

import pytest

from ml_connector.flows.parties import contact_links, contacts, emails
from ml_connector.model.plans import NotLoaded, Skip, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject
from support.context import RULES, World, settle, sobject
from support.digests import digest

ADDRESS, CUSTOMER = "ap@acme.example", "58"
CONTACT, ACCOUNT = (
    Ref("salesforce", "Contact", "003000000000001AAA"),
    Ref("salesforce", "Account", "001000000000001AAA"),
)
RULE = f"{RULES.realm_id}:{CUSTOMER}:{hashlib.sha256(ADDRESS.encode()).hexdigest()[:12]}"
KEYED = f"{RULES.realm_id}:{CUSTOMER}:{emails.mark(ADDRESS, digest)}"


def contact(email: str, mark: str, id: str = CONTACT.id) -> SObject:
    return sobject("Contact", id, Email=email, LastName="Delta", AccountId=ACCOUNT.id, **{EXTERNAL_ID: mark})


def town(email: str, mark: str) -> World:
    return World(contact(email, mark))


def find(world: World) -> contacts.Reached | None:
    context = world.context()
    while True:
        try:
            return contacts.find(ADDRESS, contacts.Bill(CUSTOMER, ACCOUNT), context)
        except NotLoaded as unknown:
            context.load(unknown.needs)


def test_one_whose_email_people_changed_is_found_without_a_state() -> None:
    reached = find(town("other@acme.example", RULE))
    assert reached is not None
    assert (reached.contact, reached.mark) == (CONTACT, None)


def test_one_of_another_customer_is_not() -> None:
    assert find(town("other@acme.example", RULE.replace(":58:", ":59:"))) is None


def test_one_with_a_keyed_mark_is_found_by_its_email_and_marked_again() -> None:
    """The state is lost, and with it the key that its mark was made with."""
    reached = find(town(ADDRESS, f"{RULES.realm_id}:{CUSTOMER}:k{'0' * 31}"))
    assert reached is not None
    assert reached.mark is not None
    assert (reached.mark.body, reached.mark.target_id) == ({EXTERNAL_ID: RULE}, CONTACT.id)
    assert reached.mark.key == KEYED


def test_one_keeps_its_keyed_mark_where_another_has_that_of_the_rule() -> None:
    """The mark is unique: Salesforce would refuse it, and the invoice would wait for nothing."""
    reached = find(World(contact(ADDRESS, KEYED), contact("other@acme.example", RULE, "003000000000002AAA")))
    assert reached is not None
    assert (reached.contact, reached.mark) == (CONTACT, None)


@pytest.mark.parametrize(("mark", "body"), [(KEYED, {EXTERNAL_ID: RULE}), (RULE, None), ("", None)])
def test_one_that_is_linked_is_marked_again(mark: str, body: dict[str, str] | None) -> None:
    world = town(ADDRESS, mark)
    world.link(Role.CONTACT, emails.ref_of(CUSTOMER, ADDRESS, digest), CONTACT)
    (end, *_) = settle(contact_links.FLOW, CONTACT, world)
    assert (end.body if isinstance(end, Write) else None) == body
    assert isinstance(end, Write | Skip)
