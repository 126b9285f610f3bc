"""Order -> JournalEntry: one entry for each activated order, posted once and never changed (accounting-rules B).

`decide` answers with the first of:

1. reduction order: skipped (`reduction_order`, listed).
2. not activated: skipped (`not_activated`); H-DEACTIVATED if it was posted.
3. posted in part: the next part as it was approved, or why not (`accounting/parts.py`).
   Posted already: the order is marked in Salesforce, then skipped (`in_agreement`; flag AMENDED_AFTER_POSTING where its
   amounts, products or dims are no longer those posted). There is never a second entry of kind O.
4. the template is not signed as it stands: H-UNSIGNED. None, or T0: skipped (`no_template`). No start date:
   H-START-DATE. Activated before it: SKIPPED_BEFORE_START.
5. nothing to post: SKIPPED_ZERO.
6. no customer: H-CUST-UNLINKED. Then the reasons of `order_entry.order_posting`, in its order.
7. the numbers are taken: adopted if it is our very entry, else the reasons of `double_count.py`.
8. the entry, or the first of its parts, which waits for an approval of exactly its body and of those that follow.

1 to 5 are `accounting/order_standing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ml_connector.accounting import parts as entry_parts
from ml_connector.accounting.entry import EntryPart
from ml_connector.accounting.order_entry import (
    OrderPosting,
    Scope,
    amount_of,
    check_names,
    currency_of,
    order_facts,
    order_posting,
)
from ml_connector.accounting.order_standing import standing_of
from ml_connector.accounting.postings import (
    digest,
    item_links,
    journal_link,
    of_order,
    posting_ref,
    rate_link,
)
from ml_connector.flows.fields import for_salesforce
from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, Decision, Flow, Hold, Skip, Unattended, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Json, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import SETTINGS
from ml_connector.systems.salesforce.records import SObject

from . import parts as order_parts
from .double_count import look
from .limit import precedent_links, precedents, unattended, within_limit
from .references import check_references
from .refusals import refused
from .scope import scope_of

_UNTIL_SETTINGS_CHANGE = (Reason.NO_TEMPLATE, Reason.BEFORE_START)


def decide(order: SObject, context: Context) -> Decision:
    """What to do about an order as it stands now; see the module for the order of reasons."""
    posted = context.link(Role.JOURNAL, posting_ref(order.id))
    missing = order_parts.still_missing(order.id, posted, context)
    try:
        return _decide(order, posted, missing, context)
    except Held as held:
        return _hold(held, order, posted, missing, context)


def _hold(held: Held, order: SObject, posted: Link | None, missing: Sequence[EntryPart], context: Context) -> Hold:
    """What waits is all of the order, or the parts that are missing; then it says what is posted and what is not."""
    facts = order_facts(order)
    if posted and missing:
        return held.hold(_waiting(missing), _currency_of_link(posted), **facts, **_facts_of_parts(posted, missing))
    currency = _currency(order, context)
    return held.hold(amount_of(order, currency), currency, **facts)


def gone(record: Gone, context: Context) -> Decision:
    """A deleted order. What was posted stays; it is only flagged, because a correction is an entry of its own."""
    posted = context.link(Role.JOURNAL, posting_ref(record.ref.id))
    missing = order_parts.still_missing(record.ref.id, posted, context)
    if posted and missing:
        held = Held(code="H-DEACTIVATED", case="gone", doc_number=posted.agreed.get("doc_number") or "")
        return held.hold(_waiting(missing), _currency_of_link(posted), **_facts_of_parts(posted, missing))
    return Skip(reason=Reason.GONE, flags=(Flag.DELETED_AFTER_POSTING,) if posted else ())


def _decide(order: SObject, posted: Link | None, missing: Sequence[EntryPart], context: Context) -> Decision:
    standing = standing_of(order, posted, missing, context.settings)
    if isinstance(standing, Reason):
        return _skip(standing, order, context)
    if posted is None:
        return _post(order, context)
    return _next(order, posted, missing, context) if missing else _posted(order, posted, context)


def _skip(reason: Reason, order: SObject, context: Context) -> Skip:
    waits_for = (SETTINGS,) if reason in _UNTIL_SETTINGS_CHANGE else ()
    currency = _currency(order, context)
    return Skip(reason=reason, amount=amount_of(order, currency), currency=currency, waits_for=waits_for)


def _currency(order: SObject, context: Context) -> str:
    """The order's currency; only a single-currency org makes it ask for the home currency."""
    own = currency_of(order, "")
    return own or str(context.reference("quickbooks", "preferences").home_currency)


def _currency_of_link(posted: Link) -> str:
    return posted.agreed.get("currency") or ""


def _facts_of_parts(posted: Link, missing: Sequence[EntryPart]) -> dict[str, str]:
    return {**entry_parts.facts(entry_parts.posted_numbers(posted, missing), missing)}


# --- a new posting


