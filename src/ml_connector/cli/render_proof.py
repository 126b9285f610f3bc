"""Tie-out and demo: the proof that both systems show the same money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .layout import Column, table
from .render_state import undone_lines
from .text import amount, by_currency, count, decimal, fold, hanging, moment, safe, words

if TYPE_CHECKING:
    from ml_connector.actions.reconcile import Cell, Completeness, Item, Report, Row, TieOut
    from ml_connector.actions.status import Status

    from .views import Names

_NAMES = {"R1": "Invoices", "R2": "Orders"}
_PARTS = ("posted", "held", "skipped", "pending")
_REASONS = {
    "U1": "no link",
    "U2": "no live invoice",
    "U3": "amounts differ",
    "U4": "status differs",
    "U5": "wrong account",
    "U6": "field is not the sum of its links",
    "U7": "marks of ours without a link, as on a copy",
    "U8": "cannot be read, so it is not proved",
}
_MOST_OPEN = 20


def tie_out_lines(
    tie_out: TieOut,
    width: int | None,
    zone: tzinfo = UTC,
    names: Names | None = None,
    status: Status | None = None,
) -> list[str]:
    """Each report by department or account, with what explains a difference, what is open, and what is unexplained.

    With `status` also what is left undone of the connection, whether or not it is in these months.
    """
    lines = fold(
        f"{safe(tie_out.month)}, read {moment(tie_out.read_at, zone)}; differences are QuickBooks - Salesforce", width
    )
    for report in tie_out.reports:
        lines += ["", *_report(report, width, names or {})]
    verdict = _verdict(tie_out)
    step = "ml-connector status" if tie_out.agrees else "ml-connector holds"
    left = undone_lines(status, width) if status else []
    left = ["", "Left undone of the connection, in these months or not:", *left, ""] if left else []
    return [*lines, "", *hanging(verdict[:6], verdict[6:], width), *left, f"Next:  {step}"]


def _verdict(tie_out: TieOut) -> str:
    """One of three: all agrees; all has a name, but is not ended; something has none."""
    still = len(tie_out.open_items)
    if tie_out.agrees:
        return "ok    Everything adds up: unexplained 0.00, nothing open."
    if tie_out.adds_up:
        return f"FAIL  Explained, but open: {count(still, 'difference')} to be ended."
    return "FAIL  Something is not explained yet" + (f"; {count(still, 'difference')} open." if still else ".")


def _report(report: Report, width: int | None, names: Names) -> list[str]:
    lines = [f"{safe(report.name)} {_NAMES.get(report.name, '')}".rstrip()]
    if report.rows:
        columns = [Column("Where"), Column("Cur")]
        columns += [Column(name, figure=True) for name in ("QuickBooks", "Salesforce", "Difference")]
        columns += [Column("Explained by"), Column("Unexplained", figure=True)]
        rows = [_row(row, _where(row.cell.department, names)) for row in report.rows]
        rows += [_row(row, "Total") for row in report.totals()]
        lines += table(columns, rows, width)
    else:
        lines.append("Nothing is dated in this month.")
    for complete in report.completeness:
        lines += _completeness(complete, width)
    lines += _open(report, width)
    return lines + [line for note in report.notes for line in hanging("warn  ", safe(note), width)]


def _open(report: Report, width: int | None) -> list[str]:
    """What is open, by name; the largest first."""
    placed = sorted(report.open_items, key=lambda placed_item: (-abs(placed_item[1].amount), placed_item))
    lines = [line for cell, item in placed[:_MOST_OPEN] for line in hanging("open  ", _spoken(cell, item), width)]
    more = len(placed) - _MOST_OPEN
    return [*lines, f"      ... {more:,} more"] if more > 0 else lines


def _spoken(cell: Cell, item: Item) -> str:
    money = f" {amount(item.amount, cell.currency)} {cell.currency}" if item.amount else ""
    says = f" ({safe(item.says)})" if item.says else ""
    return f"{safe(item.reason)} {safe(_record(item.record))}{money}: {_REASONS.get(item.reason, 'open')}{says}"


def _row(row: Row, where: str) -> list[str]:
    currency = row.cell.currency
    because = [] if where == "Total" else _because(row.items, currency)
    figures = [amount(value, currency) for value in (row.quickbooks, row.salesforce, row.difference)]
    return [safe(where), currency, *figures, safe("; ".join(because)), amount(row.unexplained, currency)]


def _because(items: Sequence[Item], currency: str, most: int = 3) -> list[str]:
    """The largest explained differences by name, the others counted and summed."""
    ordered = sorted((item for item in items if item.amount), key=lambda item: (-abs(item.amount), item))
    named = [
        f"{item.reason} {_record(item.record)} {amount(item.amount, currency)}{'' if item.open else ' closed'}"
        for item in ordered[:most]
    ]
    rest = ordered[most:]
    if rest:
        named.append(f"{len(rest)} more {amount(sum((item.amount for item in rest), Decimal(0)), currency)}")
    return named


def _where(cell: str, names: Names) -> str:
    """A department, or `account|department|class` by name."""
    parts = cell.split("|")
    if len(parts) == 1:
        return cell or "-"
    tables = ("accounts", "departments", "classes")
    named = [names.get(table, {}).get(part, part) or "-" for table, part in zip(tables, parts, strict=False)]
    return ", ".join(named)


def _record(name: str) -> str:
    return name.partition(":")[2] or name


def _completeness(complete: Completeness, width: int | None) -> list[str]:
    numbers = {part: getattr(complete, part) for part in ("activated", *_PARTS)}
    return _adding_up(numbers, complete.amounts, complete.currency, width)


def _adding_up(numbers: Mapping[str, int], sums: Mapping[str, Any], currency: str, width: int | None) -> list[str]:
    """`41 activated = 36 posted + ...`, and the same in money; FAIL where one of the two does not add up."""
    money = {part: decimal(sums.get(part)) or Decimal(0) for part in ("activated", *_PARTS)}
    adds_up = numbers.get("activated", 0) == sum(numbers.get(part, 0) for part in _PARTS)
    adds_up = adds_up and money["activated"] == sum(money[part] for part in _PARTS)
    parts = " + ".join(f"{numbers.get(part, 0):,} {part}" for part in _PARTS)
    amounts = " + ".join(amount(money[part], currency) for part in _PARTS)
    return [
        *hanging("ok    " if adds_up else "FAIL  ", f"{numbers.get('activated', 0):,} activated = {parts}", width),
        *hanging("      ", f"{amount(money['activated'], currency)} {safe(currency)} = {amounts}", width),
    ]


# --- the demo's document (DESIGN section 9)


def demo_lines(document: Mapping[str, Any], width: int | None) -> list[str]:
    """The final tables of the rehearsal: what moved, entries, holds, tie-out, API calls, second run."""
    blocks = [
        ("What moved", _moved(document.get("records", {}), width)),
        ("Journal entries", _entries(document.get("journal_entries", {}), width)),
        ("Held", [*_held(document.get("holds", ()), width), *_planted(document.get("planted") or {}, width)]),
        ("Changed on both sides", _conflicts(document.get("conflicts", 0), width)),
        ("Tie-out, QuickBooks - Salesforce", _tied(document.get("tie_out", ()), width)),
        ("Orders, as read", _orders(document.get("completeness", ()), width)),
        ("API calls", _calls(document.get("api_calls", {}), width)),
        ("Live: what users changed afterwards, and when the other side had it", _live(document.get("live") or [])),
    ]
    lines = [line for title, block in blocks if block for line in (title, *block, "")]
    second = document.get("second_run") or {}
    lines += fold(
        "Second run over the unchanged pair: " + ", ".join(f"{n:,} {words(k)}" for k, n in second.items()), width
    )
    ended = _agreement(document) if document.get("converged") else "the two sides do not agree yet"
    level = "ok    " if document.get("converged") else "FAIL  "
    seed, seconds = safe(document.get("seed", "-")), safe(document.get("seconds", "-"))
    lines += hanging(level, f"After {seconds} s (seed {seed}) {ended}.", width)
    return [*lines, *_serving(document.get("emulators"), document.get("home"), width)]


def _agreement(document: Mapping[str, Any]) -> str:
    """What is open of a rehearsal that converged belongs to records that must be held."""
    items = (item for report in document.get("tie_out", ()) for item in report.get("items", ()))
    still = sum(bool(item.get("open", True)) for item in items)
    return f"both sides agree, but for {count(still, 'held difference')}" if still else "both sides agree"


def _moved(records: Mapping[str, Mapping[str, int]], width: int | None) -> list[str]:
    titles = list(
        dict.fromkeys(["created", "updated", "held", *(key for counts in records.values() for key in counts)])
    )
    columns = [Column("From, to"), *(Column(words(title).capitalize(), figure=True) for title in titles)]
    rows = [[words(name), *(f"{counts.get(title, 0):,}" for title in titles)] for name, counts in records.items()]
    return table(columns, rows, width) if rows else []


def _entries(entries: Mapping[str, Mapping[str, Any]], width: int | None) -> list[str]:
    columns = [Column("Currency"), *(Column(name, figure=True) for name in ("Count", "Debits", "Credits")), Column("")]
    rows = []
    for currency, entry in entries.items():
        same = decimal(entry.get("debits")) == decimal(entry.get("credits"))
        figures = [amount(entry.get(side), currency) for side in ("debits", "credits")]
        rows.append([safe(currency), f"{entry.get('count', 0):,}", *figures, "balanced" if same else "FAIL"])
    return table(columns, rows, width) if rows else ["none"]


def _planted(planted: Mapping[str, Any], width: int | None) -> list[str]:
    """Whether exactly what the sample company has planted is held."""
    if not planted:
        return []
    missing, unexpected = planted.get("missing", ()), planted.get("unexpected", ())
    lines = [
        line for record in missing for line in hanging("FAIL  ", f"not held, though planted: {safe(record)}", width)
    ]
    lines += [
        line for record in unexpected for line in hanging("FAIL  ", f"held, though not planted: {safe(record)}", width)
    ]
    right = f"All {planted.get('expected', 0):,} planted records are held, and no other."
    return lines or hanging("ok    ", right, width)


def _conflicts(number: int, width: int | None) -> list[str]:
    """Nothing is said of what did not happen."""
    return (
        fold(f"{count(number, 'value')} gave way, sealed in the log:  ml-connector conflicts", width) if number else []
    )


def _held(holds: Sequence[Mapping[str, Any]], width: int | None, most: int = 10) -> list[str]:
    lines: list[str] = []
    for hold in holds[:most]:
        lines += hanging("held  ", f"{safe(hold.get('code', ''))}  {safe(hold.get('record', ''))}", width)
        lines += hanging("      ", safe(hold.get("sentence", "")), width)
        lines += hanging("      ", f"fix:  {safe(hold.get('remedy', ''))}", width)
    more = len(holds) - most
    return [*lines, f"      ... {count(more, 'more hold', 'more holds')}"] if more > 0 else lines or ["nothing"]


def _tied(reports: Iterable[Mapping[str, Any]], width: int | None) -> list[str]:
    columns = [Column("Report"), Column("Cur")]
    names = ("QuickBooks", "Salesforce", "Explained", "Unexplained")
    columns += [Column(name, figure=True) for name in names]
    rows, reasons = [], []
    for report in reports:
        currency = str(report.get("currency", ""))
        figures = [amount(report.get(name.lower()), currency) for name in names]
        kind = str(report.get("report", ""))
        rows.append([safe(f"{kind} {_NAMES.get(kind, '')}".rstrip()), safe(currency), *figures])
        reasons += _reasons(report.get("items", ()), kind, currency, width)
    return [*table(columns, rows, width), *reasons] if rows else []


def _reasons(items: Sequence[Mapping[str, Any]], kind: str, currency: str, width: int | None) -> list[str]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        grouped.setdefault(str(item.get("reason", "")), []).append(item)
    lines = []
    for reason, members in grouped.items():
        money = by_currency((decimal(member.get("amount")), currency) for member in members)
        spoken = f"{safe(reason)} {_REASONS.get(reason, '')}".rstrip()
        lines += hanging("  ", f"{safe(kind)} {spoken}: {count(len(members), 'record')}, {money}", width)
    return lines


def _orders(completeness: Iterable[Mapping[str, Any]], width: int | None) -> list[str]:
    return [
        line
        for sums in completeness
        for line in _adding_up(sums, sums.get("amounts") or {}, str(sums.get("currency", "")), width)
    ]


def _calls(calls: Mapping[str, Any], width: int | None) -> list[str]:
    floor = calls.get("floor") or {}
    columns = [Column(""), Column("Calls", figure=True), Column("Least possible", figure=True)]
    rows = [
        [words(name), f"{number:,}", f"{floor[name]:,}" if name in floor else ""]
        for name, number in calls.items()
        if isinstance(number, int)
    ]
    return table(columns, rows, width) if rows else []


_AHEAD = (
    "The emulators have a clock of their own, on the last day that was played. Commands go by this machine's: what is "
    "dated after today is held as H-FUTURE until that day has come here."
)


def _live(arrivals: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each change: how long it took, what it was, and what told of it."""
    return [
        f"{safe(arrival['seconds']):>5} s  {safe(arrival['what'])}, by a {safe(arrival['source'])}"
        for arrival in arrivals
    ]


def _serving(emulators: Any, home: Any, width: int | None) -> list[str]:
    """What can be done now: with emulators that keep running, with a home that stays, or with neither."""
    if isinstance(emulators, Mapping):
        control = safe(emulators.get("control_url", ""))
        running = f"Everything keeps running until Ctrl+C: control door {control}, home {safe(home or '')}"
        return [*fold(running, width), *fold(_AHEAD, width), *fold("Next, elsewhere:  ml-connector status", width)]
    if home:
        return fold("Next:  ml-connector holds", width)
    return fold("Next: do the same by hand, as docs/rehearse.md goes through it.", width)
