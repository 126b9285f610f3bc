"""Fresh reads of both systems for a tie-out (accounting-rules G). Our own tables only say which belongs to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from ml_connector.accounting import account_dims
from ml_connector.accounting.dates import event_day
from ml_connector.accounting.dims import label
from ml_connector.accounting.invoice_status import status_of
from ml_connector.accounting.order_entry import OrderPlan, total_of
from ml_connector.accounting.postings import posting_ref
from ml_connector.app import App
from ml_connector.engine.planner import PlannedWrite, Planner
from ml_connector.flows.orders import order_to_journal
from ml_connector.model import money
from ml_connector.model.errors import WrongUse
from ml_connector.model.plans import Context, Decision, Flow, Hold, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Task, Verdict
from ml_connector.systems.quickbooks.records import Department, Invoice, JournalEntry, Posting, note_fields
from ml_connector.systems.salesforce.records import SObject

from .r1 import InvoiceFact, LinkFact, r1
from .r2 import EntryFact, OrderFact, r2
from .report import ZERO, Cell, Report

NONE = "-"
_PAGE = 1000


class TieOut(msgspec.Struct, frozen=True, kw_only=True):
    """R1 and R2 of some months, with the instant of the reads."""

    months: Sequence[str]
    read_at: datetime
    reports: Sequence[Report]

    @property
    def month(self) -> str:
        return self.months[0] if len(self.months) == 1 else f"{self.months[0]} to {self.months[-1]}"

    @property
    def agrees(self) -> bool:
        return all(report.agrees for report in self.reports)


def months_between(first: date, last: date) -> list[str]:
    """`2026-10`, `2026-11`, ... from the month of `first` to that of `last`."""
    count = (last.year - first.year) * 12 + last.month - first.month
    return [
        f"{first.year + (first.month - 1 + n) // 12}-{(first.month - 1 + n) % 12 + 1:02d}" for n in range(count + 1)
    ]


async def tie_out(app: App, months: Sequence[str]) -> TieOut:
    """Read both systems and compare. Writes nothing. Raises `WrongUse` for a month that is none, and vendor errors."""
    for month in months:
        _first_day(month)
    reports = [await _invoices(app, months), await _orders(app, months)]
    return TieOut(months=tuple(months), read_at=app.world.clock.now(), reports=reports)


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise WrongUse(f"{month!r} is not a month.", "Write it like 2026-11.") from error


def _span(months: Sequence[str]) -> tuple[str, str]:
    """First day of the first month, first day after the last one."""
    last = _first_day(max(months))
    after = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    return min(months) + "-01", after.isoformat()


# --- R1


async def _invoices(app: App, months: Sequence[str]) -> Report:
    first, after = _span(months)
    departments = (await app.quickbooks.reference("departments")).value
    home = (await app.quickbooks.reference("preferences")).value.home_currency
    rows: list[Invoice] = await app.quickbooks.listed("Invoice", f"TxnDate >= '{first}'", f"TxnDate < '{after}'")
    today = app.connection.today(app.world.clock.now())
    facts = [_invoice_fact(each, departments, home, today) for each in rows]
    opportunities = await app.salesforce.listed(
        "Opportunity", ("QBO_Invoiced_Net__c", "CurrencyIsoCode"), "QBO_Invoiced_Net__c != null"
    )
    invoiced = {each.id: each.amount("QBO_Invoiced_Net__c") for each in opportunities}
    links = [_link_fact(link) for link in app.store.all_links(app.connection.id, Role.OPPORTUNITY)]
    return r1(facts, await _living(app, links, invoiced), invoiced, months)


async def _living(app: App, links: Sequence[LinkFact], invoiced: Mapping[str, Decimal | None]) -> list[LinkFact]:
    """Without those whose Opportunity was deleted: such an invoice has no link (U1). Asked only where one misses."""
    missing = list(dict.fromkeys(link.opportunity for link in links if link.opportunity not in invoiced))
    found = await app.salesforce.read("Opportunity", missing) if missing else {}
    return [link for link in links if not isinstance(found.get(link.opportunity), Gone)]


def _invoice_fact(invoice: Invoice, departments: dict[str, Department], home: str, today: date) -> InvoiceFact:
    ref = invoice.department_ref
    department = label(departments[ref.value]) if ref and ref.value in departments else NONE
    currency = invoice.currency or home
    cell = Cell(str(invoice.txn_date)[:7], currency, department)
    return InvoiceFact(str(invoice.ref), cell, money.q(invoice.net_amount, currency), status_of(invoice, (), today))


def _link_fact(link: Link) -> LinkFact:
    agreed = link.agreed
    status = agreed.get("status") or ""
    return LinkFact(
        record=str(link.source),
        opportunity=link.target.id,
        cell=Cell(str(agreed.get("txn_date"))[:7], agreed.get("currency") or "", agreed.get("department") or NONE),
        net=money.exact(agreed.get("net") or "0.00"),
        status="PAID" if status == "CREDITED" else status,
    )


# --- R2


class _Judge(Planner):
    """A dry run that remembers how each record was judged."""

    judged: dict[Ref, str]

    async def settle(self, flow: Flow, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            self.judged[verdict.task.ref] = "held" if verdict.hold else verdict.text
        await super().settle(flow, verdicts)


async def _orders(app: App, months: Sequence[str]) -> Report:
    first, after = _span(months)
    links = {link.source: link for link in app.store.all_links(app.connection.id, Role.JOURNAL)}
    orders = await _activated(app, months, links)
    judge = _Judge(app.connection, app.outside)
    plans: dict[Ref, OrderPlan | Hold] = {}
    await _serve(judge, order_to_journal.FLOW, orders)
    writes = [write for write in judge.plan.writes if write.step == "journal"]
    books = _Books(links, frozenset(write.key for write in writes), _not_counted(app))
    planned = {Ref.parse(write.record) for write in writes}
    states = {order.ref: _state(order, judge.judged, planned) for order in orders}
    begun = _begun(orders, writes, links)
    posted = [order for order in orders if states[order.ref] == "posted" or order.ref in begun]
    await _serve(_Judge(app.connection, app.outside), _expecting(plans), posted)
    parts = {ref: _expected(ref, plan, states[ref], books) for ref, plan in plans.items()}
    facts = [_order_fact(order, states[order.ref], parts.get(order.ref, [])) for order in orders]
    entries = await app.quickbooks.listed("JournalEntry", f"TxnDate >= '{first}'", f"TxnDate < '{after}'")
    expected = [fact for facts in parts.values() for fact in facts if fact.month in months]
    report = r2(expected, [fact for entry in entries if (fact := _actual(entry, books.skip, app))], facts)
    lost = [f"{ref} would not be posted today: {plan.code}" for ref, plan in plans.items() if isinstance(plan, Hold)]
    return msgspec.structs.replace(report, notes=[*report.notes, *lost])


class _Books(NamedTuple):
    """What of our entries is on record, what is planned now (by key), and the accounts that are not compared."""

    links: Mapping[Ref, Link]
    planned: frozenset[str]
    skip: frozenset[str]


def _begun(orders: Sequence[SObject], writes: Sequence[PlannedWrite], links: Mapping[Ref, Link]) -> set[Ref]:
    """Orders whose first part is posted: on record, or because only later parts are planned."""
    first: dict[str, str] = {}
    for write in writes:
        first.setdefault(write.record, write.key)
    later = {record for record, key in first.items() if not key.endswith("|01")}
    return {order.ref for order in orders if posting_ref(order.id) in links or str(order.ref) in later}


async def _activated(app: App, months: Sequence[str], links: Mapping[Ref, Link]) -> list[SObject]:
    """Activated orders whose entry belongs to these months: posted ones by their entry's day, others by B.10."""
    first, after = _span(months)
    where = f"StatusCode = 'Activated' AND IsReductionOrder = false AND ActivatedDate < {_instant(app, after)}"
    where += f" AND (EffectiveDate >= {first} OR ActivatedDate >= {{}})"
    earliest = date.fromisoformat(first) - timedelta(days=app.rules.max_redate_days)
    fields = ("OrderNumber", "TotalAmount", "CurrencyIsoCode", "ActivatedDate", "EffectiveDate")
    orders = await app.salesforce.listed("Order", fields, where.format(_instant(app, earliest.isoformat())))
    return [order for order in orders if _month(order, links, app) in months]


