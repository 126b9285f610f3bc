"""Order -> JournalEntry: one entry for each activated order, posted once and never changed (accounting-rules B).

`decide` answers with the first of:

1. reduction order: skipped (`reduction_order`, listed).
2. not activated: skipped (`not_activated`); H-DEACTIVATED if it was posted.
3. posted in part: the next part as it was approved, or why not (`order_parts`).
   Posted already: the order is marked in Salesforce, then skipped (`in_agreement`; flag AMENDED_AFTER_POSTING where its
   amounts, products or dims are no longer those posted). There is never a second entry of kind O.
4. no template, or T0: skipped (`no_template`). No start date: H-START-DATE. Activated before it: SKIPPED_BEFORE_START.
5. nothing to post: SKIPPED_ZERO.
6. no customer: H-CUST-UNLINKED. Then the reasons of `order_plan.plan_or_raise`, in its order.
7. the numbers are taken: adopted if it is our very entry, else the reasons of `double_count.look`.
8. the entry, or the first of its parts, which waits for an approval of exactly its body and of those that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from ml_connector.accounting.chart import Product, needs_code
from ml_connector.accounting.dates import activation_day, month_name
from ml_connector.accounting.entry import EntryPart
from ml_connector.accounting.order_entry import (
    OrderPlan,
    Rates,
    Scope,
    currency_of,
    is_zero,
    lines_of,
    order_facts,
    plan_or_raise,
    total_of,
)
from ml_connector.accounting.order_lines import Tables, dim_names
from ml_connector.accounting.postings import (
    digest,
    item_links,
    journal_link,
    of_order,
    posting_ref,
    rate_link,
    rate_ref,
)
from ml_connector.accounting.rates import corporate_rate
from ml_connector.accounting.templates import policy_of
from ml_connector.flows.dimensions.links import rename_need, renames
from ml_connector.flows.parties.pair_links import customer_of, of_account
from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import (
    Context,
    Decision,
    Flow,
    Hold,
    NeedFind,
    NeedLink,
    NeedRecord,
    NeedReference,
    Skip,
    Unattended,
    Write,
)
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import SETTINGS, Trigger, linked, record_changed
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import double_count
from . import parts as order_parts
from .limit import precedent_links, precedents, unattended, within_limit
from .refusals import refused

_TABLES = ("accounts", "items", "departments", "classes", "preferences")
_MARKS = ("QBO_Journal_Entry__c", "QBO_Status__c")


def decide(order: SObject, ctx: Context) -> Decision:
    """What to do about an order as it stands now; see the module for the order of reasons."""
    try:
        return _decide(order, ctx)
    except Held as held:
        return held.hold(total_of(order), _currency(order, ctx), **order_facts(order))


def gone(record: Gone, ctx: Context) -> Decision:
    """A deleted order. What was posted stays; it is only flagged, because a correction is an entry of its own."""
    posted = ctx.link(Role.JOURNAL, posting_ref(record.ref.id))
    if posted and (rest := order_parts.missing(record.ref.id, posted, ctx)):
        facts = order_parts.facts(order_parts.posted_numbers(posted, rest), rest)
        held = Held(code="H-DEACTIVATED", case="gone", doc_number=posted.agreed.get("doc_number") or "")
        return held.hold(_waiting(rest), posted.agreed.get("currency") or "", **facts)
    return Skip(reason=Reason.GONE, flags=(Flag.DELETED_AFTER_POSTING,) if posted else ())


def _decide(order: SObject, ctx: Context) -> Decision:
    if order["IsReductionOrder"]:
        return _skip(Reason.REDUCTION_ORDER, order, ctx)
    posted = ctx.link(Role.JOURNAL, posting_ref(order.id))
    if posted and (rest := order_parts.missing(order.id, posted, ctx)):
        return _finish(order, posted, rest, ctx)
    if order.text("StatusCode") != "Activated":
        if posted:
            raise Held(code="H-DEACTIVATED", month=_month(posted.agreed.get("date")))
        return _skip(Reason.NOT_ACTIVATED, order, ctx)
    if posted:
        return _posted(order, posted, ctx)
    return _not_yet(order, ctx.settings, ctx) or _post(order, ctx)


def _skip(reason: Reason, order: SObject, ctx: Context, *waits_for: Trigger) -> Skip:
    return Skip(reason=reason, amount=total_of(order), currency=_currency(order, ctx), waits_for=waits_for)


def _currency(order: SObject, ctx: Context) -> str:
    """The order's currency; only a single-currency org makes it ask for the home currency."""
    own = currency_of(order, "")
    return own or str(ctx.reference("quickbooks", "preferences").home_currency)


def _not_yet(order: SObject, rules: Rules, ctx: Context) -> Skip | None:
    """Whether the settings, the start date or its amounts keep the order from posting."""
    if not policy_of(rules.template).posts:
        return _skip(Reason.NO_TEMPLATE, order, ctx, SETTINGS)
    if rules.start_date is None:
        raise Held(code="H-START-DATE", waits_for=(SETTINGS,))
    day = activation_day(order.instant("ActivatedDate"), order.day("EffectiveDate"), rules)
    if day is not None and day < rules.start_date:
        return _skip(Reason.BEFORE_START, order, ctx, SETTINGS)
    if not total_of(order) and is_zero(order, rules):
        return _skip(Reason.ZERO, order, ctx)
    return None


