"""Look before posting: what in QuickBooks carries a number of ours or the order's (`accounting/double_count.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.accounting.double_count import check_invoices, numbers_of, own_entries
from ml_connector.accounting.entry import EntryPart
from ml_connector.model.plans import Context, NeedFind
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer, JournalEntry
from ml_connector.systems.salesforce.records import SObject


def look(
    order: SObject, parts: Sequence[EntryPart], context: Context, customer: Customer | None = None
) -> JournalEntry | None:
    """Our own entry of the first of these parts if it is there (to be adopted), else None: post.

    Without a `customer` no invoice is asked for: part of the order is in the books already.
    Raises `Held`: H-DRIFT, H-DOUBLE-COUNT.
    """
    numbers, order_number = numbers_of(order, parts), order.text("OrderNumber")
    context.want(
        *(NeedFind("quickbooks", "JournalEntry", "DocNumber", number) for number in numbers),
        *(NeedFind("quickbooks", "Invoice", "DocNumber", order_number) for _ in filter(None, [customer])),
    )
    found = [context.found("quickbooks", "JournalEntry", "DocNumber", number) for number in numbers]
    ours = own_entries(parts, (entry for entries in found for entry in entries))
    if customer and not any(ours):
        invoices = context.found("quickbooks", "Invoice", "DocNumber", order_number)
        check_invoices(
            order, customer, invoices, lambda ref: [link.target.id for link in context.links(Role.OPPORTUNITY, ref)]
        )
    return ours[0]
