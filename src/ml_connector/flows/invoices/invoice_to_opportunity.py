"""A QuickBooks invoice is shown on a Salesforce Opportunity, with the people it is billed to (accounting-rules D)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec

from ml_connector.accounting.invoice_status import (
    ENDED,
    credited_net,
    had_value,
    is_before_start,
    payment_needs,
    payments_of,
    status_of,
)
from ml_connector.flows.company import Company
from ml_connector.flows.dimensions.links import new_uses
from ml_connector.flows.fields import Fitted, require
from ml_connector.flows.refusals import refused_with_account
from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, Decision, Flow, NeedLink, NeedReference, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Json, LinkDraft, Record, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Trigger, day_begins, table_changed
from ml_connector.systems.quickbooks.records import Invoice, Payment
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject

from . import contact_roles as invoice_roles
from . import opportunity_fields, opportunity_search
from .billed_links import noting
from .customer import Billed, billed
from .dims import dims_of, table_needs
from .opportunity_entries import NUMBER_LIMIT, TEXT_LIMIT, Entry, kept
from .opportunity_search import Place


def decide(invoice: Invoice, context: Context) -> Decision:
    """The Opportunity first, then the contact of the first address, then the roles; one write at a time."""
    try:
        return _decide(invoice, context)
    except Held as held:
        return held.hold(invoice.net_amount, invoice.currency, invoice=label_of(invoice))


def label_of(invoice: Invoice) -> str:
    """What people call it: its number, else `#<id>`, for numbers may be left out in QuickBooks."""
    return invoice.doc_number or f"#{invoice.id}"


def key_of(invoice: Ref, context: Context) -> str:
    """The mark on the Opportunity: `<realm>:<invoice id>`."""
    return f"{Company(context).rules.realm_id}:{invoice.id}"


def _decide(invoice: Invoice, context: Context) -> Decision:
    context.once(_ask_links, invoice)
    if context.link(Role.OPPORTUNITY, invoice.ref) is None and is_before_start(invoice, context.settings):
        return Skip(reason=Reason.BEFORE_START, amount=invoice.net_amount, currency=invoice.currency)
    key = key_of(invoice.ref, context)
    place = context.once(_place, invoice)
    mirror = context.once(_mirror, invoice)
    if mirror.entry.status in ENDED:
        mirror = mirror.of(msgspec.structs.replace(mirror.entry, voided_net=_voided_net(place, key)))
    entry, ours = mirror.entry, place.is_ours(key)
    uses = new_uses(invoice.ref, entry.department_id, mirror.classes, context, ours=ours)
    if place.opportunity is None or ours:
        wanted = _owned(invoice, mirror, context)
    else:
        entries = _with_others(entry, invoice.ref, place.opportunity, context)
        wanted = opportunity_fields.sales_fields(entries, context)
    agreed = {**mirror.agreed, "emails": _emails_done(place)}
    fitted = opportunity_fields.fitted(wanted, place.opportunity, key, label_of(invoice), context)
    step = Step(invoice, label_of(invoice), key, place, wanted, agreed, entry, fitted, (*uses, *fitted.links))
    return step.write() or _people(mirror, step, context)


def _ask_links(invoice: Invoice, context: Context) -> None:
    """The links that nearly every decision reads; they cost no call."""
    customer = invoice.customer_ref.value if invoice.customer_ref else ""
    own = [NeedLink(Role.OPPORTUNITY, invoice.ref), NeedLink(Role.BILLED, invoice.ref)]
    if customer:
        people = [NeedLink(Role.CONTACT, ref) for ref in invoice_roles.contacts_of(invoice, customer, context)]
        own += [NeedLink(Role.ACCOUNT, Ref("quickbooks", "Customer", customer)), *people]
    context.want(*own)


def _place(invoice: Invoice, context: Context) -> Place:
    to = context.once(billed, invoice)
    require("Opportunity", (EXTERNAL_ID,), label_of(invoice), context)
    context.once(_ask_records, invoice)
    return opportunity_search.find(invoice, key_of(invoice.ref, context), to.link.target.id, context)


def _ask_records(invoice: Invoice, context: Context) -> None:
    """What an invoice with an account is shown with in any case: asked together, it is decided fewer times."""
    context.want(
        opportunity_search.first_need(invoice.ref, key_of(invoice.ref, context), context),
        NeedReference("salesforce", "currencies"),
        *payment_needs(invoice),
        *table_needs(invoice),
    )


class Mirror(msgspec.Struct, frozen=True):
    """What an invoice has to say, whatever stands on its Opportunity by now. `mark` is of its addresses."""

    to: Billed
    entry: Entry
    agreed: Mapping[str, str | None]
    addresses: tuple[str, ...]
    mark: str | None

    @property
    def classes(self) -> list[str]:
        """Ids of its classes, blank for a line without one; none where classes are off."""
        return self.entry.class_ids.split(";") if self.entry.class_ids else []

    def of(self, entry: Entry) -> Mirror:
        """The same for another entry of it: what is agreed is made of the entry anew."""
        return Mirror(self.to, entry, entry.agreed(), self.addresses, self.mark)


def _mirror(invoice: Invoice, context: Context) -> Mirror:
    to = context.once(billed, invoice)
    entry, addresses = _entry(invoice, to, context), invoice_roles.addresses_of(invoice, to)
    return Mirror(to, entry, entry.agreed(), addresses, invoice_roles.mark_of(addresses, context))


def _owned(invoice: Invoice, mirror: Mirror, context: Context) -> Json:
    """What stands on an Opportunity of ours. Of an invoice that has ended it is also what that Opportunity showed."""
    if mirror.entry.status in ENDED:
        return opportunity_fields.owned_fields(invoice, mirror.entry, mirror.to, context)
    return context.once(_mirrored, invoice)


def _mirrored(invoice: Invoice, context: Context) -> Json:
    mirror = context.once(_mirror, invoice)
    return opportunity_fields.owned_fields(invoice, mirror.entry, mirror.to, context)


def overdue_on(entry: Entry) -> tuple[Trigger, ...]:
    """The day after it is due: then it is overdue, and no event tells (D.2)."""
    due = entry.due_date or entry.txn_date
    if entry.status not in ("OPEN", "PARTIAL") or due is None:
        return ()
    return (day_begins(due + timedelta(days=1)),)


def _entry(invoice: Invoice, to: Billed, context: Context) -> Entry:
    currency, rate, home = _currency(invoice, context)
    payments = payments_of(invoice, context)
    dims = dims_of(invoice, context)
    return Entry(
        number=label_of(invoice)[:NUMBER_LIMIT],
        status=status_of(invoice, payments, context.today, had_value=_had_value(invoice, context)),
        currency=currency,
        department=dims.department,
        class_=dims.dominant,
        classes=dims.classes,
        department_id=dims.department_id,
        class_ids=dims.class_ids,
        project=to.project[:TEXT_LIMIT],
        account=to.link.target.id,
        total=invoice.total_amt,
        tax=invoice.total_tax,
        balance=invoice.balance,
        net=invoice.net_amount,
        credited_net=credited_net(invoice, payments, context),
        txn_date=invoice.txn_date,
        due_date=invoice.due_date,
        rate=rate,
        home=home,
    )


def _had_value(invoice: Invoice, context: Context) -> bool:
    """Whether a worthless invoice was worth something once: its link remembers, or the Opportunity that we made."""
    if not invoice.is_all_zero:
        return False
    place = context.once(_place, invoice)
    if place.link is not None and had_value(place.link.agreed):
        return True
    if place.opportunity is None or not place.is_ours(key_of(invoice.ref, context)):
        return False
    shown = (place.opportunity.amount(field) for field in ("QBO_Voided_Net__c", "QBO_Invoiced_Net__c"))
    return place.opportunity["QBO_Status__c"] in ENDED or any(shown)


def _voided_net(place: Place, key: str) -> Decimal:
    """What a voided invoice was worth before, as far as anybody remembers."""
    if place.link is not None and place.link.agreed.get("net"):
        return kept(place.link.agreed).ended("VOIDED").voided_net
    if place.opportunity is None or not place.is_ours(key):
        return money.ZERO
    shown = place.opportunity.amount("QBO_Voided_Net__c") or place.opportunity.amount("QBO_Invoiced_Net__c")
    return shown or money.ZERO


def _currency(invoice: Invoice, context: Context) -> tuple[str, Decimal | None, str]:
    """The invoice's currency; in an org with a single one also the rate and the home currency, if they differ (D.4)."""
    company = Company(context)
    currency = invoice.currency or company.home_currency
    if company.org_currencies:
        if currency not in company.org_currencies:
            waits = (table_changed("currencies", "salesforce"),)
            raise Held(code="CURRENCY-INACTIVE", waits_for=waits, currency=currency)
        return currency, None, ""
    if currency == company.home_currency:
        return currency, None, ""
    if not invoice.exchange_rate or invoice.exchange_rate < 0:
        raise Held(code="H-NO-RATE", case="invoice", order_currency=currency, home_currency=company.home_currency)
    return currency, invoice.exchange_rate, company.home_currency


