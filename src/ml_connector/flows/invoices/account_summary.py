"""What the invoices of an Account say about it: default department and class, and what is overdue (E.2, D.2).

Department and class are those with the most money in the last 12 months. They are written where the field is blank or
still says what was written here; a text of people stays. What is overdue changes with the day, so the next day on which
anything changes is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from ml_connector.accounting.dims import FIELDS, Dim
from ml_connector.accounting.invoice_status import LOST
from ml_connector.flows.dimensions.links import entry_ref
from ml_connector.flows.fields import Fitted, for_salesforce
from ml_connector.flows.refusals import refused_alone
from ml_connector.model import canonical, money
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Context, Decision, Flow, NeedLink, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Json, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Trigger, day_begins, linked
from ml_connector.systems.salesforce.records import SObject

from . import billed_links
from .opportunity_entries import Entry, kept

OVERDUE = "QBO_Overdue__c"


def decide(account: SObject, context: Context) -> Decision:
    """The Account as its invoices want it, and the day on which it must be looked at again."""
    context.want(*(NeedLink(role, account.ref) for role in (Role.BILLED, Role.ACCOUNT, Role.SUMMARY)))
    links = context.links(Role.BILLED, account.ref)
    if not links:
        return Skip(reason=Reason.NO_INVOICES)
    counted = _in_one_currency(account, links, context)
    entries = counted.entries
    context.want(
        *(NeedLink(Role.DIM_NAME, ref) for dim in FIELDS for ref in _leading(dim, entries, context.today) or ())
    )
    names = {dim: _name(dim, entries, context) for dim in FIELDS}
    known = context.link(Role.SUMMARY, account.ref)
    texts, agreed = _texts(account, {dim: name.text for dim, name in names.items()}, known.agreed if known else {})
    body = texts | _overdue(account, counted, context.today)
    name = account.text("Name")
    fitted = for_salesforce("Account", account.id, body, context, creating=False, record=name)
    fitted = msgspec.structs.replace(fitted, flags=(*fitted.flags, *counted.flags))
    agreed |= {str(dim): None for dim, field in FIELDS.items() if field in body.keys() - fitted.body.keys()}
    draft = _draft(account.ref, agreed)
    if fitted.body:
        return _write(account, fitted, draft)
    news = () if known is not None and dict(known.agreed) == agreed else (draft,)
    waits = tuple(linked(Role.DIM_NAME, ref) for name in names.values() for ref in name.unknown)
    return Skip(
        links=(*news, *billed_links.retired(links, context.today)),
        waits_for=(*_next_day(counted.all, context.today), *counted.waits_for, *waits, *fitted.waits_for),
        flags=fitted.flags,
    )


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The invoices that are added up, all in one currency; none where nobody can say in which (`flags`).

    `all` are those of every currency, `waits_for` what may tell the currency.
    """

    entries: Sequence[Entry] = ()
    all: Sequence[Entry] = ()
    flags: tuple[Flag, ...] = ()
    waits_for: tuple[Trigger, ...] = ()


def _in_one_currency(account: SObject, links: Sequence[Link], context: Context) -> Counted:
    """The invoices in the currency of the customer. Amounts are never converted; a customer of another currency can
    only have come to this Account by a merge.

    Without a customer of its own, or while its currency is not known yet, only where all are in the same one.
    """
    entries = [kept(link.agreed) for link in links]
    customers = [link for link in context.links(Role.ACCOUNT, account.ref) if link.exclusive]
    currency = customers[0].agreed.get("currency") if customers else None
    if currency:
        return Counted(entries=[entry for entry in entries if entry.currency == currency], all=entries)
    worth = {entry.currency for entry in entries if entry.balance or _counts(entry, context.today)}
    if len(worth) < 2:
        return Counted(entries=[entry for entry in entries if entry.currency in worth], all=entries)
    return Counted(all=entries, flags=(Flag.SEVERAL_CURRENCIES,), waits_for=(linked(Role.ACCOUNT, account.ref),))


def restored(account: SObject, context: Context) -> Write | None:
    """What must be written to an Account that people changed, if it was ever summed up."""
    if context.link(Role.SUMMARY, account.ref) is None:
        return None
    decision = decide(account, context)
    return decision if isinstance(decision, Write) else None


def renamed(account: Ref, texts: Mapping[Dim, tuple[str, str]], context: Context) -> tuple[LinkDraft, ...]:
    """The memory of what was written here, when an old name is replaced by a new one: `(old, new)` for each dim."""
    known = context.link(Role.SUMMARY, account)
    if known is None:
        return ()
    ours = {dim: new for dim, (old, new) in texts.items() if known.agreed.get(dim) == old}
    return (_draft(account, {**known.agreed, **{str(dim): text for dim, text in ours.items()}}),) if ours else ()