# --- a new posting


def expected(order: SObject, ctx: Context) -> OrderPlan | Hold:
    """What an order that counts as posted must have posted, by the rules and from what both systems show now (R2).

    Books that were closed since then do not matter, nor do departments and classes that were renamed or deactivated,
    nor which rates of the pair came later.
    """
    try:
        scope = _scope(order, ctx, past=True)
        preferences = scope.tables.preferences
        open_books = msgspec.structs.replace(preferences.accounting_info_prefs, book_close_date=None)
        preferences = msgspec.structs.replace(preferences, accounting_info_prefs=open_books)
        tables = msgspec.structs.replace(scope.tables, preferences=preferences)
        posted = ctx.link(Role.JOURNAL, posting_ref(order.id))
        rules = msgspec.structs.replace(order_parts.as_posted(scope.rules, posted), lock_date=None)
        rates = _rate_as_posted(posted) if posted else scope.rates
        return plan_or_raise(msgspec.structs.replace(scope, tables=tables, rules=rules, rates=rates))
    except Held as held:
        return held.hold(total_of(order), _currency(order, ctx), **order_facts(order))


def _rate_as_posted(posted: Link) -> Callable[[date], Rates]:
    rate = posted.agreed.get("rate")
    return lambda day: Rates(quickbooks=money.exact(rate) if rate else None)


def _post(order: SObject, ctx: Context) -> Decision:
    _check_names(order)
    scope = _scope(order, ctx)
    plan = plan_or_raise(scope)
    parts = plan.journal.parts
    if not parts:
        return _skip(Reason.ZERO, order, ctx)
    keeps = {**of_order(order, plan.journal), **order_parts.kept(parts, scope.rules.max_lines)}
    if entry := double_count.look(order, parts, ctx, scope.customer):
        link = journal_link(order, parts[0], scope.home, entry, keeps)
        return Skip(reason=Reason.ADOPTED, links=(link,), amount=plan.journal.net, currency=plan.journal.currency)
    refs = precedents(scope.rules, plan.mappings)
    rate = (rate_link(scope.currency, scope.home, plan.rate, parts[0].draft.txn_date),) if plan.rate else ()
    links = (*rate, *item_links(plan.matched), *precedent_links(refs))
    return _write(
        parts, scope.currency, why=plan.why, flags=plan.flags, unattended=_unattended(scope, plan, refs, ctx),
        links=(journal_link(order, parts[0], scope.home, more=keeps), *links),
    )  # fmt: skip


def _unattended(scope: Scope, plan: OrderPlan, refs: Sequence[Ref], ctx: Context) -> Unattended:
    """Re-dated entries take an approver's click each time (B.10)."""
    total = _waiting(plan.journal.parts)
    small = within_limit(total, plan.rate.value if plan.rate else Decimal(1), scope.home, scope.rules)
    return unattended(None if Flag.REDATED in plan.flags else small, refs, ctx)


def _waiting(parts: Sequence[EntryPart]) -> Decimal:
    return money.total(part.draft.total for part in parts)


def _check_names(order: SObject) -> None:
    """Without its number or its account nothing can be looked up, and a blank look-up would find strangers."""
    for name, what in (("OrderNumber", "it shows no number"), ("AccountId", "it names no account")):
        if not order.text(name).strip():
            raise Held(code="H-ORDER-DATA", what=what)


def _scope(order: SObject, ctx: Context, *, past: bool = False) -> Scope:
    """Everything the plan reads. Raises `Held` (H-CUST-UNLINKED, H-CUST-INACTIVE)."""
    names = dim_names(order)
    account = Ref("salesforce", "Account", order.text("AccountId"))
    products = {each.id: each for each in map(Product.of, lines_of(order)) if each.id}
    ctx.want(
        NeedLink(Role.ACCOUNT, account),
        *(NeedReference("quickbooks", name) for name in _TABLES),
        NeedReference("salesforce", "organization"),
        *(NeedLink(Role.ITEM, each.ref) for each in products.values()),
        *(rename_need(dim, text) for dim, text in names),
    )
    links = of_account(account, ctx)
    if not links:
        raise Held(code="H-CUST-UNLINKED", waits_for=(linked(Role.ACCOUNT, account),), knocks=(account,))
    # After a merge an account may have a second, read-only link; its own customer comes first (D.9, E.5).
    customer_ref = customer_of(links[0])
    stored = {id_: item.target.id for id_, each in products.items() if (item := ctx.link(Role.ITEM, each.ref))}
    coded = [each for each in products.values() if needs_code(each, {**stored, **ctx.settings.item_mappings})]
    ctx.want(NeedRecord(customer_ref), *(need for each in coded for need in _twin_needs(each)))
    customer = _customer(customer_ref, account, ctx)
    shared = frozenset(each.id for each in coded if _has_twin(each, ctx))
    tables = Tables(
        **{name: ctx.reference("quickbooks", name) for name in _TABLES}, stored_items=stored, shared=shared,
        renames=renames(names, ctx, past=past), past=past,
    )  # fmt: skip
    home = tables.preferences.home_currency or customer.currency
    sandbox = ctx.reference("salesforce", "organization")["IsSandbox"]
    return Scope(
        order=order, customer=customer, rules=ctx.settings, tables=tables, today=ctx.today,
        rates=_rates(order, currency_of(order, home), home, ctx), sandbox=bool(sandbox),
    )  # fmt: skip


