"""Every end that the parent of a ready account can come to, and what the account does then (E.3, V-PARENT)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ml_connector.flows.parties.account_to_customer import FLOW
from ml_connector.model import holds
from ml_connector.model.plans import Hold, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, record_changed
from ml_connector.systems.quickbooks.records import Customer
from support.context import RULES, World, decide, sobject

ABOVE, BELOW = "001000000000001AAA", "001000000000002AAA"
PARENT, ACCOUNT = Ref("salesforce", "Account", ABOVE), Ref("salesforce", "Account", BELOW)
CUSTOMER = Ref("quickbooks", "Customer", "7")


def world(**parent: object) -> World:
    above = {"Name": "Mother", "BillingCountry": "US", **parent}
    return World(
        sobject("Account", ABOVE, **above),
        sobject("Account", BELOW, Name="Child", BillingCountry="US", QBO_Ready__c=True, ParentId=ABOVE),
    )


def linked_to(customer: Customer | Gone) -> World:
    made = world()
    made.put(customer)
    made.link(Role.ACCOUNT, CUSTOMER, PARENT)
    return made


def second() -> World:
    made = world(QBO_Id__c=f"{RULES.realm_id}:7")
    made.link(Role.ACCOUNT, CUSTOMER, Ref("salesforce", "Account", "001000000000009AAA"))
    return made


def deleted() -> World:
    made = world()
    made.put(Gone(PARENT))
    return made


ENDS: dict[str, tuple[Callable[[], World], str, str]] = {
    "nobody said that it is ready": (
        world, "PARENT-NOT-READY",
        "Child is to become a customer, its parent Mother is not marked ready for QuickBooks.",
    ),
    "deleted": (deleted, "V-PARENT", f"The parent {ABOVE} of Child is no longer there."),
    "of another company": (
        lambda: world(QBO_Id__c="1:7"), "V-PARENT",
        "The parent Mother of Child belongs to a customer of another QuickBooks company.",
    ),
    "the second account of a customer": (
        second, "V-PARENT",
        "The parent Mother of Child carries the mark of a customer that belongs to another account.",
    ),
    "below its own child": (
        lambda: world(ParentId=BELOW, QBO_Ready__c=True), "V-PARENT",
        "Child stands under itself by way of its parent Mother.",
    ),
    "its customer is inactive": (
        lambda: linked_to(Customer(id="7", display_name="Mother Inc (deleted)", active=False)), "V-PARENT",
        "Mother Inc, the customer above Child, is inactive in QuickBooks.",
    ),
    "its customer is gone": (
        lambda: linked_to(Gone(CUSTOMER)), "V-PARENT", f"The parent {ABOVE} of Child is no longer there.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_a_parent_that_will_have_no_customer_is_a_reason_of_its_own(end: str) -> None:
    made, code, sentence = ENDS[end][0](), *ENDS[end][1:]
    hold = decide(FLOW, made.records[ACCOUNT], made)
    assert isinstance(hold, Hold)
    assert (hold.code, holds.render_hold(hold).sentence, hold.code in holds.ALLOWED) == (code, sentence, False)
    awaited = {linked(Role.ACCOUNT, PARENT), record_changed(PARENT), record_changed(CUSTOMER)}
    assert awaited & set(hold.waits_for)


def test_a_parent_on_its_way_is_waited_for_and_looked_at() -> None:
    made = world(QBO_Ready__c=True)
    hold = decide(FLOW, made.records[ACCOUNT], made)
    assert isinstance(hold, Hold)
    assert (hold.code, hold.knocks, hold.waits_for) == ("WAIT_PARENT", (PARENT,), (linked(Role.ACCOUNT, PARENT),))


def test_a_parent_with_an_active_customer_comes_first() -> None:
    made = linked_to(Customer(id="7", display_name="Mother Inc"))
    write = decide(FLOW, made.records[ACCOUNT], made)
    assert isinstance(write, Write)
    assert write.body["ParentRef"] == {"value": "7"}
