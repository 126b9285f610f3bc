"""R1: invoices in QuickBooks against Opportunities in Salesforce (accounting-rules G). Pure.

`Q - S = U1 - U2 + U3`, unexplained 0.00, by month of TxnDate x currency x department.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from .report import ZERO, Cell, Item, Report, Row


class InvoiceFact(msgspec.Struct, frozen=True):
    """A live invoice as QuickBooks shows it now. `net` is TotalAmt less tax, 0 when voided; `status` by D.2."""

    record: str
    cell: Cell
    net: Decimal
    status: str = ""


class LinkFact(msgspec.Struct, frozen=True):
    """An invoice's link to its Opportunity, with what both sides last agreed on."""

    record: str
    opportunity: str
    cell: Cell
    net: Decimal
    status: str = ""


def r1(
    invoices: Sequence[InvoiceFact],
    links: Sequence[LinkFact],
    invoiced: Mapping[str, Decimal | None],
    months: Iterable[str],
) -> Report:
    """`invoiced` is `qbo_invoiced_net` of each Opportunity, read in the same run. Only cells of `months` are shown."""
    shown = set(months)
    by_record = {invoice.record: invoice for invoice in invoices}
    linked = {link.record: link for link in links}
    quickbooks: dict[Cell, list[Decimal]] = defaultdict(list)
    salesforce: dict[Cell, list[Decimal]] = defaultdict(list)
    items: dict[Cell, list[Item]] = defaultdict(list)
    for invoice in invoices:
        quickbooks[invoice.cell].append(invoice.net)
        items[invoice.cell] += _of_invoice(invoice, linked.get(invoice.record))
    for link, share in _shares(links, invoiced):
        linked_invoice = by_record.get(link.record)
        if linked_invoice is None or linked_invoice.cell != link.cell:
            items[link.cell].append(Item("U2", link.record, -link.net))
        if linked_invoice is not None or share != 0:
            salesforce[link.cell].append(share)
    cells = sorted(cell for cell in {*quickbooks, *salesforce, *items} if cell.month in shown)
    rows = [
        Row(
            cell=cell,
            quickbooks_count=len(quickbooks[cell]),
            quickbooks=sum(quickbooks[cell], ZERO),
            salesforce_count=len(salesforce[cell]),
            salesforce=sum(salesforce[cell], ZERO),
            items=tuple(item for item in sorted(items[cell]) if item.amount != 0),
        )
        for cell in cells
    ]
    return Report("R1", rows, [*_status_notes(by_record, links), *_field_notes(links, invoiced)])


def _of_invoice(invoice: InvoiceFact, link: LinkFact | None) -> list[Item]:
    if link is None or link.cell != invoice.cell:
        return [Item("U1", invoice.record, invoice.net)]
    return [Item("U3", invoice.record, invoice.net - link.net)]


def _shares(links: Sequence[LinkFact], invoiced: Mapping[str, Decimal | None]) -> list[tuple[LinkFact, Decimal]]:
    """What each link contributes to the field of its Opportunity; a rest that no link explains stays with the last."""
    by_opportunity: dict[str, list[LinkFact]] = defaultdict(list)
    for link in links:
        by_opportunity[link.opportunity].append(link)
    shares = []
    for opportunity, members in by_opportunity.items():
        rest = invoiced.get(opportunity) or ZERO
        for link in members[:-1]:
            shares.append((link, link.net))
            rest -= link.net
        shares.append((members[-1], rest))
    return shares


def _status_notes(by_record: Mapping[str, InvoiceFact], links: Sequence[LinkFact]) -> list[str]:
    return [
        f"U4 {link.record}: QuickBooks {by_record[link.record].status}, Salesforce {link.status}"
        for link in links
        if link.record in by_record and by_record[link.record].status != link.status
    ]


def _field_notes(links: Sequence[LinkFact], invoiced: Mapping[str, Decimal | None]) -> list[str]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for link in links:
        sums[link.opportunity] += link.net
    return [
        f"U6 salesforce:Opportunity:{name}: field {invoiced.get(name)}, links {total:f}"
        for name, total in sums.items()
        if (invoiced.get(name) or ZERO) != total
    ]
