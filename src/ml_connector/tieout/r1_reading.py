"""The facts of R1: invoices as QuickBooks shows them, and what their Opportunities show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.accounting.dims import label
from ml_connector.accounting.invoice_status import had_value, status_of
from ml_connector.model import money
from ml_connector.model.refs import Gone, Link
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Department, Invoice

from .r1 import InvoiceFact, LinkFact, r1
from .reading import NONE, Reading, span
from .report import Cell, Report


async def read_r1(reading: Reading, months: Sequence[str]) -> Report:
    """R1 of these months, read now."""
    first, after = span(months)
    departments = await reading.table("departments")
    home = (await reading.table("preferences")).home_currency
    invoices: list[Invoice] = await reading.quickbooks.listed(
        "Invoice", f"TxnDate >= '{first}'", f"TxnDate < '{after}'"
    )
    known = reading.links.all_of(Role.OPPORTUNITY)
    agreed = {link.source: link.agreed for link in known}
    facts = [
        invoice_fact(invoice, departments, home, reading.today, agreed.get(invoice.ref, {})) for invoice in invoices
    ]
    opportunities = await reading.salesforce.listed(
        "Opportunity", ("QBO_Invoiced_Net__c", "CurrencyIsoCode"), "QBO_Invoiced_Net__c != null"
    )
    invoiced = {opportunity.id: opportunity.amount("QBO_Invoiced_Net__c") for opportunity in opportunities}
    links = [link_fact(link) for link in known]
    return r1(facts, await _living(reading, links, invoiced), invoiced, months)


async def _living(
    reading: Reading, links: Sequence[LinkFact], invoiced: Mapping[str, Decimal | None]
) -> list[LinkFact]:
    """Without those whose Opportunity was deleted: such an invoice has no link (U1). Asked only where one misses."""
    missing = list(dict.fromkeys(link.opportunity for link in links if link.opportunity not in invoiced))
    read = await reading.salesforce.read("Opportunity", missing) if missing else {}
    return [link for link in links if not isinstance(read.get(link.opportunity), Gone)]


def invoice_fact(
    invoice: Invoice,
    departments: Mapping[str, Department],
    home: str,
    today: date,
    agreed: Mapping[str, str | None],
) -> InvoiceFact:
    """An invoice as it stands on `today`, the company's day; `home` stands in where it names no currency.

    `agreed` is what its link keeps, empty without one.
    """
    ref = invoice.department_ref
    department = label(departments[ref.value], departments) if ref and ref.value in departments else NONE
    currency = invoice.currency or home
    cell = Cell(str(invoice.txn_date)[:7], currency, department)
    status = status_of(invoice, (), today, had_value=had_value(agreed))
    return InvoiceFact(str(invoice.ref), cell, money.q(invoice.net_amount, currency), status)


def link_fact(link: Link) -> LinkFact:
    """What the link of an invoice says both sides last agreed on."""
    agreed = link.agreed
    status = agreed.get("status") or ""
    return LinkFact(
        record=str(link.source),
        opportunity=link.target.id,
        cell=Cell(str(agreed.get("txn_date"))[:7], agreed.get("currency") or "", agreed.get("department") or NONE),
        net=money.exact(agreed.get("net") or "0.00"),
        status="PAID" if status == "CREDITED" else status,
    )
