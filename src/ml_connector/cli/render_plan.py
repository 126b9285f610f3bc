"""A plan as an accountant reads it: entries with debits and credits, other writes, holds, and what adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ml_connector.model.holds import render as hold_words
from ml_connector.model.people import USER

from .layout import NARROW, Column, table
from .render_state import undone_line
from .text import amount, by_currency, count, decimal, fold, hanging, moment, safe, system_name, words

if TYPE_CHECKING:
    from ml_connector.actions.plan import Plan, PlannedHold, PlannedWrite, PlanView
    from ml_connector.actions.status import Undone

    from .views import Names

_SHOWN = 10
_WIDE = 120
_UNPROVED = "Nobody has proved to be its maker: as nobody could be the second person, its entries cannot be approved."
_PROVE = "Next:  ml-connector plan  in a terminal, which asks who you are; a machine gives  --token-file FILE"
_ACTIONS = {"create": ("+", "to create"), "upsert": ("+", "to create or match"), "update": ("~", "to update")}


def plan_lines(
    view: PlanView,
    width: int | None,
    *,
    title: str = "",
    whole: bool = False,
    names: Names | None = None,
    zone: tzinfo = UTC,
    four_eyes: bool = True,
    most: int = _SHOWN,
    left: Sequence[Undone] = (),
) -> list[str]:
    """The plan, its first entries (`most`) or all of them (`whole`), for `width` columns (None: unbounded).

    `left` is what is left undone beside it.
    """
    plan = view.plan
    lines = fold(safe(title), width) if title else []
    lines += [*fold(f"Made {moment(view.made_at, zone)} by {safe(view.made_by)}", width), ""]
    entries = plan.postings()
    shown = entries if whole else entries[:most]
    for entry in shown:
        lines += entry_lines(entry, width, names or {})
    if len(entries) > len(shown):
        lines.append(f"  ... {len(entries) - len(shown):,} more (--all)")
    lines += _others(plan, width)
    lines += _holds(plan.holds, width)
    lines += _missing(view, left, width)
    sums = _sums(view, left, width, four_eyes=four_eyes)
    return [*lines, *([""] if entries or plan.holds or plan.writes else []), *sums]


def plan_rows(views: Sequence[PlanView], width: int | None, zone: tzinfo = UTC) -> list[str]:
    """All plans, newest first."""
    if not views:
        return ["No plans yet. A plan shows every entry before it is posted.", "Next:  ml-connector plan"]
    columns = [Column("Plan"), Column("State"), Column("Made"), Column("By"), Column("Entries", figure=True)]
    columns.append(Column("Total", figure=True))
    rows = [
        [
            view.id,
            view.state,
            moment(view.made_at, zone),
            safe(view.made_by),
            f"{len(view.plan.postings()):,}",
            _total(view.plan),
        ]
        for view in views
    ]
    waiting = next((view.id for view in views if view.state == "open"), "")
    return [*table(columns, rows, width), _next_of(waiting)]


def question(view: PlanView, title: str) -> str:
    """What a person is asked before a plan is applied."""
    entries = view.plan.postings()
    others = len(view.plan.writes) - len(entries)
    parts = [f"{count(len(entries), 'journal entry', 'journal entries')}, {_total(view.plan)}," if entries else ""]
    parts.append(f"{'and ' if entries else ''}{count(others, 'other write')}" if others else "")
    return f"Apply plan {view.id}: {' '.join(part for part in parts if part)} to {safe(title)}?".replace(", to", " to")


def _total(plan: Plan) -> str:
    return by_currency((write.amount, write.currency) for write in plan.postings())


def _next_of(plan_id: str) -> str:
    return f"Next:  ml-connector apply {plan_id}" if plan_id else "Next:  ml-connector plan"


# --- entries


def entry_lines(entry: PlannedWrite, width: int | None, names: Names) -> list[str]:
    """`+ SFO-00001234-01  2026-11-10  USD` and below it the lines of the entry, in balance or not."""
    body: Mapping[str, Any] = entry.body or {}
    head = [body.get("DocNumber") or entry.label or entry.key, body.get("TxnDate") or "", entry.currency]
    lines = hanging("+ ", "  ".join(safe(part) for part in [*head, entry.record] if part), width)
    posted = [line for line in body.get("Line", ()) if isinstance(line, Mapping)]
    debits, credits_ = side_sum(posted, "Debit"), side_sum(posted, "Credit")
    verdict = "balanced" if debits == credits_ else f"FAIL  out of balance by {amount(abs(debits - credits_))}"
    rows = [_row(line, entry.currency, names) for line in posted]
    rows.append([verdict, "", "", amount(debits, entry.currency), amount(credits_, entry.currency), ""])
    columns = [Column("Account"), Column("department"), Column("class")]
    columns += [Column("debit", figure=True), Column("credit", figure=True), Column("why")]
    if width is not None and width < _WIDE:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return lines + table(columns, rows, width, indent="    " if width is None or width >= NARROW else "  ", head=False)


def side_sum(lines: Iterable[Mapping[str, Any]], side: str) -> Decimal:
    """The sum of the debits or credits of a journal entry's lines."""
    amounts = [decimal(line.get("Amount")) for line in lines if _detail(line).get("PostingType") == side]
    return sum((figure for figure in amounts if figure is not None), Decimal(0))


