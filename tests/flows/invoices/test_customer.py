"""Every end that the customer of an invoice can come to, and what the invoice does then (D.1, D.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.flows.invoices.invoice_to_opportunity import FLOW
from ml_connector.flows.parties import customer_to_account
from ml_connector.model import holds
from ml_connector.model.plans import Hold, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Invoice, Reference
from support.context import World, decide, settle

ACME, INVOICE = Ref("quickbooks", "Customer", "1"), Ref("quickbooks", "Invoice", "7")
ACCOUNT = Ref("salesforce", "Account", "001000000000001AAA")


def invoice(customer: str = "1", name: str = "Acme") -> Invoice:
    return Invoice(
        id="7", doc_number="1043", total_amt=Decimal(100), balance=Decimal(100), currency_ref=Reference(value="USD"),
        customer_ref=Reference(value=customer, name=name) if customer else None,
    )  # fmt: skip


def acme(name: str = "Acme", **fields: Any) -> Customer:
    return Customer(id="1", display_name=name, **fields)


def held(world: World) -> Hold:
    hold = decide(FLOW, world.records[INVOICE], world)
    assert isinstance(hold, Hold)
    return hold


@pytest.mark.parametrize("name", ["Acme (deleted)", "Acme (Deleted-1)", "Acme"])
def test_an_inactive_customer_gets_its_account_because_an_invoice_needs_it(name: str) -> None:
    world = World(acme(name, active=False), invoice(name=name))
    hold = held(world)
    assert (hold.code, hold.knocks, hold.facts["customer"]) == ("WAIT_CUSTOMER", (ACME,), "Acme")
    world.keep(hold.links)
    made = settle(customer_to_account.FLOW, ACME, world)[0]
    assert isinstance(made, Write)

    shown = decide(FLOW, world.records[INVOICE], world)
    assert isinstance(shown, Write)
    assert shown.body["Name"] == "INV 1043 - Acme"


def test_an_active_customer_may_be_called_deleted() -> None:
    world = World(acme("Acme (deleted)"), invoice(name="Acme (deleted)"))
    world.link(Role.ACCOUNT, ACME, ACCOUNT)
    shown = decide(FLOW, world.records[INVOICE], world)
    assert isinstance(shown, Write)
    assert shown.body["Name"] == "INV 1043 - Acme (deleted)"


NEVER: dict[str, tuple[list[Any], str]] = {
    "gone": ([Gone(ACME), invoice()], "Invoice 1043 names customer Acme, which is not in QuickBooks any more."),
    "not named": ([invoice(customer="")], "Invoice 1043 names no customer."),
    "a project of nobody": (
        [acme("Site 9", is_project=True), invoice(name="Site 9")],
        "Invoice 1043 is for project Site 9, which stands below no customer.",
    ),
    "a project whose customer is gone": (
        [acme("Site 9", is_project=True, parent_ref=Reference(value="2")), invoice(name="Site 9")],
        "Invoice 1043 is for project Site 9, which stands below no customer.",
    ),
}


@pytest.mark.parametrize("end", NEVER)
def test_a_customer_that_will_have_no_account_is_a_reason_of_its_own(end: str) -> None:
    """Nothing says that it is on its way, and nobody is alarmed after a day as if it were."""
    records, sentence = NEVER[end]
    hold = held(World(*records))
    assert (hold.code, holds.render_hold(hold).sentence) == ("CUSTOMER-MISSING", sentence)
    assert hold.code not in holds.ALLOWED
    assert end == "not named" or hold.waits_for == (linked(Role.ACCOUNT, ACME),)


def test_an_account_that_people_deleted_is_told_apart() -> None:
    world = World(acme(), invoice())
    world.link(Role.ACCOUNT, ACME, Ref("salesforce", "AccountPast", ACCOUNT.id), exclusive=False)
    assert held(world).code == "ACCOUNT-GONE"


def test_a_project_waits_for_the_customer_above_it() -> None:
    project = Customer(id="3", display_name="Site 9", is_project=True, parent_ref=Reference(value="1"))
    hold = held(World(acme("Acme (deleted)", active=False), project, invoice("3", "Site 9")))
    assert (hold.code, hold.knocks, [draft.source for draft in hold.links]) == ("WAIT_CUSTOMER", (ACME,), [ACME])
