"""The sample company: big enough, the same every time, and wrong only where it says so."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_emulators.kit.control_bodies import Planted
from ml_emulators.kit.emulation import Emulation
from ml_emulators.scenarios import load, new_emulation

from .conftest import TODAY
from .judge import check_orders, codes, matching, qbo, sf
from .scoring import Matcher, customer


@pytest.mark.parametrize(
    ("system", "kind", "least"),
    [
        ("quickbooks", "Customer", 400),
        ("quickbooks", "Vendor", 20),
        ("quickbooks", "Invoice", 2000),
        ("quickbooks", "Payment", 1000),
        ("quickbooks", "CreditMemo", 20),
        ("salesforce", "Account", 120),
        ("salesforce", "Order", 150),
        ("salesforce", "OrderItem", 600),
        ("salesforce", "Opportunity", 100),
    ],
)
def test_size(built: Emulation, system: str, kind: str, least: int) -> None:
    assert len(built.vendors[system].records(kind)) >= least


def test_the_shape_of_the_company(built: Emulation) -> None:
    customers, invoices = qbo(built, "Customer"), qbo(built, "Invoice")
    assert sum(1 for one in customers if one["Job"]) == 60
    assert max(one.get("Level", 0) for one in customers) == 3
    assert {one["CurrencyRef"]["value"] for one in customers} == {"USD", "EUR"}
    assert {one["FullyQualifiedName"] for one in qbo(built, "Department") if one["Active"]} == {
        "East",
        "East:Boston",
        "East:Ops",
        "West",
        "West:Ops",
        "HQ",
    }
    assert {"1100", "1250", "2200", "2450", "4000", "4100", "4200", "4900", "7100"} <= {
        one.get("AcctNum") for one in qbo(built, "Account")
    }
    days = [invoice["TxnDate"] for invoice in invoices]
    assert (min(days)[:7], max(days) <= "2026-11-20") == ("2026-07", True)
    state = Counter(fate(invoice) for invoice in invoices)
    assert all(state[name] >= 10 for name in ("paid", "partial", "overdue", "open", "voided"))


def fate(invoice: dict[str, Any]) -> str:
    if not invoice["TotalAmt"] and str(invoice.get("PrivateNote", "")).startswith("Voided"):
        return "voided"
    if not invoice["Balance"]:
        return "paid"
    if invoice["DueDate"] < TODAY.isoformat():
        return "overdue"
    return "partial" if invoice["Balance"] < invoice["TotalAmt"] else "open"


def test_the_same_seed_makes_the_same_company(built: Emulation) -> None:
    again = new_emulation(1)
    load(again, "sample", 1, 7, TODAY)
    for system, kind in (("quickbooks", "Invoice"), ("quickbooks", "Payment"), ("salesforce", "OrderItem")):
        assert again.vendors[system].records(kind) == built.vendors[system].records(kind)
    assert again.planted == built.planted


@pytest.mark.parametrize(("today", "seed"), [(date(2026, 11, 1), 3), (date(2027, 3, 31), 8)])
def test_any_day_and_any_seed_plant_the_same_codes(built: Emulation, today: date, seed: int) -> None:
    emulation = new_emulation(seed)
    load(emulation, "sample", 1, seed, today)
    assert max(one["TxnDate"] for one in qbo(emulation, "Invoice")) <= today.isoformat()
    check_orders(emulation)
    assert Counter(planted.code for planted in emulation.planted) == Counter(planted.code for planted in built.planted)


def test_planted_codes(built: Emulation) -> None:
    found = Counter(one.code for one in built.planted)
    orders = Counter(codes(built, "salesforce", "Order").values())
    assert orders == {
        "H-ITEM-UNMAPPED": 1,
        "H-ITEM-INACTIVE": 1,
        "H-ITEM-TYPE": 1,
        "H-ACCT-MISSING": 1,
        "H-DIM-UNMAPPED": 1,
        "H-DIM-AMBIGUOUS": 1,
        "H-DIM-INACTIVE": 1,
        "H-CUST-UNLINKED": 2,
        "H-CUST-INACTIVE": 1,
        "H-CUR-MISMATCH": 1,
        "H-CLOSED": 1,
        "H-FUTURE": 1,
        "H-DOUBLE-COUNT": 2,
    }
    assert {"REVIEW-MATCH", "WAIT_CUSTOMER", "V-COUNTRY", "V-EMAIL", "V-DUP"} <= set(found)
    assert len({(one.system, one.kind, one.key) for one in built.planted}) == len(built.planted)


def test_only_planted_customers_need_a_review(built: Emulation) -> None:
    customers, accounts, _ = matching(built)
    review = codes(built, "quickbooks", "Customer")
    outcomes = {one["Id"]: accounts.outcome(customer(one)) for one in customers}
    assert {ident for ident, (outcome, _) in outcomes.items() if outcome == "review"} == set(review)
    linked = [ident for outcome, ident in outcomes.values() if outcome == "auto"]
    assert len(linked) == len(set(linked)) == 75


def test_only_planted_accounts_meet_an_uncertain_customer(built: Emulation) -> None:
    """Ready Accounts that no customer links to must be new (below 35) to every customer, or be planted."""
    _, accounts, customers = matching(built)
    held = codes(built, "salesforce", "Account")
    ordered = {one["AccountId"] for one in sf(built, "Order") if one["StatusCode"] == "Activated"}
    ready = [one for one in sf(built, "Account") if one["QBO_Ready__c"] or one["Id"] in ordered]
    by_id = {candidate.id: candidate for candidate in accounts.candidates}
    outcomes = {one["Id"]: customers.outcome(by_id[one["Id"]])[0] for one in ready}
    assert {ident for ident, outcome in outcomes.items() if outcome == "review"} == {
        ident for ident, code in held.items() if code == "V-DUP"
    }
    fresh = {ident for ident, outcome in outcomes.items() if outcome == "new"}
    missing = {one["Id"] for one in ready if not one.get("BillingCountry")}
    assert missing == {ident for ident, code in held.items() if code == "V-COUNTRY"}
    assert len(fresh - set(held)) == 14


def test_customers_never_resemble_each_other(built: Emulation) -> None:
    """Each customer becomes an Account, and must not be taken for another customer's: below 35 among themselves."""
    parties = [customer(one) for one in qbo(built, "Customer")]
    matcher = Matcher(parties)
    near = [
        (one.name, other.name)
        for place, one in enumerate(parties)
        for other in parties[:place]
        if matcher.score(one, other) >= 35
    ]
    assert near == []