def _draft(account: Ref, agreed: Mapping[str, str | None]) -> LinkDraft:
    """What was written here, of each text; None where it is not ours."""
    return LinkDraft(Role.SUMMARY, account, Ref("quickbooks", "Summary", account.id), agreed)


class Name(msgspec.Struct, frozen=True):
    """The text for a field: None while it cannot be told. `unknown` are entries whose name is not known yet."""

    text: str | None = None
    unknown: tuple[Ref, ...] = ()


def _name(dim: Dim, entries: Sequence[Entry], context: Context) -> Name:
    """The department or class with the largest absolute net; a tie goes by name; blank only if all are blank (D.4)."""
    refs = _leading(dim, entries, context.today)
    if not refs:
        return Name(None if refs is None else "")
    names = {ref: link.agreed.get("name") if (link := context.link(Role.DIM_NAME, ref)) else None for ref in refs}
    unknown = tuple(ref for ref, name in names.items() if not name)
    return Name(unknown=unknown) if unknown else Name(min(name for name in names.values() if name))


def _leading(dim: Dim, entries: Sequence[Entry], today: date) -> list[Ref] | None:
    """Those with the largest absolute net, none if all invoices that count name none; None if no invoice counts."""
    counted = [each for each in entries if _counts(each, today)]
    sums: dict[str, Decimal] = {}
    for entry in counted:
        id_ = _id(dim, entry)
        sums[id_] = money.total([sums.get(id_, money.ZERO), abs(entry.net)])
    sums.pop("", None)
    most = max(sums.values(), default=None)
    return [entry_ref(dim, id_) for id_, each in sums.items() if each == most] if counted else None


def _id(dim: Dim, entry: Entry) -> str:
    return entry.department_id if dim == "department" else entry.class_ids


def _counts(entry: Entry, today: date) -> bool:
    """Whether it is worth something and of the last 12 months."""
    leaves = billed_links.leaves_on(entry)
    lives = bool(entry.net) and entry.status not in LOST
    return lives and entry.txn_date is not None and leaves is not None and entry.txn_date <= today < leaves


def _texts(
    account: SObject, wanted: Mapping[Dim, str | None], last: Mapping[str, str | None]
) -> tuple[Json, dict[str, str | None]]:
    """What to write, and what stands there then through us."""
    body: Json = {}
    agreed: dict[str, str | None] = {}
    for dim, field in FIELDS.items():
        now, text = account.text(field), wanted[dim]
        ours = now in ("", last.get(dim) or "")
        if ours and text is not None and text != now and field in account:
            body[field], now = text or None, text
        agreed[dim] = now or None if ours else None
    return body, agreed


def _overdue(account: SObject, counted: Counted, today: date) -> Json:
    """The open balance of what is past its due day, in the customer's currency like the balance beside it; blank where
    there is no such currency."""
    late = money.total(entry.balance for entry in counted.entries if (day := _late_on(entry)) and day <= today)
    shown = None if counted.flags else late
    if OVERDUE not in account or canonical.value(account[OVERDUE]) == canonical.value(shown):
        return {}
    return {OVERDUE: shown}


def _late_on(entry: Entry) -> date | None:
    """The first day on which it is overdue."""
    due = entry.due_date or entry.txn_date
    return due + timedelta(days=1) if due and entry.balance else None


def _next_day(entries: Sequence[Entry], today: date) -> tuple[Trigger, ...]:
    """The next day on which something is overdue, begins to count, or counts no longer."""
    days = [day for entry in entries for day in (_late_on(entry), entry.txn_date, billed_links.leaves_on(entry))]
    coming = [day for day in days if day is not None and day > today]
    return (day_begins(min(coming)),) if coming else ()


def _write(account: SObject, fitted: Fitted, draft: LinkDraft) -> Write:
    return Write(
        step="summary",
        system="salesforce",
        kind="Account",
        action="update",
        body=fitted.body,
        key=account.id,
        target_id=account.id,
        links=(draft,),
        why=tuple(f"{field} follows from its invoices" for field in fitted.body),
        flags=fitted.flags,
        label=account.text("Name"),
    )


def gone(account: Gone, context: Context) -> Decision:
    """A deleted Account is the matter of those who sync it."""
    del account, context
    return Skip(reason=Reason.GONE)


FLOW = Flow(
    name="account_summary",
    system="salesforce",
    kind="Account",
    rank=38,
    decide=decide,
    gone=gone,
    refused=refused_alone,
    swept=False,
    linked_by=frozenset({Role.BILLED}),
)
"""After the invoices. What people change on an Account is seen by the flow that syncs it: nothing is read twice."""