def _customer(ref: Ref, account: Ref, ctx: Context) -> Customer:
    record = ctx.record(ref)
    if isinstance(record, Customer):
        return record
    waits = (record_changed(ref), linked(Role.ACCOUNT, account))
    raise Held(code="H-CUST-INACTIVE", case="gone", waits_for=waits, knocks=(account,))


def _twin_needs(product: Product) -> list[NeedFind]:
    return [NeedFind("salesforce", "Product2", field, product.code) for field in ("StockKeepingUnit", "ProductCode")]


def _has_twin(product: Product, ctx: Context) -> bool:
    """Whether another active product has the same code, so that a code does not name one product (B.3a)."""
    others = [
        other
        for need in _twin_needs(product)
        for other in ctx.found(need.system, need.kind, need.field, need.value)
        if other.id != product.id and other["IsActive"] is not False
    ]
    codes = [(each.text("StockKeepingUnit").strip() or each.text("ProductCode").strip()) for each in others]
    return any(code.casefold() == product.code.casefold() for code in codes)


def _rates(order: SObject, currency: str, home: str, ctx: Context) -> Callable[[date], Rates]:
    """The rates for a day, asked for only when the plan needs them."""

    def of(day: date) -> Rates:
        pair = rate_ref(currency, home)
        if (order.amount("QBO_Exchange_Rate__c") or 0) > 0:
            return Rates(last=_last_rate(pair, ctx))
        name = f"rate:{currency}:{day}"
        ctx.want(
            NeedLink(Role.RATE, pair), NeedReference("quickbooks", name), NeedReference("salesforce", "currencies")
        )
        salesforce = corporate_rate(ctx.reference("salesforce", "currencies"), currency, home)
        return Rates(quickbooks=ctx.reference("quickbooks", name), salesforce=salesforce, last=_last_rate(pair, ctx))

    return of


def _last_rate(pair: Ref, ctx: Context) -> Decimal | None:
    link = ctx.link(Role.RATE, pair)
    rate = link.agreed.get("rate") if link else None
    return money.exact(rate) if rate else None


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


def _finish(order: SObject, posted: Link, rest: Sequence[EntryPart], ctx: Context) -> Decision:
    """The next part. Every reason to hold it says what of the order is posted and what is not."""
    numbers, currency = order_parts.posted_numbers(posted, rest), posted.agreed.get("currency") or ""
    try:
        return _next(order, posted, rest, numbers, ctx)
    except Held as held:
        return held.hold(_waiting(rest), currency, **order_facts(order), **order_parts.facts(numbers, rest))


def _next(order: SObject, posted: Link, rest: Sequence[EntryPart], numbers: Sequence[str], ctx: Context) -> Decision:
    if order.text("StatusCode") != "Activated":
        raise Held(code="H-DEACTIVATED", month=_month(posted.agreed.get("date")))
    preferences, currency = ctx.reference("quickbooks", "preferences"), posted.agreed.get("currency") or ""
    home = preferences.home_currency or currency
    rest, moved = order_parts.on_open_day(rest, preferences.book_close_date, ctx.settings, ctx.today)
    if entry := double_count.look(order, rest, ctx):
        return Skip(reason=Reason.ADOPTED, links=(journal_link(order, rest[0], home, entry),))
    return _write(
        rest, currency, posted=numbers, links=(journal_link(order, rest[0], home),),
        flags=(Flag.REDATED,) if moved else (),
        unattended=order_parts.unattended(posted, ctx.settings, home, moved=moved),
    )  # fmt: skip


# --- after the posting


def _posted(order: SObject, link: Link, ctx: Context) -> Decision:
    """Mark the order, then rest. A changed order is listed, because its correction is an entry of another kind."""
    wanted = {"QBO_Journal_Entry__c": order_parts.mark(link), "QBO_Status__c": "POSTED"}
    visible = ctx.reference("salesforce", "fields:Order")
    changes = {name: wanted[name] for name in _MARKS if name in visible and (order[name] or None) != wanted[name]}
    if changes:
        return Write(
            step="order_mark",
            system="salesforce",
            kind="Order",
            action="update",
            body=changes,
            key=order.id,
            target_id=order.id,
            label=f"order {order.text('OrderNumber')}",
        )
    agreed = link.agreed.get("order")
    amended = agreed is not None and agreed != digest(order)
    net = link.agreed.get("net")
    return Skip(
        flags=(Flag.AMENDED_AFTER_POSTING,) if amended else (),
        amount=money.exact(net) if net else None,
        currency=link.agreed.get("currency") or "",
    )


def _month(day: str | None) -> str:
    return month_name(date.fromisoformat(day)) if day else "the month"


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