def _with_others(entry: Entry, invoice: Ref, opportunity: SObject, context: Context) -> list[Entry]:
    """The entries of all invoices of an Opportunity of sales, as their links keep them; currencies never mix."""
    links = {link.source: kept(link.agreed) for link in context.links(Role.OPPORTUNITY, opportunity.ref)} | {
        invoice: entry
    }
    entries = [links[source] for source in sorted(links)]
    shown_in = {shown.home or shown.currency for shown in entries if shown.currency}
    if Company(context).org_currencies:
        shown_in.add(opportunity.get("CurrencyIsoCode") or entry.currency)
    if len(shown_in) > 1:
        raise Held(
            code="H-CUR-MISMATCH",
            case="invoice",
            order_currency=entry.currency,
            customer_currency=_other(shown_in, entry),
        )
    return entries


def _other(currencies: set[str], entry: Entry) -> str:
    return ", ".join(sorted(currencies - {entry.currency}))


def _emails_done(place: Place) -> str | None:
    link, opportunity = place.link, place.opportunity
    same = link is not None and opportunity is not None and link.target == opportunity.ref
    return link.agreed.get("emails") if link is not None and same else None


class Step(msgspec.Struct, frozen=True):
    """The write that brings the Opportunity to `wanted`, or nothing; and the link that both renew."""

    record: Record
    label: str
    key: str
    place: Place
    wanted: Json
    agreed: Mapping[str, str | None]
    entry: Entry
    fitted: Fitted
    uses: tuple[LinkDraft, ...] = ()

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Of what this write, or agreeing without one, leaves otherwise than the rules would have it."""
        currency = self.entry.home or self.entry.currency
        rolled_up = opportunity_fields.rolled_up(self.wanted, self.place.opportunity, currency)
        return (*((Flag.AMOUNT_ROLLUP,) if rolled_up else ()), *self.fitted.flags)

    def draft(self, agreed: Mapping[str, str | None]) -> LinkDraft:
        """The invoice's link to its Opportunity, blank for one yet to be made; `agreed`: what both sides show."""
        target = self.place.opportunity.ref if self.place.opportunity else None
        record = self.record
        return LinkDraft(
            role=Role.OPPORTUNITY, source=record.ref, target=target, agreed=agreed, source_version=record.version
        )

    def renewed(self, agreed: Mapping[str, str | None]) -> tuple[LinkDraft, ...]:
        """The link, if it says anything new."""
        link, opportunity = self.place.link, self.place.opportunity
        same = link is not None and opportunity is not None and link.target == opportunity.ref
        return () if same and link is not None and dict(link.agreed) == dict(agreed) else (self.draft(agreed),)

    def write(self) -> Write | None:
        """By our mark where it carries ours, else by id; None where nothing differs. `amount`: the net (D.4)."""
        body = self.fitted.body
        if not body:
            return None
        ours = self.place.is_ours(self.key)
        target = "" if ours or self.place.opportunity is None else self.place.opportunity.id
        return Write(
            step="opportunity",
            system="salesforce",
            kind="Opportunity",
            action="upsert" if ours else "update",
            body=body,
            key=self.key,
            key_field=EXTERNAL_ID if ours else "",
            target_id=target,
            links=(self.draft(self.agreed), *self.uses),
            why=tuple(body),
            flags=self.flags,
            label=self.label,
            amount=self.entry.net,
            currency=self.entry.currency,
            claims=(f"salesforce:Opportunity:{target}",) if target else (),
        )

    def done(self, links: tuple[LinkDraft, ...], flags: tuple[Flag, ...]) -> Skip:
        """Nothing to write (any more): links found, and the day on which an open invoice becomes overdue (D.2)."""
        found = (*links, *self.uses)
        return Skip(
            links=found,
            waits_for=(*overdue_on(self.entry), *self.fitted.waits_for),
            flags=(*self.flags, *flags),
            amount=self.entry.net,
            currency=self.entry.currency,
        )