def test_orders_are_clean_but_for_the_planted(built: Emulation) -> None:
    check_orders(built)


def test_invoices_and_opportunities_meet_only_as_planted(built: Emulation) -> None:
    """D.5, M3: same customer and currency, amounts within 0.5 % of the net. Invoices that name an order are M1."""
    customers, accounts, _ = matching(built)
    linked = {one["Id"]: accounts.outcome(customer(one)) for one in customers}
    deals = defaultdict(list)
    for deal in sf(built, "Opportunity"):
        deals[deal["AccountId"]].append(deal)
    review, exact = [], []
    for invoice in qbo(built, "Invoice"):
        outcome, ident = linked[invoice["CustomerRef"]["value"]]
        if outcome != "auto" or "SF-ORD:" in invoice.get("PrivateNote", "") or not invoice["TotalAmt"]:
            continue
        net = Decimal(invoice["TotalAmt"]) - Decimal(invoice["TxnTaxDetail"]["TotalTax"])
        margin = max(Decimal(1), net * Decimal("0.005"))
        near = [deal for deal in deals[ident] if abs(deal["Amount"] - net) <= margin]
        if len(near) == 1 and near[0]["Amount"] == net:
            exact.append(invoice["Id"])
        elif near:
            review.append(invoice["Id"])
    assert review == []
    assert len(exact) == 2


def test_planted_is_told_at_every_key(built: Emulation) -> None:
    for one in built.planted:
        assert isinstance(one, Planted)
        assert any(record["Id"] == one.key for record in built.vendors[one.system].records(one.kind)), one
