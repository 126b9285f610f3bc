"""What becomes of the links of a contact that is gone (accounting-rules D.10)."""

from __future__ import annotations

import pytest

from ml_connector.flows.parties import contact_links, contacts, emails
from ml_connector.flows.parties.contact_links import PAST, live
from ml_connector.model.plans import NotLoaded, Skip
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from support.context import World, settle, sobject
from support.digests import digest

CONTACT, WINNER = (Ref("salesforce", "Contact", f"00300000000000{n}AAA") for n in (1, 2))
ADDRESSES = ("ap@acme.example", "dora@acme.example")


def world(*, into: Ref | None) -> World:
    town = World(sobject("Contact", WINNER.id, Email=ADDRESSES[0], LastName="Delta"))
    town.put(Gone(CONTACT, into=into))
    for customer, address in enumerate(ADDRESSES, 1):
        town.link(Role.CONTACT, emails.ref_of(str(customer), address, digest), CONTACT)
    town.link(Role.CONTACT, emails.ref_of("9", "else@acme.example", digest), WINNER)
    return town


@pytest.mark.parametrize(
    ("into", "target", "leads_to"), [(None, Ref("salesforce", PAST, CONTACT.id), None), (WINNER, WINNER, WINNER)]
)
def test_all_its_addresses_lead_elsewhere(into: Ref | None, target: Ref, leads_to: Ref | None) -> None:
    town = world(into=into)
    (end,) = settle(contact_links.FLOW, CONTACT, town)
    assert isinstance(end, Skip)
    for customer, address in enumerate(ADDRESSES, 1):
        link = town.links[Role.CONTACT, emails.ref_of(str(customer), address, digest)]
        assert (link.target, live(link)) == (target, leads_to)
    assert town.links[Role.CONTACT, emails.ref_of("9", "else@acme.example", digest)].target == WINNER


def test_an_address_whose_contact_is_gone_is_looked_for_anew() -> None:
    town = world(into=None)
    settle(contact_links.FLOW, CONTACT, town)
    reached = find(ADDRESSES[0], contacts.Bill("1", Ref("salesforce", "Account", "001000000000001AAA")), town)
    assert reached is not None
    assert reached.contact == WINNER


def find(address: str, bill: contacts.Bill, town: World) -> contacts.Reached | None:
    context = town.context()
    while True:
        try:
            return contacts.find(address, bill, context)
        except NotLoaded as unknown:
            context.load(unknown.needs)


def test_one_that_is_there_is_left_alone() -> None:
    assert settle(contact_links.FLOW, WINNER, world(into=None)) == [Skip()]