def _month(order: SObject, links: Mapping[Ref, Link], app: App) -> str:
    link = links.get(posting_ref(order.id))
    day = link.agreed.get("date") if link else None
    return (day or str(event_day(order.instant("ActivatedDate"), order.day("EffectiveDate"), app.rules)))[:7]


def _instant(app: App, day: str) -> str:
    local = datetime.combine(date.fromisoformat(day), datetime.min.time(), app.connection.zone)
    return local.isoformat()


async def _serve(judge: _Judge, flow: Flow, orders: Sequence[SObject]) -> None:
    judge.judged = {}
    now = judge.outside.clock.now()
    for start in range(0, len(orders), _PAGE):
        await judge.serve(flow, [Task(flow.name, order.ref, 1, 0, now) for order in orders[start : start + _PAGE]])


def _expecting(plans: dict[Ref, OrderPlan | Hold]) -> Flow:
    """A flow that only works out what an order must have posted."""

    def decide(order: SObject, context: Context) -> Decision:
        link = context.link(Role.JOURNAL, posting_ref(order.id))
        then = account_dims.as_posted(order, link.agreed) if link else order
        plans[order.ref] = order_to_journal.expected(then, context)
        return Skip()

    def gone(order: Gone, context: Context) -> Decision:
        del order, context
        return Skip(reason=Reason.GONE)

    return Flow(
        name="expected",
        system="salesforce",
        kind="Order",
        rank=0,
        decide=decide,
        gone=gone,
        refused=order_to_journal.FLOW.refused,
    )


