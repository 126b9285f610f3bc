"""The scale of a number field is for screens: the API keeps every decimal (salesforce reference, added 2026-11-30)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("AnnualRevenue", "1234567.891"),
        ("QBO_Balance__c", "0.123456789012345678901234"),
        ("QBO_Overdue__c", "-33.335"),
    ],
)
def test_a_field_keeps_what_was_sent(org: TestOrg, field: str, value: str) -> None:
    account = org.account(**{field: Decimal(value)})
    assert org.record("Account", account)[field] == Decimal(value)
    assert org.column(f"SELECT SUM({field}) FROM Account") == [Decimal(value)]


def test_more_than_24_decimals_are_rounded_and_too_many_digits_refused(org: TestOrg) -> None:
    account = org.account(QBO_Balance__c=Decimal("0.1234567890123456789012345"))
    assert org.record("Account", account)["QBO_Balance__c"] == Decimal("0.123456789012345678901235")
    refused = org.post("/sobjects/Account", {"Name": "A", "QBO_Balance__c": Decimal("12345678901234567.5")})
    assert refused.code == "NUMBER_OUTSIDE_VALID_RANGE"


def _order(org: TestOrg) -> tuple[Any, Any, Any]:
    order, entry = org.order(), org.price("0.3333")
    item = org.item(order, entry, quantity=Decimal("1.5"), price="33.3335")
    org.item(order, entry, quantity=3, price="0.3333")
    row = org.record("OrderItem", item)
    return row["UnitPrice"], row["TotalPrice"], org.record("Order", order)["TotalAmount"]


def test_products_and_sums_are_made_of_what_was_sent(org: TestOrg) -> None:
    assert _order(org) == (Decimal("33.3335"), Decimal("50.00025"), Decimal("51.00015"))


def test_an_org_that_rounds(org: TestOrg) -> None:
    org.switches.round_to_scale = True
    assert _order(org) == (Decimal("33.33"), Decimal("50.0"), Decimal("50.99"))


def test_lines_of_an_opportunity(org: TestOrg) -> None:
    entry, deal = org.price(), org.opportunity()
    line = {"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 3, "UnitPrice": Decimal("33.335")}
    org.add("OpportunityLineItem", **line)
    assert org.record("Opportunity", deal)["Amount"] == Decimal("100.005")