def _row(line: Mapping[str, Any], currency: str, names: Names) -> list[str]:
    detail = _detail(line)
    debit = detail.get("PostingType") == "Debit"
    text = amount(line.get("Amount"), currency)
    described = safe(line.get("Description") or "")
    source = f" {described.partition(']')[0]}]" if described.startswith("[") and "]" in described else ""
    account = _name(detail.get("AccountRef"), names.get("accounts", {}), "account ")
    return [
        f"{'Dr' if debit else 'Cr'} {account}{source}",
        _name(detail.get("DepartmentRef"), names.get("departments", {}), "department "),
        _name(detail.get("ClassRef"), names.get("classes", {}), "class "),
        text if debit else "",
        "" if debit else text,
        described.partition("] ")[2] or described if source else described,
    ]


def _detail(line: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = line.get("JournalEntryLineDetail")
    return detail if isinstance(detail, Mapping) else {}


def _name(reference: Any, names: Mapping[str, str], what: str) -> str:
    if not isinstance(reference, Mapping):
        return "-"
    id_ = str(reference.get("value") or "")
    return safe(names.get(id_) or reference.get("name") or f"{what}{id_}")


# --- the rest of a plan


def _others(plan: Plan, width: int | None) -> list[str]:
    """Writes that are no postings, counted by what they are."""
    counts: dict[tuple[str, str, str, str], int] = {}
    for write in plan.writes:
        if write.body is None:
            key = (write.flow, write.system, write.kind, write.action)
            counts[key] = counts.get(key, 0) + 1
    lines = []
    for (flow, system, kind, action), number in counts.items():
        mark, verb = _ACTIONS.get(action, ("+", action))
        sentence = f"{number:,} {safe(kind)} {verb} in {system_name(system)} ({words(flow)})"
        lines += hanging(f"{mark} ", sentence, width)
    return lines


def _holds(holds: Sequence[PlannedHold], width: int | None) -> list[str]:
    """Holds of one reason and one sentence together: records, money per currency, sentence, and what to do.

    They are on record only when the plan was applied: until then `holds` knows nothing of them.
    """
    groups: dict[tuple[str, str], list[PlannedHold]] = {}
    for hold in holds:
        spoken = hold_words(hold.code, hold.facts, hold.amount, hold.currency)
        groups.setdefault((spoken.sentence, spoken.remedy), []).append(hold)
    lines = []
    for (sentence, remedy), members in groups.items():
        records = " ".join(safe(member.record) for member in members[:3])
        more = f" and {len(members) - 3:,} more" if len(members) > 3 else ""
        money = by_currency((member.amount, member.currency) for member in members)
        lines += hanging("held  ", "  ".join(part for part in (records + more, money, safe(sentence)) if part), width)
        lines += hanging("      ", f"fix:  {safe(remedy)}", width)
    return lines


def _missing(view: PlanView, left: Sequence[Undone], width: int | None) -> list[str]:
    """What may be missing in the plan because it could not be read, and what else is left undone."""
    texts = [f"Not all that is due may be in this plan: {text}" for text in view.unlisted]
    if view.unread and not any("could not be read" in item.sentence for item in left):
        texts.append(f"{count(view.unread, 'record')} could not be read, and {_is(view.unread)} asked for again.")
    lines = [line for text in texts for line in hanging("FAIL  ", safe(text), width)]
    others = [item for item in left if not any(text in item.sentence for text in view.unlisted)]
    return lines + [line for item in others for line in undone_line(item, width)]


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _sums(view: PlanView, left: Sequence[Undone], width: int | None, *, four_eyes: bool) -> list[str]:
    plan = view.plan
    entries = plan.postings()
    skipped = sum(number for flow in plan.skipped.values() for number in flow.values())
    counts = [
        count(len(entries), "journal entry", "journal entries"),
        count(len(plan.writes) - len(entries), "other write"),
        f"{skipped:,} unchanged or skipped",
        f"{len(plan.holds):,} held",
    ]
    lines = fold(f"Plan {view.id}: {', '.join(counts)}.", width)
    for currency, (debits, credits_) in totals(entries).items():
        same = f"Debits = credits {amount(debits, currency)} {currency}."
        differ = f"FAIL  debits {amount(debits, currency)}, credits {amount(credits_, currency)} {currency}."
        lines += fold(same if debits == credits_ else differ, width)
    if not plan.writes:
        return [*lines, *fold(_nothing(view, left), width)]
    if view.state != "open":
        return [*lines, *fold(f"This plan is {safe(view.state)}. Next:  ml-connector status", width)]
    if entries and four_eyes and view.made_by.startswith(USER):
        return [*lines, *fold(_UNPROVED, width), *fold(_PROVE, width)]
    who = "another person approves, then  " if entries and four_eyes else " "
    return [*lines, *fold("Nothing has been written.", width), *fold(f"Next: {who}ml-connector apply {view.id}", width)]


def _nothing(view: PlanView, left: Sequence[Undone]) -> str:
    of_it = " of what could be read" if view.unlisted or view.unread else ""
    command = "holds" if view.plan.holds else left[0].command if left else "status"
    return f"Nothing{of_it} is to be written. Next:  ml-connector {safe(command)}"


def totals(entries: Iterable[PlannedWrite]) -> dict[str, tuple[Decimal, Decimal]]:
    """Debits and credits by currency, added up from the very bodies that are to be sent."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for entry in entries:
        lines = (entry.body or {}).get("Line", ())
        debits, credits_ = sums.get(entry.currency, (Decimal(0), Decimal(0)))
        sums[entry.currency] = (debits + side_sum(lines, "Debit"), credits_ + side_sum(lines, "Credit"))
    return dict(sorted(sums.items()))
