"""Doctor, status, holds, one record, and what a run did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from .layout import NARROW, Column, table
from .render_conflicts import conflict_line
from .text import by_currency, count, fold, hanging, moment, pad, safe, system_name, width_of, words

if TYPE_CHECKING:
    from ml_connector.actions.compare import Comparison
    from ml_connector.actions.doctor import Finding
    from ml_connector.actions.drain import DrainReport
    from ml_connector.actions.explain import Explained
    from ml_connector.actions.holds import HeldView
    from ml_connector.actions.status import Overdue, Status

LEVELS = ("ok", "warn", "FAIL")
_NAMED = 5


def finding_lines(findings: Sequence[Finding], width: int | None, *, again: str) -> list[str]:
    """Checks with their verdict in words, the remedy below each that is not ok, and the count. `again` repeats them."""
    subject = max((width_of(safe(each.subject)) for each in findings), default=0)
    lines: list[str] = []
    for each in findings:
        head = f"{pad(each.level, 4)}  {pad(safe(each.subject), subject)}   "
        if width is not None and width < NARROW:
            lines += hanging(f"{pad(each.level, 4)}  ", safe(each.subject), width)
            lines += hanging("      ", safe(each.sentence), width)
            head = "      "
        else:
            lines += hanging(head, safe(each.sentence), width)
        if each.level != "ok" and each.remedy:
            lines += hanging(" " * width_of(head), f"fix:  {safe(each.remedy)}", width)
    counts = {level: sum(each.level == level for each in findings) for level in LEVELS}
    lines.append(", ".join(f"{number} {level}" for level, number in counts.items() if number or level == "ok"))
    mended = "Next:  ml-connector plan" if again == "doctor" else "Next:  ml-connector doctor"
    return [
        *lines,
        *fold(f"Next: mend what says FAIL, then  ml-connector {again}" if counts["FAIL"] else mended, width),
    ]


def worst(findings: Sequence[Finding]) -> int:
    """The exit status: 1 if anything is FAIL."""
    return int(any(each.level == "FAIL" for each in findings))


def status_lines(status: Status, width: int | None, zone: tzinfo = UTC) -> list[str]:
    """Where the connection stands: state, what waits, holds, up to when each side was read."""
    held = sum(status.holds.values())
    waiting = sum(status.waiting.values())
    rows = [
        ("writes", _writes(status)),
        ("waiting", f"{count(waiting, 'record')} to look at{_by(status.waiting)}"),
        ("unsure", f"{count(status.open_writes, 'write')} being checked" if status.open_writes else ""),
        ("held", f"{count(held, 'record')}{_by(status.holds)}"),
        ("too late", _too_late(status.overdue, zone)),
        ("conflicts", _conflicts(status.conflicts)),
        ("plans", f"{count(status.plans_open, 'plan')} to apply"),
        *((_side(source), f"read up to {_instant(at, zone)}") for source, at in status.swept.items()),
        ("compared", _compared(status.compared, zone)),
    ]
    if not status.swept:
        rows.append(("coverage", "neither side was read yet"))
    label = max(len(name) for name, sentence in rows if sentence)
    lines = fold(safe(f"{status.company or status.realm_id}, {status.environment.upper()}"), width)
    for name, sentence in rows:
        if sentence:
            lines += hanging(f"  {pad(name, label)}   ", sentence, width)
    return [*lines, *fold(_next(status, held), width)]


def _compared(comparisons: Sequence[Comparison], zone: tzinfo) -> str:
    """`all ids, last on 2026-11-20 14:03 PST; under way: Invoice`."""
    ended = [row.ended_at for row in comparisons if row.ended_at]
    under_way = ", ".join(safe(row.kind) for row in comparisons if row.why)
    last = f"all ids, last {moment(min(ended), zone)}" if ended and len(ended) == len(comparisons) else ""
    return "; ".join(part for part in (last, under_way and f"under way: {under_way}") if part)


def comparison_lines(comparisons: Sequence[Comparison], width: int | None) -> list[str]:
    """What a comparison of all ids found, and what to do next."""
    lines: list[str] = []
    for row in comparisons:
        found = (
            f"{row.vanished:,} gone, {row.unknown:,} never heard of" if not row.why else "not finished: run it again"
        )
        head = f"{system_name(row.system)} {safe(row.kind)}: "
        lines += fold(f"{head}{count(row.listed, 'id')} in {count(row.reads, 'read')}, {found}.", width)
    again = any(row.why for row in comparisons)
    return [*lines, f"Next:  ml-connector {'backfill --compare-only' if again else 'sync --once'}"]


def _too_late(overdue: Sequence[Overdue], zone: tzinfo) -> str:
    """`1 record waits too long (1 WAIT_CUSTOMER), the oldest since 2026-11-20 14:03 PST, 2 days`."""
    if not overdue:
        return ""
    number = sum(each.count for each in overdue)
    what = f"{number:,} record{' waits' if number == 1 else 's wait'} too long"
    since = f"the oldest since {moment(overdue[0].since, zone)}, {_age(overdue[0].hours)}"
    return f"{what}{_by({each.code: each.count for each in overdue})}, {since}"


def _age(hours: int) -> str:
    return f"{hours} h" if hours < 24 else count(hours // 24, "day")


def _conflicts(number: int) -> str:
    return f"{count(number, 'value')} gave way to the other side's:  ml-connector conflicts" if number else ""


def _side(source: str) -> str:
    return system_name(source.removeprefix("sweep:"))


def _instant(text: str, zone: tzinfo) -> str:
    try:
        return moment(datetime.fromisoformat(text), zone)
    except ValueError:
        return safe(text)


def _writes(status: Status) -> str:
    if status.paused:
        return f"stopped: {safe(status.paused)}"
    return "dry run, nothing is written to either side" if status.dry_run else "live"


def _by(counts: Mapping[str, int]) -> str:
    most = sorted(((-number, name) for name, number in counts.items() if number))
    parts = [f"{-number:,} {safe(name) if name.isupper() else words(name)}" for number, name in most[:_NAMED]]
    more = [f"{len(most) - _NAMED} more reasons"] if len(most) > _NAMED else []
    return f" ({', '.join(parts + more)})" if parts else ""


def _next(status: Status, held: int) -> str:
    if status.paused:
        return "Next:  ml-connector resume"
    if status.overdue:
        return f"Next:  ml-connector holds {safe(status.overdue[0].code)}"
    if status.plans_open:
        return "Next:  ml-connector plan --list"
    if status.dry_run:
        return "Next:  ml-connector plan"
    return "Next:  ml-connector holds" if held else "Next:  ml-connector sync --once"


def hold_lines(holds: Sequence[HeldView], width: int | None, *, code: str = "", zone: tzinfo = UTC) -> list[str]:
    """Holds by reason, first what waits too long, then the one with most records; with `code`, every record of it."""
    if not holds:
        what = f"Nothing is held for {safe(code)}." if code else "Nothing is held."
        return [*fold(what, width), "Next:  ml-connector status"]
    groups: dict[str, list[HeldView]] = {}
    for hold in holds:
        groups.setdefault(hold.code, []).append(hold)
    lines: list[str] = []
    for name, members in sorted(groups.items(), key=_urgency):
        money = by_currency((member.amount, member.currency) for member in members)
        oldest = min(member.since for member in members)
        late = sum(member.overdue for member in members)
        facts = [safe(name), count(len(members), "record"), money, f"oldest {moment(oldest, zone)}"]
        facts.append(f"{late:,} too long" if late else "")
        lines += hanging("warn  " if late else "held  ", "  ".join(fact for fact in facts if fact), width)
        for member in members if code else members[:1]:
            lines += _held(member, width, zone)
        if not code and len(members) > 1:
            lines += hanging("      ", f"{len(members) - 1:,} more:  ml-connector holds {safe(name)}", width)
    total = by_currency((hold.amount, hold.currency) for hold in holds)
    closing = ", ".join(part for part in (f"{count(len(holds), 'record')} held", total) if part)
    return [
        *lines,
        *fold(f"{closing}. A hold ends by itself when its cause is gone.", width),
        *fold(f"Next:  ml-connector explain {safe(holds[0].record)}", width),
    ]


def _urgency(group: tuple[str, list[HeldView]]) -> tuple[bool, int, str]:
    name, members = group
    return not any(member.overdue for member in members), -len(members), name


def _held(hold: HeldView, width: int | None, zone: tzinfo) -> list[str]:
    money = by_currency([(hold.amount, hold.currency)])
    late = f"for {_age(hold.hours)}, too long: {safe(hold.owner)} looks after it" if hold.overdue else ""
    about = [safe(hold.record), money, f"since {moment(hold.since, zone)}", late]
    texts = ["  ".join(part for part in about if part), safe(hold.sentence), safe(hold.meaning)]
    texts.append(f"fix:  {safe(hold.remedy)}")
    return [line for text in texts for line in hanging("      ", text, width)]


def explained_lines(explained: Explained, width: int | None, zone: tzinfo = UTC) -> list[str]:
    """Everything on record about one record."""
    lines = fold(safe(explained.record), width)
    for name, verdict in explained.verdicts.items():
        lines += hanging(f"  {words(name)}: ", words(verdict), width)
    parts = (("linked", explained.links), ("written", explained.writes), ("listed", explained.flags))
    for title, texts in parts:
        for text in texts:
            lines += hanging(f"  {pad(title, 7)}  ", safe(text), width)
    for conflict in explained.conflicts:
        lines += hanging("  conflict ", f"{conflict_line(conflict, zone)}:  ml-connector conflicts", width)
    for hold in explained.holds:
        lines += [*hanging("held  ", safe(hold.code), width), *_held(hold, width, zone)]
    if not explained.writes and not explained.holds:
        lines += fold("  Nothing was written for it and nothing holds it.", width)
    return [*lines, "Next:  ml-connector holds" if explained.holds else "Next:  ml-connector status"]


_AGAIN = (
    "what the vendor answered about them makes no sense, or is a refusal. They are held, and read again by themselves."
)


def report_lines(report: DrainReport, width: int | None) -> list[str]:
    """What a run created, updated, held and left alone, by what it was about."""
    names = list(dict.fromkeys([*report.created, *report.updated, *report.held, *report.skipped]))
    columns = [
        Column(""),
        *(Column(title, figure=True) for title in ("Created", "Updated", "Held", "Unchanged or skipped")),
    ]
    rows = []
    for name in names:
        unchanged = sum(report.skipped.get(name, {}).values())
        numbers = (report.created.get(name, 0), report.updated.get(name, 0), report.held.get(name, 0), unchanged)
        rows.append([words(name.replace(" ", ": ", 1)), *(f"{number:,}" for number in numbers)])
    held = sum(report.held.values())
    lines = table(columns, rows, width) if rows else ["Nothing was due."]
    lines += fold(f"{count(report.written, 'write')}, {held:,} held.", width)
    if report.unreadable:
        lines += hanging("FAIL  ", f"{count(report.unreadable, 'record')} could not be read: {_AGAIN}", width)
    for text in report.unlisted:
        lines += hanging("FAIL  ", safe(text), width)
    return [*lines, "Next:  ml-connector holds" if held else "Next:  ml-connector status"]
