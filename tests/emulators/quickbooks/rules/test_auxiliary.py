"""Notes on records, exchange rates, payment methods and the lists of sales tax (reference 6.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ..client import Client, Json, Shop, ref


def on(kind: str, record_id: str) -> list[Json]:
    return [{"EntityRef": {"type": kind, "value": record_id}}]


def test_a_note_on_an_invoice(shop: Shop) -> None:
    invoice = shop.invoice()["Id"]
    made = shop.make("Attachable", Note="paid late", AttachableRef=on("Invoice", invoice))
    link = {"EntityRef": {"type": "Invoice", "value": invoice}, "IncludeOnSend": False}
    assert (made["Note"], made["AttachableRef"], made["SyncToken"]) == ("paid late", [link], "0")
    assert shop.change("Attachable", made, Note="paid")["AttachableRef"] == [link]
    gone = shop.post("/attachable", {"Id": made["Id"], "SyncToken": "1"}, operation="delete")["Attachable"]
    assert gone["status"] == "Deleted"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "6000"),
        ({"AttachableRef": []}, "6000"),
        ({"Note": "x", "AttachableRef": on("Invoice", "999")}, "2500"),
        ({"Note": "x", "AttachableRef": on("Gadget", "1")}, "2500"),
        ({"Note": "x", "AttachableRef": [{}]}, "2500"),
        ({"Note": "x" * 2001}, "2050"),
    ],
)
def test_notes_that_are_refused(qbo: Client, body: Json, code: str) -> None:
    assert qbo.fault("/attachable", body)["code"] == code


def test_a_rate_is_written_read_and_found(qbo: Client) -> None:
    for day, rate in (("2026-11-01", "1.08"), ("2026-11-15", "1.09"), ("2026-11-15", "1.1")):
        body = {"SourceCurrencyCode": "EUR", "TargetCurrencyCode": "USD", "Rate": rate, "AsOfDate": day}
        told = qbo.post("/exchangerate", body)["ExchangeRate"]
        assert (told["Rate"], told["AsOfDate"], "Id" in told) == (Decimal(rate), day, False)
    assert qbo.get("/exchangerate", sourcecurrencycode="EUR")["ExchangeRate"]["Rate"] == Decimal("1.1")
    found = qbo.query("select * from ExchangeRate where SourceCurrencyCode in ('EUR') and AsOfDate = '2026-11-15'")
    assert [(one["Rate"], one["TargetCurrencyCode"], "Id" in one) for one in found["ExchangeRate"]] == [
        (Decimal("1.1"), "USD", False)
    ]
    assert qbo.query("select count(*) from ExchangeRate")["totalCount"] == 2


def test_a_written_rate_is_the_rate_of_new_forms(shop: Shop) -> None:
    shop.post("/exchangerate", {"SourceCurrencyCode": "EUR", "Rate": "1.25"})
    made = shop.invoice(CustomerRef=ref(shop.euro_customer))
    assert (made["ExchangeRate"], made["HomeTotalAmt"]) == (Decimal("1.25"), 125)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "2020"),
        ({"SourceCurrencyCode": "EUR"}, "2020"),
        ({"SourceCurrencyCode": "XXX", "Rate": 1}, "2500"),
        ({"SourceCurrencyCode": "USD", "Rate": 1}, "2500"),
        ({"SourceCurrencyCode": "EUR", "TargetCurrencyCode": "GBP", "Rate": 1}, "2500"),
        ({"SourceCurrencyCode": "EUR", "Rate": 0}, "2080"),
        ({"SourceCurrencyCode": "EUR", "Rate": "many"}, "2080"),
        ({"SourceCurrencyCode": "EUR", "Rate": 1, "AsOfDate": "soon"}, "2090"),
    ],
)
def test_rates_that_are_refused(qbo: Client, body: Json, code: str) -> None:
    assert qbo.fault("/exchangerate", body)["code"] == code


def test_a_rate_is_never_deleted(qbo: Client) -> None:
    qbo.post("/exchangerate", {"SourceCurrencyCode": "EUR", "Rate": 1})
    assert qbo.fault("/exchangerate", {"Id": "1", "SyncToken": "0"}, operation="delete")["code"] == "500"


@pytest.mark.parametrize(
    ("kind", "more", "column", "shown"),
    [("TaxCode", {"Taxable": True}, "Taxable", True), ("TaxRate", {"RateValue": "7.25"}, "RateValue", Decimal("7.25"))],
)
def test_lists_of_sales_tax_are_only_read(qbo: Client, kind: str, more: Json, column: str, shown: Any) -> None:
    made = qbo.server.act({"op": "create", "kind": kind, "body": {"Name": "County", **more}})
    assert qbo.query(f"select * from {kind} where Name = 'County'")[kind][0][column] == shown
    assert qbo.read(kind, made["Id"])[column] == shown
    for body in ({"Name": "Mine"}, {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Name": "Mine"}):
        assert qbo.fault(f"/{kind.lower()}", body)["code"] == "500"


def test_payment_methods(shop: Shop) -> None:
    made = shop.make("PaymentMethod", Name="Wire")
    assert (made["Type"], made["Active"]) == ("NON_CREDIT_CARD", True)
    assert shop.fault("/paymentmethod", {"Name": "WIRE"})["code"] == "6240"
    paid = shop.make("Payment", CustomerRef=ref(shop.customer), TotalAmt=5, PaymentMethodRef=ref(made["Id"]))
    assert paid["PaymentMethodRef"] == {"value": made["Id"], "name": "Wire"}
    assert shop.change("PaymentMethod", made, Active=False)["Name"] == "Wire (deleted)"
    assert shop.ids("select * from PaymentMethod") == []


def test_books_kept_before_a_kind_was_known_still_open(qbo: Client) -> None:
    before = qbo.server.snapshot()
    for books in before.books.values():
        del books.tables["Attachable"]
    qbo.server.restore(before)
    assert qbo.make("Attachable", Note="late")["Id"] == "1"
