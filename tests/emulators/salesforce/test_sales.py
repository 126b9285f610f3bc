"""Opportunities with their lines and roles; products, prices, currencies (salesforce reference 7.3, 7.4)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from .orgs import TestOrg


def deal(org: TestOrg, record_id: str) -> dict[str, Any]:
    return org.record("Opportunity", record_id)


@pytest.mark.parametrize(
    ("stage", "closed", "won", "probability", "forecast"),
    [
        ("Prospecting", False, False, "10.0", "Pipeline"),
        ("Closed Won", True, True, "100.0", "Closed"),
        ("Closed Lost", True, False, "0.0", "Omitted"),
        ("closed won", True, True, "100.0", "Closed"),
        ("In Progress", False, False, "0.0", "Pipeline"),
    ],
)
def test_the_stage_decides(org: TestOrg, stage: str, closed: bool, won: bool, probability: str, forecast: str) -> None:
    body = deal(org, org.opportunity(StageName=stage, Amount=200))
    assert (body["IsClosed"], body["IsWon"], body["ForecastCategory"]) == (closed, won, forecast)
    assert body["Probability"] == Decimal(probability)
    assert body["ExpectedRevenue"] == Decimal(probability) * 2


def test_a_probability_of_ones_own(org: TestOrg) -> None:
    record_id = org.opportunity(Probability=33, Amount=100)
    assert deal(org, record_id)["ExpectedRevenue"] == Decimal("33.0")
    org.clock.advance(timedelta(minutes=1))
    org.patch(f"/sobjects/Opportunity/{record_id}", {"StageName": "Closed Won"})
    body = deal(org, record_id)
    assert (body["Probability"], body["IsWon"]) == (Decimal("100.0"), True)
    assert body["LastStageChangeDate"] == "2026-01-05T12:01:30.000+0000"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Name": None}, "REQUIRED_FIELD_MISSING"),
        ({"StageName": None}, "REQUIRED_FIELD_MISSING"),
        ({"CloseDate": None}, "REQUIRED_FIELD_MISSING"),
        ({"Name": "x" * 121}, "STRING_TOO_LONG"),
        ({"IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"ExpectedRevenue": 1}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Probability": 1000}, "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_refused(org: TestOrg, changes: dict[str, Any], code: str) -> None:
    body = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-03-31"}
    assert org.post("/sobjects/Opportunity", body | changes).code == code


def test_a_contact_given_on_create_becomes_the_primary_role(org: TestOrg) -> None:
    contact = org.add("Contact", LastName="Roe")
    record_id = org.opportunity(ContactId=contact)
    (role,) = org.rows("SELECT OpportunityId, ContactId, IsPrimary FROM OpportunityContactRole")
    assert role == {"OpportunityId": record_id, "ContactId": contact, "IsPrimary": True}
    assert org.column(f"SELECT Name FROM Opportunity WHERE ContactId = '{contact}'") == ["Deal"]
    refused = org.patch(f"/sobjects/Opportunity/{record_id}", {"ContactId": None})
    assert refused.code == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_one_primary_role_an_opportunity(org: TestOrg) -> None:
    record_id = org.opportunity()
    contacts = [org.add("Contact", LastName=name) for name in "AB"]
    for contact in contacts:
        org.add("OpportunityContactRole", OpportunityId=record_id, ContactId=contact, IsPrimary=True)
    rows = org.rows("SELECT ContactId, IsPrimary FROM OpportunityContactRole ORDER BY Id")
    assert [row["IsPrimary"] for row in rows] == [False, True]
    assert deal(org, record_id)["ContactId"] == contacts[1]


def line(org: TestOrg, record_id: str, entry: str, **more: Any) -> Any:
    body = {"OpportunityId": record_id, "PricebookEntryId": entry, "Quantity": 2}
    return org.post("/sobjects/OpportunityLineItem", body | more)


def test_with_lines_the_amount_is_their_sum_and_a_write_is_silently_ignored(org: TestOrg) -> None:
    record_id = org.opportunity(Amount=1)
    assert line(org, record_id, org.price(), UnitPrice=10).status == 201
    assert line(org, record_id, org.price(), TotalPrice=5).status == 201
    body = deal(org, record_id)
    assert (body["Amount"], body["HasOpportunityLineItem"]) == (Decimal("25.0"), True)
    assert body["Pricebook2Id"] == org.standard_book
    assert org.patch(f"/sobjects/Opportunity/{record_id}", {"Amount": 999, "NextStep": "call"}).status == 204
    body = deal(org, record_id)
    assert (body["Amount"], body["NextStep"], body["ExpectedRevenue"]) == (Decimal("25.0"), "call", Decimal("2.5"))


@pytest.mark.parametrize(
    ("given", "changes", "unit", "total"),
    [
        ({"UnitPrice": 10}, {}, "10.0", "20.0"),
        ({"TotalPrice": 30}, {}, "15.0", "30.0"),
        ({"UnitPrice": 10}, {"Quantity": 4}, "5.0", "20.0"),
        ({"UnitPrice": 10}, {"UnitPrice": 11}, "11.0", "22.0"),
        ({"UnitPrice": 10}, {"TotalPrice": 50}, "25.0", "50.0"),
        ({"UnitPrice": 10, "Discount": 25}, {}, "10.0", "15.0"),
        ({"UnitPrice": 10}, {"Discount": 50}, "10.0", "10.0"),
    ],
)
def test_prices_of_a_line(org: TestOrg, given: dict[str, Any], changes: dict[str, Any], unit: str, total: str) -> None:
    record_id = org.opportunity()
    made = line(org, record_id, org.price(), **given).body["id"]
    assert org.patch(f"/sobjects/OpportunityLineItem/{made}", changes).status == 204
    body = org.record("OpportunityLineItem", made)
    assert (body["UnitPrice"], body["TotalPrice"]) == (Decimal(unit), Decimal(total))
    assert deal(org, record_id)["Amount"] == Decimal(total)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"UnitPrice": 1, "TotalPrice": 2}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"UnitPrice": 1, "Quantity": 0}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"UnitPrice": 1, "PricebookEntryId": None}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_refused_lines(org: TestOrg, given: dict[str, Any], code: str) -> None:
    assert line(org, org.opportunity(), org.price(), **given).code == code


def test_a_line_is_of_the_currency_of_its_opportunity(org: TestOrg) -> None:
    euro = org.opportunity(CurrencyIsoCode="EUR")
    assert line(org, euro, org.price(), UnitPrice=1).code == "FIELD_INTEGRITY_EXCEPTION"
    assert line(org, euro, org.price(currency="EUR"), UnitPrice=1).status == 201
    fixed = org.patch(f"/sobjects/Opportunity/{euro}", {"CurrencyIsoCode": "USD"})
    assert fixed.code == "FIELD_INTEGRITY_EXCEPTION"


def test_deleting_lines(org: TestOrg) -> None:
    record_id = org.opportunity()
    first, second = (line(org, record_id, org.price(), UnitPrice=price).body["id"] for price in (1, 2))
    org.delete(f"/sobjects/OpportunityLineItem/{first}")
    assert deal(org, record_id)["Amount"] == Decimal("4.0")
    org.delete(f"/sobjects/OpportunityLineItem/{second}")
    assert deal(org, record_id)["HasOpportunityLineItem"] is False
    assert org.patch(f"/sobjects/Opportunity/{record_id}", {"Amount": 7}).status == 204
    assert deal(org, record_id)["Amount"] == Decimal("7.0")


def test_the_standard_price_comes_first(org: TestOrg) -> None:
    product = org.add("Product2", Name="Widget", IsActive=True)
    book = org.add("Pricebook2", Name="Partners", IsActive=True)
    custom = {"Product2Id": product, "Pricebook2Id": book, "UnitPrice": 9}
    assert org.post("/sobjects/PricebookEntry", custom).code == "STANDARD_PRICE_NOT_DEFINED"
    standard = org.add("PricebookEntry", Product2Id=product, Pricebook2Id=org.standard_book, UnitPrice=10)
    assert org.post("/sobjects/PricebookEntry", custom).status == 201
    assert org.post("/sobjects/PricebookEntry", custom).code == "DUPLICATE_VALUE"
    euro = org.post("/sobjects/PricebookEntry", custom | {"CurrencyIsoCode": "EUR"})
    assert euro.code == "STANDARD_PRICE_NOT_DEFINED"
    assert org.record("PricebookEntry", standard)["IsActive"] is False
    assert org.record("PricebookEntry", standard)["Name"] == "Widget"


def test_an_entry_that_uses_the_standard_price_follows_it(org: TestOrg) -> None:
    product = org.add("Product2", Name="Widget", IsActive=True)
    book = org.add("Pricebook2", Name="Partners", IsActive=True)
    standard = org.add("PricebookEntry", Product2Id=product, Pricebook2Id=org.standard_book, UnitPrice=10)
    entry = org.add("PricebookEntry", Product2Id=product, Pricebook2Id=book, UseStandardPrice=True)
    assert org.record("PricebookEntry", entry)["UnitPrice"] == Decimal("10.0")
    refused = org.patch(f"/sobjects/PricebookEntry/{entry}", {"UnitPrice": 3})
    assert refused.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    org.patch(f"/sobjects/PricebookEntry/{standard}", {"UnitPrice": 12})
    assert org.record("PricebookEntry", entry)["UnitPrice"] == Decimal("12.0")


def test_an_entry_in_use_is_archived_and_a_product_in_use_stays(org: TestOrg) -> None:
    entry = org.price()
    org.item(org.order(), entry)
    assert org.delete(f"/sobjects/PricebookEntry/{entry}").status == 204
    body = org.record("PricebookEntry", entry)
    assert (body["IsArchived"], body["IsActive"]) == (True, False)
    assert org.delete(f"/sobjects/Product2/{body['Product2Id']}").code == "DELETE_FAILED"
    assert org.delete(f"/sobjects/Pricebook2/{org.standard_book}").code == "DELETE_FAILED"


def test_a_renamed_product_shows_on_its_entries(org: TestOrg) -> None:
    entry = org.price()
    product = org.record("PricebookEntry", entry)["Product2Id"]
    org.patch(f"/sobjects/Product2/{product}", {"Name": "Gadget", "ProductCode": "G1"})
    body = org.record("PricebookEntry", entry)
    assert (body["Name"], body["ProductCode"]) == ("Gadget", "G1")


def test_a_rate_is_units_of_the_currency_for_one_corporate_unit(org: TestOrg) -> None:
    rates = {row["IsoCode"]: row for row in org.rows("SELECT IsoCode, ConversionRate, IsCorporate FROM CurrencyType")}
    assert rates["USD"]["IsCorporate"] is True
    assert rates["EUR"]["ConversionRate"] == Decimal("0.92")
    org.opportunity(Amount=92, CurrencyIsoCode="EUR")
    assert org.column("SELECT SUM(Amount) FROM Opportunity") == [Decimal("100.0")]


def test_a_new_currency_can_be_used_at_once(org: TestOrg) -> None:
    made = org.post("/sobjects/CurrencyType", {"IsoCode": "GBP", "ConversionRate": Decimal("0.8"), "DecimalPlaces": 2})
    assert made.status == 201
    assert org.post("/sobjects/Account", {"Name": "A", "CurrencyIsoCode": "GBP"}).status == 400
    org.patch(f"/sobjects/CurrencyType/{made.body['id']}", {"IsActive": True})
    assert org.account(CurrencyIsoCode="gbp")
    assert org.post("/sobjects/CurrencyType", {"IsoCode": "GBP", "ConversionRate": 1, "DecimalPlaces": 2}).status == 400


def test_dated_rates_follow_each_other(org: TestOrg) -> None:
    for start, rate in (("2026-02-01", "0.9"), ("2026-01-01", "0.91")):
        org.add("DatedConversionRate", IsoCode="EUR", StartDate=start, ConversionRate=Decimal(rate))
    rows = org.rows("SELECT StartDate, NextStartDate FROM DatedConversionRate ORDER BY StartDate")
    assert [tuple(row.values()) for row in rows] == [("2026-01-01", "2026-02-01"), ("2026-02-01", "9999-12-31")]
