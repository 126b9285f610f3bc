"""Which invoices an Account has, and what of each decides about it: one `billed` link for each (accounting-rules E.2).

An Account is summed up from these links, so it costs no call however many invoices it has. They hold a part of what
the `opportunity` link knows, and are made from it. An invoice that is settled and older than a year leaves its Account:
the link then names `AccountPast`, and whoever asks for the invoices of the Account is not given it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from ml_connector.accounting.invoice_status import LOST
from ml_connector.model.plans import Context, Decision, NeedLink, Skip
from ml_connector.model.refs import Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Invoice

from .opportunity_entries import Entry, kept

PAST = "AccountPast"
_KEPT = ("net", "balance", "currency", "txn_date", "due_date", "department_id")


def noting(decide: Callable[[Any, Context], Decision]) -> Callable[[Any, Context], Decision]:
    """The same decision about an invoice; when nothing is left to write, the Account is told how the invoice stands."""

    def noted(invoice: Any, context: Context) -> Decision:
        decision = decide(invoice, context)
        return _noted(invoice, decision, context) if isinstance(decision, Skip) else decision

    return noted


def _noted(record: Any, decision: Skip, context: Context) -> Skip:
    invoice = record.ref
    context.want(NeedLink(Role.OPPORTUNITY, invoice), NeedLink(Role.BILLED, invoice))
    shown, known = context.link(Role.OPPORTUNITY, invoice), context.link(Role.BILLED, invoice)
    account = (shown.agreed.get("account") or "") if shown else ""
    if shown is None or not account:
        return decision
    draft = LinkDraft(Role.BILLED, invoice, Ref("salesforce", "Account", account), _part(shown.agreed))
    if not _is_news(draft, known, context.today):
        return decision
    left = _left(known, draft, context)
    moves = [_move(each, record, context) for each in left if isinstance(record, Invoice)]
    return msgspec.structs.replace(
        decision, links=(*decision.links, draft, *moves), knocks=tuple(dict.fromkeys((*decision.knocks, *left)))
    )


def _left(known: Link | None, wanted: LinkDraft, context: Context) -> tuple[Ref, ...]:
    """The Account that the invoice has left, which is to be summed up anew; one that was merged away never is."""
    if known is None or known.target.kind != "Account" or known.target == wanted.target:
        return ()
    merged = any(link.source == known.target for link in context.links(Role.MERGED, known.target))
    return () if merged else (known.target,)


def _move(account: Ref, invoice: Invoice, context: Context) -> LinkDraft:
    """That an invoice left this Account, and whom it names by now: should its customer be gone, that one took over."""
    customer = invoice.customer_ref.value if invoice.customer_ref else ""
    source = Ref("salesforce", "AccountMove", f"{account.id}:{customer}")
    return LinkDraft(Role.MOVED, source, account, {"customer": customer, "date": context.today.isoformat()})


def _part(agreed: Mapping[str, str | None]) -> dict[str, str | None]:
    """Of several classes the dominant one, which stands first; of the status only that nothing is owed any more."""
    part = {name: agreed[name] for name in _KEPT if agreed.get(name)}
    if first := (agreed.get("class_ids") or "").partition(";")[0]:
        part["class_ids"] = first
    if agreed.get("status") in LOST:
        part["status"] = agreed["status"]
    return part


def _is_news(wanted: LinkDraft, known: Link | None, today: date) -> bool:
    if known is not None and known.target.kind == "Account":
        return known.target != wanted.target or dict(known.agreed) != dict(wanted.agreed)
    return not is_past(kept(wanted.agreed), today)


def leaves_on(entry: Entry) -> date | None:
    """The first day on which an invoice is no longer one of the last 12 months; None without a date."""
    day = entry.txn_date
    if day is None:
        return None
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)


def is_past(entry: Entry, today: date) -> bool:
    """Nothing is open, and it is older than 12 months: it does not matter to its Account any more."""
    leaves = leaves_on(entry)
    return not entry.balance and (leaves is None or leaves <= today)


def retired(links: Iterable[Link], today: date) -> tuple[LinkDraft, ...]:
    """Those of an Account's links that no longer matter, as they leave it."""
    return tuple(
        LinkDraft(Role.BILLED, link.source, Ref("salesforce", PAST, link.target.id), link.agreed)
        for link in links
        if is_past(kept(link.agreed), today)
    )