def _people(mirror: Mirror, step: Step, context: Context) -> Decision:
    """Contacts and roles, once for the same addresses: a role that somebody removed does not come back."""
    mark, opportunity = mirror.mark, step.place.opportunity
    if opportunity is None or step.entry.status in ENDED or not mark or step.agreed["emails"] == mark:
        return step.done(step.renewed(step.agreed), ())
    people = invoice_roles.settle(mirror.addresses, mirror.to, opportunity, step.label, context)
    if people.write is not None:
        return people.write
    return step.done((*step.renewed({**step.agreed, "emails": mark}), *people.links), people.flags)


def gone(invoice: Gone, context: Context) -> Decision:
    """A deleted invoice: its Opportunity says so and is worth nothing (D.2, D.4)."""
    place = opportunity_search.linked(invoice.ref, context)
    if place.link is None or place.opportunity is None:
        return Skip(reason=Reason.GONE)
    key = key_of(invoice.ref, context)
    entry = kept(place.link.agreed).ended("DELETED")
    label = entry.number or invoice.ref.id
    try:
        require("Opportunity", (EXTERNAL_ID,), label, context)
        if place.is_ours(key):
            fields = opportunity_fields.deleted_fields(entry, context)
        else:
            entries = _with_others(entry, invoice.ref, place.opportunity, context)
            fields = opportunity_fields.sales_fields(entries, context)
        fitted = opportunity_fields.fitted(fields, place.opportunity, key, label, context)
    except Held as held:
        return held.hold(entry.voided_net, entry.currency, invoice=label)
    agreed = {**place.link.agreed, **entry.agreed()}
    step = Step(invoice, label, key, place, fields, agreed, entry, fitted)
    return step.write() or step.done(step.renewed(agreed), ())


def _invoices_of(payment: Record, context: Context) -> Sequence[Ref]:
    del context
    if not isinstance(payment, Payment):
        return []
    return [Ref("quickbooks", "Invoice", key) for key in payment.linked("Invoice")]


FLOW = Flow(
    name="invoice_to_opportunity",
    system="quickbooks",
    kind="Invoice",
    rank=30,
    decide=noting(decide),
    gone=noting(gone),
    refused=refused_with_account,
    changed_by={"Payment": _invoices_of},
)
