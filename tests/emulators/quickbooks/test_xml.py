"""Clients that speak XML, as those do that were made from the vendor's schema."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ml_emulators.kit.wire import Request, loads

from .client import Client, Json, Shop

XML = {"content-type": "application/xml", "accept": "application/xml"}
SPACE = "http://schema.intuit.com/finance/v3"
KINDS = ("Customer", "Invoice", "Payment", "JournalEntry", "Item", "Account")


def post(client: Client, path: str, body: str, **params: str) -> ET.Element:
    answer = client.send("POST", path, body.encode(), XML, **params)
    found = ET.fromstring(answer.body)
    for one in found.iter():
        one.tag = one.tag.rpartition("}")[2]
    return found


def text(node: ET.Element, path: str) -> Any:
    return node.findtext(path)


def test_a_customer(qbo: Client) -> None:
    made = post(
        qbo,
        "/customer",
        f'<?xml version="1.0" encoding="UTF-8"?><Customer xmlns="{SPACE}"><DisplayName>B&amp;B</DisplayName>'
        "<PrimaryEmailAddr><Address>a@b.co</Address></PrimaryEmailAddr><Taxable>false</Taxable><Notes/></Customer>",
    )
    assert (text(made, "Customer/DisplayName"), text(made, "Customer/Taxable")) == ("B&B", "false")
    change = '<Customer sparse="true"><Id>1</Id><SyncToken>0</SyncToken><Notes>x</Notes></Customer>'
    assert text(post(qbo, "/customer", change), "Customer/SyncToken") == "1"
    kept = qbo.read("Customer", "1")
    assert (kept["DisplayName"], kept["PrimaryEmailAddr"], kept["Notes"]) == ("B&B", {"Address": "a@b.co"}, "x")


def invoice(shop: Shop, amount: str = "12.50") -> str:
    return (
        f"<Invoice><CustomerRef>{shop.customer}</CustomerRef><Line><Amount>{amount}</Amount>"
        "<DetailType>SalesItemLineDetail</DetailType><SalesItemLineDetail>"
        f'<ItemRef name="Seat">{shop.item}</ItemRef><Qty>1</Qty></SalesItemLineDetail></Line>'
        "<CustomerMemo>thanks</CustomerMemo></Invoice>"
    )


def test_an_invoice_is_the_same_in_both_forms(shop: Shop) -> None:
    made = post(shop, "/invoice", invoice(shop))
    kept = shop.read("Invoice", text(made, "Invoice/Id"))
    assert (kept["TotalAmt"], kept["CustomerMemo"], kept["Balance"]) == (12.5, {"value": "thanks"}, 12.5)
    assert text(made, "Invoice/TotalAmt") == "12.50"
    gone = f"<Invoice><Id>{kept['Id']}</Id><SyncToken>0</SyncToken></Invoice>"
    assert post(shop, "/invoice", gone, operation="delete").find("Invoice[@status='Deleted']") is not None


def test_what_was_read_and_sent_back_changes_nothing(shop: Shop) -> None:
    shop.pay(5, ("Invoice", shop.invoice(20)["Id"], 5))
    shop.make("JournalEntry", Line=_entry(shop))
    for kind in KINDS:
        for one in shop.query(f"select * from {kind}")[kind]:
            read = shop.send("GET", f"/{kind.lower()}/{one['Id']}", headers=XML).body.decode()
            inner = read[read.index(f"<{kind} ") : read.rindex("</IntuitResponse>")]
            assert text(post(shop, f"/{kind.lower()}", inner), f"{kind}/SyncToken") == one["SyncToken"]


def _entry(shop: Shop) -> list[Json]:
    from .client import journal_line, named

    who = named("Customer", shop.customer)
    return [journal_line("Debit", 3, shop.receivable, Entity=who), journal_line("Credit", 3, shop.sales)]


def test_a_batch(shop: Shop) -> None:
    body = (
        f'<IntuitBatchRequest xmlns="{SPACE}"><BatchItemRequest bId="a" operation="create">'
        "<Customer><DisplayName>Fern</DisplayName></Customer></BatchItemRequest>"
        f'<BatchItemRequest bId="b" operation="create">{invoice(shop, "x")}</BatchItemRequest>'
        '<BatchItemRequest bId="c"><Query>select * from Customer</Query></BatchItemRequest></IntuitBatchRequest>'
    )
    told = post(shop, "/batch", body)
    assert text(told, "BatchItemResponse[@bId='a']/Customer/DisplayName") == "Fern"
    assert told.find("BatchItemResponse[@bId='b']/Fault/Error[@code='2080']") is not None
    assert len(told.findall("BatchItemResponse[@bId='c']/QueryResponse/Customer")) == 3
    request = Request("POST", f"{shop.base}/batch", "", XML, body.encode())
    cost = shop.server.cost(request, shop.server.handle(Request(**{**_fields(request), "headers": _signed(shop)})))
    assert (cost.reads, cost.writes, cost.calls) == (1, 1, 1)


def _fields(request: Request) -> Json:
    return {name: getattr(request, name) for name in ("method", "path", "query", "body")}


def _signed(shop: Shop) -> dict[str, str]:
    return {**XML, "authorization": f"Bearer {shop.token}"}


@pytest.mark.parametrize("body", ["<Customer>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<Customer/>", "<" * 50])
def test_bodies_that_are_refused(qbo: Client, body: str) -> None:
    answer = qbo.send("POST", "/customer", body.encode(), {"content-type": "application/xml"})
    assert loads(answer.body)["Fault"]["Error"][0]["code"] in ("2010", "2020")


def test_bodies_nested_beyond_reason_are_refused(qbo: Client) -> None:
    answer = qbo.send("POST", "/customer", (b"<a>" * 99 + b"</a>" * 99), {"content-type": "text/xml"})
    assert answer.status == 400