def _post(order: SObject, context: Context) -> Decision:
    check_names(order)
    scope = scope_of(order, context)
    posting = order_posting(scope)
    parts = posting.entry.parts
    if not parts:
        return _skip(Reason.ZERO, order, context)
    keeps = {**of_order(order, posting.entry), **entry_parts.kept(parts, scope.rules.max_lines)}
    if entry := look(order, parts, context, scope.customer):
        link = journal_link(order, parts[0], scope.home, entry, keeps)
        return Skip(reason=Reason.ADOPTED, links=(link,), amount=posting.entry.net, currency=posting.entry.currency)
    check_references(parts[0].draft, context)
    refs = precedents(scope.rules, posting.mappings)
    rate = (rate_link(scope.currency, scope.home, posting.rate, parts[0].draft.txn_date),) if posting.rate else ()
    links = (*rate, *item_links(posting.matched), *precedent_links(refs))
    return _write(
        parts, scope.currency, why=posting.why, flags=posting.flags,
        unattended=_unattended(scope, posting, refs, context),
        links=(journal_link(order, parts[0], scope.home, more=keeps), *links),
    )  # fmt: skip


def _unattended(scope: Scope, posting: OrderPosting, refs: Sequence[Ref], context: Context) -> Unattended:
    """Re-dated entries take an approver's click each time (B.10)."""
    total, rate = _waiting(posting.entry.parts), posting.rate.value if posting.rate else Decimal(1)
    small = within_limit(total, rate, scope.home, scope.rules)
    return unattended(None if Flag.REDATED in posting.flags else small, refs, context)


def _waiting(parts: Sequence[EntryPart]) -> Decimal:
    return money.total(part.draft.total for part in parts)


def _write(
    parts: Sequence[EntryPart],
    currency: str,
    *,
    links: tuple[LinkDraft, ...],
    unattended: Unattended,
    why: tuple[str, ...] = (),
    flags: tuple[Flag, ...] = (),
    posted: Sequence[str] = (),
) -> Write:
    """The first of these parts; `posted` are the numbers of those before it."""
    draft, count = parts[0].draft, len(posted) + len(parts)
    place = (f"part {len(posted) + 1} of {count}",) if count > 1 else ()
    return Write(
        step="journal",
        system="quickbooks",
        kind="JournalEntry",
        action="create",
        body=draft.body(),
        key=parts[0].identity.key,
        links=links,
        why=(*place, *why),
        flags=flags,
        label=draft.doc_number,
        amount=draft.total,
        currency=currency,
        needs_approval=True,
        together=order_parts.together(parts, posted),
        unattended=unattended,
    )


# --- the rest of an entry in parts


def _next(order: SObject, posted: Link, missing: Sequence[EntryPart], context: Context) -> Decision:
    """The next part, on a day that is open."""
    preferences, currency = context.reference("quickbooks", "preferences"), _currency_of_link(posted)
    home, rules = preferences.home_currency or currency, context.settings
    parts, moved = entry_parts.on_open_day(missing, preferences.book_close_date, rules, context.today)
    if entry := look(order, parts, context):
        return Skip(reason=Reason.ADOPTED, links=(journal_link(order, parts[0], home, entry),))
    check_references(parts[0].draft, context)
    return _write(
        parts, currency, posted=entry_parts.posted_numbers(posted, parts),
        links=(journal_link(order, parts[0], home),), flags=(Flag.REDATED,) if moved else (),
        unattended=order_parts.unattended(posted, rules, home, moved=moved),
    )  # fmt: skip


# --- after the posting


def _posted(order: SObject, link: Link, context: Context) -> Decision:
    """Mark the order, then rest. A changed order is listed, because its correction is an entry of another kind."""
    marks = {"QBO_Journal_Entry__c": entry_parts.mark(link), "QBO_Status__c": "POSTED"}
    changes: Json = {name: mark for name, mark in marks.items() if (order[name] or None) != mark}
    label = f"order {order.text('OrderNumber')}"
    fitted = for_salesforce("Order", order.id, changes, context, creating=False, record=label)
    if fitted.body:
        return Write(
            step="order_mark",
            system="salesforce",
            kind="Order",
            action="update",
            body=fitted.body,
            key=order.id,
            target_id=order.id,
            label=label,
        )
    agreed = link.agreed.get("order")
    amended = agreed is not None and agreed != digest(order)
    net = link.agreed.get("net")
    return Skip(
        flags=(*fitted.flags, *((Flag.AMENDED_AFTER_POSTING,) if amended else ())),
        waits_for=fitted.waits_for,
        amount=money.exact(net) if net else None,
        currency=_currency_of_link(link),
    )


FLOW = Flow(
    name="order_to_journal",
    system="salesforce",
    kind="Order",
    rank=40,
    decide=decide,
    gone=gone,
    refused=refused,
)
"""The flow as the engine serves it: after customers, accounts and invoices."""
