"""The facts of R1 from an invoice and from its link."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Department, Invoice
from ml_connector.tieout.r1 import InvoiceFact, LinkFact
from ml_connector.tieout.r1_reading import invoice_fact, link_fact
from ml_connector.tieout.report import Cell

DEPARTMENTS = {"10": Department(id="10", name="East", fully_qualified_name="East")}
INVOICE, OPPORTUNITY = Ref("quickbooks", "Invoice", "7"), Ref("salesforce", "Opportunity", "006")


def fact(**fields: Any) -> InvoiceFact:
    body: dict[str, Any] = {
        "Id": "7",
        "TxnDate": "2026-11-18",
        "TotalAmt": "1088.00",
        "Balance": "388.00",
        "DueDate": "2026-11-21",
    }
    body |= {"TxnTaxDetail": {"TotalTax": "88.00"}, "DepartmentRef": {"value": "10"}}
    invoice = msgspec.convert({**body, **fields}, Invoice, strict=False)
    return invoice_fact(invoice, DEPARTMENTS, "USD", date(2026, 11, 22), {})


def test_an_invoice_counts_net_of_tax_where_its_header_says() -> None:
    assert fact() == InvoiceFact(str(INVOICE), Cell("2026-11", "USD", "East"), Decimal("1000.00"), "OVERDUE")


@pytest.mark.parametrize(
    ("fields", "cell"),
    [
        ({"DepartmentRef": None}, Cell("2026-11", "USD", "-")),
        ({"DepartmentRef": {"value": "99"}}, Cell("2026-11", "USD", "-")),
        ({"CurrencyRef": {"value": "EUR"}, "TxnDate": "2026-10-01"}, Cell("2026-10", "EUR", "East")),
    ],
)
def test_the_cell_of_an_invoice(fields: dict[str, Any], cell: Cell) -> None:
    assert fact(**fields).cell == cell


def test_what_a_link_agreed_on() -> None:
    agreed = {"txn_date": "2026-11-18", "currency": "USD", "department": "East", "net": "1000.00", "status": "CREDITED"}
    found = link_fact(Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, agreed))
    # Payments are not read for the tie-out, so an invoice settled by credit shows there as paid.
    assert found == LinkFact(str(INVOICE), "006", Cell("2026-11", "USD", "East"), Decimal("1000.00"), "PAID")


def test_a_link_that_agreed_on_nothing_yet() -> None:
    found = link_fact(Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY))
    assert (found.net, found.cell.department, found.status) == (Decimal("0.00"), "-", "")
