"""Is an order in the books already? (accounting-rules B.11, A.10, A.11 DC-7)

What counts are journal entries that carry our number or the order's number, and invoices that carry the order's number.
Limits: QuickBooks cannot be asked for the text of a note, so an entry or invoice that names the order only there is not
found, and sales receipts are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from ml_connector.model import money
from ml_connector.model.held import Held
from ml_connector.model.refs import Ref
from ml_connector.model.triggers import record_changed
from ml_connector.systems.quickbooks.records import Customer, Invoice, JournalEntry, same_lines
from ml_connector.systems.salesforce.records import SObject

from .dates import month_name
from .entry import EntryPart


def numbers_of(order: SObject, parts: Sequence[EntryPart]) -> list[str]:
    """The numbers under which entries are looked for."""
    return [*(part.draft.doc_number for part in parts), order.text("OrderNumber")]


def own_entries(parts: Sequence[EntryPart], entries: Iterable[JournalEntry]) -> list[JournalEntry | None]:
    """Our own entry of each of these parts, None for a part that is not in the books.

    `entries` are those that carry one of `numbers_of` the parts. All parts are looked for, so that nothing is posted of
    an order that cannot be posted whole. Raises `Held`: H-DRIFT where our entry has other lines, H-DOUBLE-COUNT where a
    stranger carries a number.
    """
    distinct = list({entry.id: entry for entry in entries}.values())
    marks = {part.identity.mark for part in parts}
    _check_strangers([entry for entry in distinct if entry.note.get("key") not in marks])
    return [_own(part, distinct) for part in parts]


def _check_strangers(entries: Sequence[JournalEntry]) -> None:
    if entries:
        entry = entries[0]
        raise Held(code="H-DOUBLE-COUNT", waits_for=(record_changed(entry.ref),), entry=_named(entry.doc_number, entry))


def _own(part: EntryPart, entries: Sequence[JournalEntry]) -> JournalEntry | None:
    """The one of these entries that is this part of ours and equal; None where there is none."""
    own, draft = [entry for entry in entries if entry.note.get("key") == part.identity.mark], part.draft
    if not own:
        return None
    if len(own) > 1:
        names = ", ".join(f"id {entry.id}" for entry in own)
        raise Held(code="H-DOUBLE-COUNT", case="twice", doc_number=draft.doc_number, entry=names)
    entry = own[0]
    same_currency = not entry.currency or not draft.currency or entry.currency == draft.currency
    if not same_currency or not same_lines(entry.postings, draft.lines):
        theirs, ours = money.grouped(entry.debits, draft.currency), money.grouped(draft.total, draft.currency)
        raise Held(
            code="H-DRIFT", waits_for=(record_changed(entry.ref),), doc_number=draft.doc_number,
            month=month_name(draft.txn_date), difference=f"other lines, debits {ours} to {theirs}",
        )  # fmt: skip
    return entry


def check_invoices(
    order: SObject, customer: Customer, invoices: Iterable[Invoice], opportunities_of: Callable[[Ref], Collection[str]]
) -> None:
    """`invoices` are those that carry the order's number; `opportunities_of` gives the ids that one is linked to.

    Raises `Held` (H-DOUBLE-COUNT) for an invoice of the customer that A.10 does not tie to the order.
    """
    for invoice in invoices:
        own = invoice.customer_ref is not None and invoice.customer_ref.value == customer.id
        if own and invoice.total_amt and not is_linked(order, invoice, opportunities_of):
            entry = _named(invoice.doc_number, invoice)
            raise Held(code="H-DOUBLE-COUNT", case="invoice", waits_for=(record_changed(invoice.ref),), entry=entry)


def is_linked(order: SObject, invoice: Invoice, opportunities_of: Callable[[Ref], Collection[str]]) -> bool:
    """Whether A.10 ties the invoice to the order: token (L1), Opportunity (L2), PO number of the same account (L3)."""
    texts = [field.string_value for field in invoice.custom_field]
    memo = invoice.customer_memo.value if invoice.customer_memo else ""
    if any(has_token(text, order.text("OrderNumber")) for text in (*texts, memo, invoice.private_note)):
        return True
    purchase, opportunity = order.text("PoNumber").strip(), order.text("OpportunityId")
    if purchase and purchase in (text.strip() for text in texts):
        return True
    return bool(opportunity) and opportunity in opportunities_of(invoice.ref)


def has_token(text: str, order_number: str) -> bool:
    """Whether `SF-ORD:<OrderNumber>` stands in `text`."""
    return re.search(rf"SF-ORD:{re.escape(order_number)}(?![\w-])", text, re.IGNORECASE) is not None


def _named(number: str, record: JournalEntry | Invoice) -> str:
    return f"{number or 'without number'}, {record.txn_date or 'no date'}, id {record.id}"