def _state(order: SObject, judged: Mapping[Ref, str], planned: set[Ref]) -> str:
    verdict = judged.get(order.ref, "")
    if order.ref in planned:
        return "pending"
    if verdict == "held":
        return "held"
    return "posted" if verdict in ("in_agreement", "adopted", "order_mark_refused") else "skipped"


def _order_fact(order: SObject, state: str, parts: Sequence[EntryFact]) -> OrderFact:
    posted = ZERO if state == "posted" else sum((each for part in parts for each in part.lines.values()), ZERO)
    return OrderFact(str(order.ref), order.text("CurrencyIsoCode"), total_of(order) or ZERO, state, posted)


def _not_counted(app: App) -> frozenset[str]:
    """Accounts whose lines mirror the others: Unbilled and A/R. What is compared are the target accounts."""
    template = app.rules.template
    return frozenset() if template is None else frozenset({template.unbilled, *template.receivable.values()})


def _expected(ref: Ref, plan: OrderPlan | Hold, state: str, books: _Books) -> list[EntryFact]:
    """The entries that must be there, on the day on record where it was moved: of an order in parts the posted ones."""
    facts: list[EntryFact] = []
    if isinstance(plan, Hold):
        return facts
    for part in plan.journal.parts:
        source = posting_ref(ref.id, part.identity.kind, part.identity.seq)
        link = books.links.get(source)
        open_ = part.identity.key in books.planned if state == "pending" else link is None
        if state == "posted" or not open_:
            day = link.agreed.get("date") if link else None
            facts.append(
                EntryFact(
                    key=str(source),
                    record=f"quickbooks:JournalEntry:{part.draft.doc_number}",
                    month=(day or str(part.draft.txn_date))[:7],
                    currency=plan.journal.currency,
                    lines=_lines(part.draft.lines, books.skip),
                )
            )
    return facts


def _actual(entry: JournalEntry, skip: frozenset[str], app: App) -> EntryFact | None:
    """An entry of ours, of this company and org; None for anybody else's."""
    note = note_fields(entry.private_note)
    if note.get("org") != app.rules.org_id or note.get("k") != "O":
        return None
    return EntryFact(
        key=str(posting_ref(note.get("ord", ""), "O", note.get("seq", ""))),
        record=f"quickbooks:JournalEntry:{entry.doc_number}",
        month=str(entry.txn_date)[:7],
        currency=entry.currency or "",
        lines=_lines(entry.postings, skip),
    )


def _lines(postings: Sequence[Posting], skip: frozenset[str]) -> dict[str, Decimal]:
    lines: dict[str, Decimal] = {}
    for each in postings:
        if each.account not in skip:
            name = "|".join((each.account, each.department or NONE, each.class_ or NONE))
            lines[name] = lines.get(name, ZERO) + (each.amount if each.side == "Credit" else -each.amount)
    return lines
