"""The emulator's XML beside recorded XML: whatever the real records showed, ours show too.

The recordings lie outside the repository (`MLC_RECORDED_DIR`); nothing of them is copied here.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from ml_emulators.quickbooks.kinds.catalog import KINDS
from support.recordings import recording

from .client import ref
from .test_recordings import OPEN, Home

SENT = {
    "LineEx": "numbers of a payment's targets, newer and older services leave it out",
    "CustomField": "only with definitions in the company",
}
TAXED = {"TaxRateRef": ref("3"), "PercentBased": True, "TaxPercent": 8, "NetAmountTaxable": 100}


@pytest.fixture
def home() -> Home:
    return Home()


def paths(node: ET.Element, above: str = "") -> set[str]:
    """Every place in an element, and every attribute."""
    here = f"{above}/{node.tag.rpartition('}')[2]}"
    found = {here, *(f"{here}@{name}" for name in node.attrib)}
    return found.union(*(paths(one, here) for one in node))


def shown(root: ET.Element) -> dict[str, set[str]]:
    """The places that each kind of record has, over all of its records that are whole."""
    found: dict[str, set[str]] = {}
    for one in root.iter():
        kind = one.tag.rpartition("}")[2]
        if kind in KINDS and one.get("sparse") is not None:
            found.setdefault(kind, set()).update(paths(one))
    return found


def test_records_of_a_change_capture_in_xml(home: Home) -> None:
    _trade(home)
    kinds = "Bill,BillPayment,Invoice,Payment,Customer"
    accept = {"accept": "application/xml"}
    answer = home.send("GET", "/cdc", headers=accept, entities=kinds, changedSince="2026-11-22")
    ours = shown(ET.fromstring(answer.body))
    lacking: set[str] = set()
    for name in ("change_data_capture_response", "deleted_customer"):
        theirs = shown(ET.fromstring(recording("quickbooks", f"xml-fixtures/{name}.xml").read_bytes()))
        for kind, places in theirs.items():
            lacking |= places - ours[kind]
    assert {place for place in lacking if not any(f"/{key}" in place for key in (*OPEN, *SENT))} == set()


def _trade(home: Home) -> None:
    """What the recorded company had done, with the parts that its records show."""
    both = {"ExpenseAccountRef": ref(home.unbilled)}
    home.server.act({"op": "update", "kind": "Item", "id": home.item, "body": both})
    places = {f"Line{number}": "x" for number in range(1, 6)}
    address = {**places, "City": "B", "CountrySubDivisionCode": "CA", "PostalCode": "9", "Country": "USA"}
    home.change("Customer", home.read("Customer", home.full), BillAddr=address, ShipAddr=address)
    term = home.make("Term", Name="Net 30", DueDays=30)["Id"]
    card = home.account("Card", "Credit Card")
    bought = {"ItemRef": ref(home.item), "Qty": 1, "UnitPrice": 5}
    spent = {"AccountRef": ref(home.unbilled)}
    lines = [
        {"Amount": 5, "Description": "x", "DetailType": kind, kind: detail}
        for kind, detail in (("ItemBasedExpenseLineDetail", bought), ("AccountBasedExpenseLineDetail", spent))
    ]
    bill = home.make("Bill", VendorRef=ref(home.vendor), Line=lines, SalesTermRef=ref(term))["Id"]
    paid = [{"Amount": 10, "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]}]
    more = {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": ref(card)}, "TotalAmt": 10, "Line": paid}
    home.make("BillPayment", VendorRef=ref(home.vendor), DocNumber="1", PrivateNote="n", **more)
    estimate = home.make("Estimate", **home.sell())["Id"]
    link = [{"TxnId": estimate, "TxnType": "Estimate"}]
    texts = {"CustomerMemo": {"value": "m"}, "BillEmail": {"Address": "a@b.c"}, "PrivateNote": "n"}
    tax = {"TxnTaxCodeRef": ref("2"), "TotalTax": 8}
    tax_line = {"Amount": 8, "DetailType": "TaxLineDetail", "TaxLineDetail": TAXED}
    line = {**home.line(100, Qty=1, UnitPrice=100), "Description": "x"}
    sent = {**home.sell(Line=[line], Deposit=1), **texts, "LinkedTxn": link, "SalesTermRef": ref(term)}
    invoice = home.make("Invoice", **sent, TxnTaxDetail={**tax, "TaxLine": [tax_line]})["Id"]
    home.make("Payment", **home.payment(8, [("Invoice", invoice, 8)], CustomerRef=ref(home.full)))
    names = {"GivenName": "P", "FamilyName": "D", "Title": "T", "MiddleName": "M", "Suffix": "S", "CompanyName": "C"}
    phones = {key: {"FreeFormNumber": "1"} for key in ("PrimaryPhone", "AlternatePhone", "Mobile", "Fax")}
    rest = {"Notes": "n", "PrimaryEmailAddr": {"Address": "a@b.c"}, "WebAddr": {"URI": "http://a.b"}}
    home.change("Customer", home.read("Customer", home.full), **names, **phones, **rest, ResaleNum="1")
