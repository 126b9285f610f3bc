"""Look before posting: is the order in the books already? (accounting-rules B.11, A.10, A.11 DC-7)

What is looked for are journal entries that carry our number or the order's number, and invoices that carry the
order's number. Limits: QuickBooks cannot be asked for the text of a note, so an entry or invoice that names the order
only there is not found, and sales receipts are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ml_connector.accounting.dates import month_name
from ml_connector.accounting.entry import EntryPart
from ml_connector.model import money
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, NeedFind
from ml_connector.model.roles import Role
from ml_connector.model.triggers import record_changed
from ml_connector.systems.quickbooks.records import Customer, Invoice, JournalDraft, JournalEntry, same_lines
from ml_connector.systems.salesforce.records import SObject


def look(
    order: SObject, parts: Sequence[EntryPart], ctx: Context, customer: Customer | None = None
) -> JournalEntry | None:
    """Our own entry of the first of these parts if it is there (to be adopted), else None: post.

    All parts are looked for, so that nothing is posted of an order that cannot be posted whole. Without a `customer`
    no invoice is asked for: part of the order is in the books already.
    Raises `Held`: H-DRIFT where our entry has other lines, H-DOUBLE-COUNT where a stranger carries a number.
    """
    order_number = order.text("OrderNumber")
    numbers = [*(part.draft.doc_number for part in parts), order_number]
    ctx.want(
        *(NeedFind("quickbooks", "JournalEntry", "DocNumber", number) for number in numbers),
        *(NeedFind("quickbooks", "Invoice", "DocNumber", order_number) for _ in filter(None, [customer])),
    )
    entries = [e for number in numbers for e in ctx.found("quickbooks", "JournalEntry", "DocNumber", number)]
    entries = list({entry.id: entry for entry in entries}.values())
    marks = {part.identity.mark for part in parts}
    _check_strangers([entry for entry in entries if entry.note.get("key") not in marks])
    ours = [_own([e for e in entries if e.note.get("key") == each.identity.mark], each.draft) for each in parts]
    if customer and not any(ours):
        _check_invoices(order, customer, ctx)
    return ours[0]


def _check_strangers(entries: Sequence[JournalEntry]) -> None:
    if entries:
        entry = entries[0]
        raise Held(code="H-DOUBLE-COUNT", waits_for=(record_changed(entry.ref),), entry=_named(entry.doc_number, entry))


def _own(entries: Sequence[JournalEntry], draft: JournalDraft) -> JournalEntry | None:
    """The one entry that is ours and equal; None where there is none."""
    if not entries:
        return None
    if len(entries) > 1:
        names = ", ".join(f"id {entry.id}" for entry in entries)
        raise Held(code="H-DOUBLE-COUNT", case="twice", doc_number=draft.doc_number, entry=names)
    entry = entries[0]
    same_currency = not entry.currency or not draft.currency or entry.currency == draft.currency
    if not same_currency or not same_lines(entry.postings, draft.lines):
        found, ours = money.grouped(entry.debits, draft.currency), money.grouped(draft.total, draft.currency)
        raise Held(
            code="H-DRIFT", waits_for=(record_changed(entry.ref),), doc_number=draft.doc_number,
            month=month_name(draft.txn_date), difference=f"other lines, debits {ours} to {found}",
        )  # fmt: skip
    return entry


def _check_invoices(order: SObject, customer: Customer, ctx: Context) -> None:
    for invoice in ctx.found("quickbooks", "Invoice", "DocNumber", order.text("OrderNumber")):
        own = invoice.customer_ref is not None and invoice.customer_ref.value == customer.id
        if own and invoice.total_amt and not is_linked(order, invoice, ctx):
            entry = _named(invoice.doc_number, invoice)
            raise Held(code="H-DOUBLE-COUNT", case="invoice", waits_for=(record_changed(invoice.ref),), entry=entry)


def is_linked(order: SObject, invoice: Invoice, ctx: Context) -> bool:
    """Whether A.10 ties the invoice to the order: token (L1), Opportunity (L2), PO number of the same account (L3)."""
    texts = [field.string_value for field in invoice.custom_field]
    memo = invoice.customer_memo.value if invoice.customer_memo else ""
    if any(has_token(text, order.text("OrderNumber")) for text in (*texts, memo, invoice.private_note)):
        return True
    purchase, opportunity = order.text("PoNumber").strip(), order.text("OpportunityId")
    if purchase and purchase in (text.strip() for text in texts):
        return True
    links = ctx.links(Role.OPPORTUNITY, invoice.ref) if opportunity else ()
    return any(link.target.id == opportunity for link in links)


def has_token(text: str, order_number: str) -> bool:
    """Whether `SF-ORD:<OrderNumber>` stands in `text`."""
    return re.search(rf"SF-ORD:{re.escape(order_number)}(?![\w-])", text, re.IGNORECASE) is not None


def _named(number: str, record: JournalEntry | Invoice) -> str:
    return f"{number or 'without number'}, {record.txn_date or 'no date'}, id {record.id}"
