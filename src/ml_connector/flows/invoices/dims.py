"""Department and classes of an invoice as text (accounting-rules D.4, F.1): ids are looked up, never names."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ml_connector.accounting.dims import MAX_TEXT, label
from ml_connector.model import money
from ml_connector.model.plans import Context, NeedReference
from ml_connector.systems.quickbooks.records import Invoice, Line, Reference


class InvoiceDims(msgspec.Struct, frozen=True):
    """Texts for Salesforce, blank for none. `dominant` is the class with the most money, `classes` all named ones.

    The ids behind them, `;` between those of classes, tell later whether a name has changed.
    """

    department: str = ""
    dominant: str = ""
    classes: str = ""
    department_id: str = ""
    class_ids: str = ""


def dims_of(invoice: Invoice, context: Context) -> InvoiceDims:
    """By id in the tables as they are now, the class with most of the net first (D.4). Raises `NotLoaded`."""
    ranked = _ranked(invoice, context)
    return InvoiceDims(
        department=text_of(invoice.department_ref, "departments", context),
        dominant=next(iter(ranked), ""),
        classes=listed(list(ranked)),
        department_id=invoice.department_ref.value if invoice.department_ref else "",
        class_ids=";".join(ranked.values()),
    )


def table_needs(invoice: Invoice) -> list[NeedReference]:
    """The tables in which `dims_of` looks names up."""
    needs = [NeedReference("quickbooks", "departments")] if _names(invoice.department_ref) else []
    if any(_names(_class_of(line, invoice)) for line in sold(invoice.line)):
        needs.append(NeedReference("quickbooks", "classes"))
    return needs


def _names(ref: Reference | None) -> bool:
    return ref is not None and bool(ref.value)


def _class_of(line: Line, invoice: Invoice) -> Reference | None:
    return line.class_ref if _names(line.class_ref) else invoice.class_ref


def text_of(ref: Reference | None, table: str, context: Context) -> str:
    """How a department or class is written in Salesforce: its full name now, whatever the invoice calls it."""
    if ref is None or not ref.value:
        return ""
    entries = context.reference("quickbooks", table)
    entry = entries.get(ref.value)
    if entry is None:
        return ref.name if 0 < len(ref.name) <= MAX_TEXT else f"[#{ref.value}]"
    return label(entry, entries)


def _ranked(invoice: Invoice, context: Context) -> dict[str, str]:
    """Named classes by the sum of their absolute line nets, largest first, then by name; each with its id."""
    sums: dict[str, Decimal] = {}
    ids: dict[str, str] = {}
    for line in sold(invoice.line):
        ref = _class_of(line, invoice)
        name = text_of(ref, "classes", context)
        ids[name] = ref.value if ref else ""
        sums[name] = money.total([sums.get(name, money.ZERO), abs(line.amount or money.ZERO)])
    sums.pop("", None)
    return {name: ids[name] for name in sorted(sums, key=lambda name: (-sums[name], name))}


def sold(lines: Iterable[Line]) -> Iterable[Line]:
    """Lines that sell something, those of a bundle too."""
    for line in lines:
        if line.group_line_detail is not None:
            yield from sold(line.group_line_detail.line)
        elif line.sales_item_line_detail is not None:
            yield line


def listed(names: list[str]) -> str:
    """`SaaS;Services`; what does not fit into 255 characters is counted: `SaaS;+2`."""
    for kept in range(len(names), 0, -1):
        rest = [f"+{len(names) - kept}"] if kept < len(names) else []
        text = ";".join([*names[:kept], *rest])
        if len(text) <= MAX_TEXT:
            return text
    return f"+{len(names)}" if names else ""
