"""The connector in other kinds of org: Professional without orders, one currency, Revenue Cloud; and missing rights."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.doctor import Finding, doctor, orders_off
from ml_connector.actions.holds import open_holds
from ml_connector.actions.reconcile import reconcile
from support.world import Installation

MONTHS = ["2026-11"]
PROFESSIONAL = {"profile": "professional"}
ONE_CURRENCY = {"multicurrency": False}


def home_in(folder: Path, org: Mapping[str, Any]) -> Installation:
    return Installation(folder, org=org)


async def troubles(home: Installation) -> list[Finding]:
    found = await doctor(home.app)
    return [each for each in found if each.level != "ok" and each.subject == "Salesforce"]


def euro_invoice(home: Installation, net: str, rate: str, tax: str = "0.00") -> dict[str, Any]:
    """A customer in EUR and one invoice: `net` and `tax` in EUR, `rate` in USD for one EUR."""
    act, item = home.emulation.act, home.state("quickbooks", "Item")[0]["Id"]
    customer = act("quickbooks", "create", "Customer", {"DisplayName": "Müller GmbH", "CurrencyRef": {"value": "EUR"}})
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": Decimal(net)}
    line = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(net), "SalesItemLineDetail": detail}
    body = {
        "CustomerRef": {"value": customer["Id"]},
        "CurrencyRef": {"value": "EUR"},
        "ExchangeRate": Decimal(rate),
        "TxnDate": "2026-11-19",
        "DocNumber": "E-1",
        "Line": [line],
        "TxnTaxDetail": {"TotalTax": Decimal(tax)},
    }
    return act("quickbooks", "create", "Invoice", body)


def opportunity(home: Installation, number: str) -> dict[str, Any]:
    found = home.state("salesforce", "Opportunity")
    return next(each for each in found if each["QBO_Invoice_Number__c"] == number)


async def test_professional_keeps_customers_and_invoices_in_step_and_says_why_orders_are_off(tmp_path: Path) -> None:
    home = home_in(tmp_path, PROFESSIONAL)
    edition, orders = [each.sentence for each in await troubles(home)]
    assert edition == "The org is Professional Edition."
    assert orders.startswith("The org has no orders, or the user may not see them: no journal entries are posted.")
    await home.run()
    assert open_holds(home.app) == []
    assert len(home.state("salesforce", "Opportunity")) == len(home.state("quickbooks", "Invoice")) == 4
    assert len(home.state("quickbooks", "Customer")) == 4
    assert home.state("quickbooks", "JournalEntry") == []
    reports = {each.name: each for each in (await reconcile(home.app, MONTHS)).reports}
    assert reports["R1"].agrees


async def test_a_sync_says_why_no_orders_are_posted(tmp_path: Path) -> None:
    professional, usual = home_in(tmp_path / "a", PROFESSIONAL), home_in(tmp_path / "b", {})
    assert (await orders_off(professional.app)).startswith("No orders are posted: the org has none")
    assert await orders_off(usual.app) == ""
    usual.emulation.vendors["salesforce"].switches.api_enabled = False
    usual.app = usual.process()
    assert await orders_off(usual.app) == ""


async def test_professional_in_step_writes_nothing_any_more(tmp_path: Path) -> None:
    home = home_in(tmp_path, PROFESSIONAL)
    await home.run()
    assert (await home.run()).written == 0


async def test_orders_are_posted_once_the_org_has_them(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    home.emulation.set_switches("salesforce", PROFESSIONAL)
    await home.run()
    assert home.state("quickbooks", "JournalEntry") == []
    home.emulation.set_switches("salesforce", {"profile": "enterprise"})
    home.clock.advance(timedelta(hours=7))  # what the org shows is asked again after six
    await home.run()
    assert len(home.state("quickbooks", "JournalEntry")) == 3


@pytest.mark.parametrize(
    ("net", "tax", "rate", "amount"),
    [
        # q(100.00 x 1.0850) = 108.50
        ("100.00", "0.00", "1.0850", "108.50"),
        # q(0.05 x 1.10) = q(0.0550) = 0.06, half away from zero (accounting-rules 0.1)
        ("0.05", "0.00", "1.10", "0.06"),
        # net of tax: q(1000.00 x 1.0837) = 1083.70
        ("1000.00", "88.00", "1.0837", "1083.70"),
    ],
)
async def test_one_currency_shows_the_home_amount_and_the_original_in_a_note(
    tmp_path: Path, net: str, tax: str, rate: str, amount: str
) -> None:
    home = home_in(tmp_path, ONE_CURRENCY)
    euro_invoice(home, net, rate, tax)
    await home.run()
    shown = opportunity(home, "E-1")
    assert shown["Amount"] == Decimal(amount)
    assert f"{Decimal(net):,.2f} EUR" in shown["QBO_Note__c"] or f"EUR {Decimal(net):,.2f}" in shown["QBO_Note__c"]
    assert "CurrencyIsoCode" not in shown
    assert (await home.run()).written == 0


async def test_one_currency_posts_orders_in_home_currency(tmp_path: Path) -> None:
    home = home_in(tmp_path, ONE_CURRENCY)
    await home.run()
    entries = home.state("quickbooks", "JournalEntry")
    assert len(entries) == 3
    assert {each["CurrencyRef"]["value"] for each in entries} == {"USD"}
    assert open_holds(home.app) == []


async def test_revenue_cloud_is_kept_in_step_like_any_org(tmp_path: Path) -> None:
    home = home_in(tmp_path, {"profile": "revenue-cloud"})
    assert await troubles(home) == []
    await home.run()
    assert open_holds(home.app) == []
    assert len(home.state("quickbooks", "JournalEntry")) == 3
    assert home.state("salesforce", "Invoice") == []


@pytest.mark.parametrize(
    ("org", "named"),
    [
        ({"hidden_fields": {"Account": ["QBO_Id__c"]}}, "Account lacks QBO_Id__c, or the user may not see them."),
        ({"read_only_fields": {"Account": ["QBO_Balance__c"]}}, "The user may not edit QBO_Balance__c of Account."),
        ({"hidden_fields": {"Order": ["Class__c"]}}, "Order lacks Class__c, or the user may not see them."),
        ({"denied_rights": {"Opportunity": ["create"]}}, "The user may not create Opportunity."),
        ({"denied_rights": {"Contact": ["create"]}}, "The user may not create Contact."),
        ({"hidden_fields": {"Contact": ["Email"]}}, "Contact lacks Email, or the user may not see them."),
        ({"hidden_objects": ["OrderItem"]}, "The org shows orders without their products."),
        ({"denied_rights": {"Opportunity": ["read"]}}, "The org does not show Opportunity."),
        ({"api_enabled": False}, "Salesforce does not let this user call its API."),
        ({"data_storage_mb": 0}, "The data storage of the org is full: it takes no new records."),
        ({"org_has_api": False}, "Salesforce does not let this user call its API."),
    ],
)
async def test_the_doctor_names_the_right_that_misses(tmp_path: Path, org: dict[str, Any], named: str) -> None:
    home = home_in(tmp_path, {})
    home.emulation.set_switches("salesforce", org)
    found = await troubles(home)
    assert [each.level for each in found if each.sentence == named] == ["FAIL"]
    assert all(each.remedy for each in found)


async def test_a_key_field_that_is_hidden_holds_what_needs_it_until_it_is_shown(tmp_path: Path) -> None:
    home = home_in(tmp_path, {})
    home.emulation.set_switches("salesforce", {"hidden_fields": {"Account": ["QBO_Id__c"]}})
    await home.run()
    held = [each for each in open_holds(home.app) if each.code == "FIELD-NEEDED"]
    assert {each.record.split(":")[1] for each in held} >= {"Customer"}
    assert all("Account.QBO_Id__c" in each.sentence for each in held)
    home.emulation.set_switches("salesforce", {"hidden_fields": {}})
    home.app = home.process()
    await home.run()
    assert len(home.state("salesforce", "Opportunity")) == 4


@pytest.mark.parametrize(
    ("org", "kind", "said"),
    [
        (
            {"denied_rights": {"Opportunity": ["create"]}},
            "Invoice",
            "insufficient access rights on entity: Opportunity",
        ),
        (
            {"validation_rules": [{"kind": "Opportunity", "condition": "Amount > 1", "message": "Ask Jo first."}]},
            "Invoice",
            "Ask Jo first.",
        ),
        ({"required_fields": {"Account": ["QBO_Status__c"]}}, "Customer", "QBO_Status__c"),
        ({"failing_automations": {"Opportunity": "Trigger: no budget"}}, "Invoice", "Trigger: no budget"),
    ],
)
async def test_what_the_org_refuses_is_held_in_its_own_words(
    tmp_path: Path, org: dict[str, Any], kind: str, said: str
) -> None:
    home = home_in(tmp_path, {})
    home.emulation.set_switches("salesforce", org)
    await home.run()
    held = [each for each in open_holds(home.app) if each.code == "REFUSED-BY-SALESFORCE"]
    assert any(f":{kind}:" in each.record and said in each.meaning for each in held), held


async def test_the_order_right_taken_in_mid_run_posts_nothing_and_undoes_nothing(tmp_path: Path) -> None:
    home = home_in(tmp_path, {})
    await home.run()
    before = home.state("quickbooks", "JournalEntry")
    home.emulation.act("salesforce", "set_object_rights", "", {"object": "Order", "read": False})
    home.app = home.process()
    await home.run()
    assert home.state("quickbooks", "JournalEntry") == before
