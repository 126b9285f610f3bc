"""A field that people changed on both sides: what is lost, where, and by which write (accounting-rules E.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.model.plans import Flow, Overruled, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Address, Customer, Email, Phone, Web
from support.context import RULES, World, settle, sobject, writes

CUSTOMER = Ref("quickbooks", "Customer", "17")
ACCOUNT = Ref("salesforce", "Account", "001000000000017AAA")
AGREED = {
    "name": "Stark", "phone": "+16175550000", "website": "stark.com", "billing_email": "old@stark.com",
    "currency": "USD", "balance": "0", "active": "true", "billing_address": "1 old road |  |  |  | US",
    "shipping_address": "2 old road |  |  |  | US",
}  # fmt: skip


def town(books: dict[str, Any], sales: dict[str, Any], agreed: dict[str, str | None] | None = None) -> World:
    """A pair in agreement, but for what is given."""
    agree: dict[str, Any] = {
        "display_name": "Stark", "web_addr": Web(uri="stark.com"),
        "primary_phone": Phone(free_form_number="617-555-0000"), "primary_email_addr": Email(address="old@stark.com"),
        "balance": Decimal(0), "bill_addr": Address(line1="1 Old Road"), "ship_addr": Address(line1="2 Old Road"),
    }  # fmt: skip
    fields: dict[str, Any] = {
        "Name": "Stark", "Phone": "617-555-0000", "Website": "stark.com", "QBO_Billing_Email__c": "old@stark.com",
        "QBO_Id__c": f"{RULES.realm_id}:17", "QBO_Currency__c": "USD", "QBO_Balance__c": Decimal(0),
        "QBO_Active__c": True, "BillingStreet": "1 Old Road", "ShippingStreet": "2 Old Road",
    }  # fmt: skip
    world = World(
        Customer(id="17", sync_token="0", **(agree | books)), sobject("Account", ACCOUNT.id, **(fields | sales))
    )
    world.link(Role.ACCOUNT, CUSTOMER, ACCOUNT, {**AGREED, **(agreed or {})})
    return world


def written(world: World, flow: Flow = customer_to_account.FLOW, ref: Ref = CUSTOMER) -> list[Write]:
    """What is written to the two; the contact of a new e-mail address is another matter."""
    return [each for each in writes(settle(flow, ref, world)) if each.step in ("account", "customer")]


BOTH_CHANGED = [
    # what QuickBooks has, what Salesforce has, who is written to, the field, the value that is lost
    ({"display_name": "Stark Inc"}, {"Name": "Stark Group"}, "customer", "name", "Stark Inc"),
    (
        {"primary_phone": Phone(free_form_number="(617) 555-0001")},
        {"Phone": "617.555.0002"},
        "customer",
        "phone",
        "(617) 555-0001",
    ),
    ({"web_addr": Web(uri="http://www.Stark.org/a")}, {"Website": "stark.net"}, "customer", "website",
     "http://www.Stark.org/a"),
    ({"ship_addr": Address(line1="3 New Road", city="Boston")}, {"ShippingStreet": "4 Other Road"}, "customer",
     "shipping_address", "3 New Road, Boston"),
    ({"primary_phone": None}, {"Phone": "617.555.0002"}, "customer", "phone", ""),
    ({"bill_addr": Address(line1="3 New Road")}, {"BillingStreet": "4 Other\nRoad"}, "account", "billing_address",
     "4 Other Road"),
    ({"primary_email_addr": Email(address="new@stark.com")}, {"QBO_Billing_Email__c": "ann@stark.com"}, "account",
     "billing_email", "ann@stark.com"),
    ({"balance": Decimal("5.00")}, {"QBO_Balance__c": Decimal("7.50")}, "account", "balance", "7.5"),
    ({"display_name": "Stark (deleted)", "active": False}, {"QBO_Active__c": True, "Phone": "1"}, "account", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("books", "sales", "step", "field", "lost"), BOTH_CHANGED)
def test_the_owner_wins_and_the_other_value_goes_with_the_write(
    books: dict[str, Any], sales: dict[str, Any], step: str, field: str, lost: str
) -> None:
    found = written(town(books, sales))
    assert [each.step for each in found] == [step]
    record, other = (CUSTOMER, ACCOUNT) if step == "customer" else (ACCOUNT, CUSTOMER)
    assert found[0].conflicts == ((Overruled(field, record, other, lost),) if field else ())


@pytest.mark.parametrize(("flow", "ref"), [(customer_to_account.FLOW, CUSTOMER), (account_to_customer.FLOW, ACCOUNT)])
def test_each_write_takes_its_own_conflicts_whichever_record_was_looked_at(flow: Flow, ref: Ref) -> None:
    world = town(
        {"primary_phone": Phone(free_form_number="1"), "primary_email_addr": Email(address="new@stark.com")},
        {"Phone": "2", "QBO_Billing_Email__c": "ann@stark.com"},
    )
    assert [(each.step, each.conflicts) for each in written(world, flow, ref)] == [
        ("account", (Overruled("billing_email", ACCOUNT, CUSTOMER, "ann@stark.com"),)),
        ("customer", (Overruled("phone", CUSTOMER, ACCOUNT, "1"),)),
    ]
    assert written(world, flow, ref) == [], "decided once more there is no conflict left"


def test_one_side_alone_is_no_conflict() -> None:
    moved = written(town({"primary_phone": Phone(free_form_number="617-555-0001")}, {}))
    assert [(each.step, each.conflicts) for each in moved] == [("account", ())]


def test_nothing_is_lost_while_nothing_is_written() -> None:
    """Of an inactive customer no field is written: both keep their own until it is active again."""
    world = town(
        {"primary_phone": Phone(free_form_number="1"), "active": False, "display_name": "Stark (deleted)"},
        {"Phone": "2", "QBO_Active__c": False},
        {"active": "false"},
    )
    assert written(world) == []


@pytest.mark.parametrize(("books", "sales", "step", "field", "lost"), [row for row in BOTH_CHANGED if row[4]])
def test_why_never_shows_the_values(
    books: dict[str, Any], sales: dict[str, Any], step: str, field: str, lost: str
) -> None:
    winner = "Salesforce" if step == "customer" else "QuickBooks"
    why = written(town(books, sales))[0].why
    spoken = field.replace("_", " ")
    assert (
        why[-1] == f"{spoken} changed on both sides: {winner} keeps its own, the other value goes to the conflict log"
    )
    assert not [text for text in why if lost in text]
