"""Which Opportunity an invoice belongs to: linked, marked, named on the invoice, or reached over its estimate.

Rules: accounting-rules D.5 M0 to M2. An estimate only leads on, it makes nothing (D.8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ml_connector.flows.company import Company
from ml_connector.model.plans import Context, NeedFind, NeedLink, NeedRecord
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Estimate, Invoice
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject, sound_id

Form = Invoice | Estimate
_TOKEN = re.compile(r"SF-ORD:\s*([A-Za-z0-9][A-Za-z0-9_-]*)", re.IGNORECASE)
_OPPORTUNITY = re.compile(r"(?<![A-Za-z0-9])006[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?(?![A-Za-z0-9])")
_ORDER_FIELDS = {
    "order",
    "ordernumber",
    "orderno",
    "sforder",
    "sfordernumber",
    "salesforceorder",
    "salesforceordernumber",
}
_PO_FIELDS = {
    "po",
    "ponumber",
    "pono",
    "ponum",
    "purchaseorder",
    "purchaseordernumber",
    "purchaseorderno",
    "customerpo",
}


class Place(msgspec.Struct, frozen=True):
    """The Opportunity of an invoice, None if one is to be created; `link` is what is known of the pair."""

    opportunity: SObject | None = None
    link: Link | None = None

    def is_ours(self, key: str) -> bool:
        """Created by the connector for this very invoice. Another one belongs to sales."""
        return self.opportunity is None or self.opportunity["QBO_Id__c"] == key


def find(invoice: Invoice, key: str, account_id: str, context: Context) -> Place:
    """The linked Opportunity, else the one with our mark, else the one the invoice names or its estimates lead to."""
    place = linked(invoice.ref, context)
    if place.opportunity is not None:
        return place
    marked: Sequence[SObject] = context.found("salesforce", "Opportunity", "QBO_Id__c", key)
    if marked:
        return Place(marked[0], place.link)
    named = _named([invoice], account_id, context) or _over_estimates(invoice, account_id, context)
    return Place(named, place.link)


def first_need(invoice: Ref, key: str, context: Context) -> NeedRecord | NeedFind:
    """What `find` looks at first."""
    link = context.link(Role.OPPORTUNITY, invoice)
    return NeedRecord(link.target) if link else NeedFind("salesforce", "Opportunity", "QBO_Id__c", key)


def linked(invoice: Ref, context: Context) -> Place:
    """What the link says. An Opportunity that somebody deleted is looked for again."""
    link = context.link(Role.OPPORTUNITY, invoice)
    if link is None:
        return Place()
    opportunity = context.record(link.target)
    return Place(None if isinstance(opportunity, Gone) else opportunity, link)


def _named(forms: Sequence[Form], account_id: str, context: Context) -> SObject | None:
    """What these forms name together, by the first kind of name that leads to exactly one."""
    for names in (_by_order, _by_id, _by_purchase_order):
        if found := _only_live({key for form in forms for key in names(form, account_id, context)}, context):
            return found
    return None


def _over_estimates(invoice: Invoice, account_id: str, context: Context) -> SObject | None:
    """What its estimates name, else the one Opportunity of their other invoices. One that is gone leads nowhere."""
    estimates: list[Estimate] = _records("Estimate", invoice.linked("Estimate"), context)
    if not estimates:
        return None
    ids = dict.fromkeys(key for estimate in estimates for key in estimate.linked("Invoice") if key != invoice.id)
    return _named(estimates, account_id, context) or _beside(list(ids), account_id, context)


def _beside(invoices: Sequence[str], account_id: str, context: Context) -> SObject | None:
    """Where other invoices of the same estimate are linked, or will be: what one of them names counts for all."""
    refs = [Ref("quickbooks", "Invoice", key) for key in invoices]
    context.want(*(NeedLink(Role.OPPORTUNITY, ref) for ref in refs))
    links = {ref: context.link(Role.OPPORTUNITY, ref) for ref in refs}
    if found := _only_live({link.target.id for link in links.values() if link is not None}, context):
        return found
    others: list[Invoice] = _records("Invoice", [ref.id for ref, link in links.items() if link is None], context)
    return _named(others, account_id, context)


def _records(kind: str, ids: Sequence[str], context: Context) -> list[Any]:
    """Those that are there."""
    refs = [Ref("quickbooks", kind, key) for key in ids]
    context.want(*(NeedRecord(ref) for ref in refs))
    return [record for ref in refs if not isinstance(record := context.record(ref), Gone)]


def _only_live(ids: set[str], context: Context) -> SObject | None:
    """The Opportunity that is named, if it is exactly one and not the mirror of another invoice.

    Nor one that shows invoices of another company in the same org: one sum cannot be of both.
    """
    refs = [Ref("salesforce", "Opportunity", key) for key in sorted(ids)]
    context.want(*(NeedRecord(ref) for ref in refs))
    found = [record for ref in refs if not isinstance(record := context.record(ref), Gone)]
    company = Company(context)
    live = [record for record in found if not record[EXTERNAL_ID] and not company.is_of_another(record)]
    return live[0] if len(live) == 1 else None


def _by_order(form: Form, _: str, context: Context) -> set[str]:
    numbers = dict.fromkeys(number for text in texts(form) for number in _TOKEN.findall(text))
    numbers |= dict.fromkeys(_custom(form, _ORDER_FIELDS))
    return _targets(
        order for number in numbers for order in context.found("salesforce", "Order", "OrderNumber", number)
    )


def _by_id(form: Form, _: str, __: Context) -> set[str]:
    return {key for text in texts(form) for found in _OPPORTUNITY.findall(text) if (key := sound_id(found, "006"))}


def _by_purchase_order(form: Form, account_id: str, context: Context) -> set[str]:
    """Orders of the same account with this purchase order number, if there is exactly one."""
    orders = {
        order.id: order
        for number in _custom(form, _PO_FIELDS)
        for order in context.found("salesforce", "Order", "PoNumber", number)
        if order["AccountId"] == account_id
    }
    return _targets(iter(orders.values())) if len(orders) == 1 else set()


def texts(form: Form) -> list[str]:
    """Where people and programs note what an invoice or estimate is for."""
    custom = [field.string_value for field in form.custom_field]
    memo = form.customer_memo.value if form.customer_memo else ""
    return [text for text in (*custom, memo, form.private_note) if text]


def _custom(form: Form, names: set[str]) -> Iterator[str]:
    """Values of the custom fields with one of these names, case and punctuation aside."""
    for field in form.custom_field:
        value = field.string_value.strip()
        if value and re.sub(r"[^a-z]", "", field.name.lower()) in names and not _TOKEN.search(value):
            yield value


def _targets(orders: Iterator[SObject]) -> set[str]:
    return {order.text("OpportunityId") for order in orders} - {""}
