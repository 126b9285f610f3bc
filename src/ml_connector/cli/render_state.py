"""Doctor, status, and what a run did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from .layout import NARROW, Column, table
from .render_cover import cover_rows
from .text import age, count, fold, hanging, moment, pad, safe, system_name, width_of, words

if TYPE_CHECKING:
    from ml_connector.actions.compare import Comparison
    from ml_connector.actions.doctor import Finding
    from ml_connector.actions.drain import DrainReport
    from ml_connector.actions.status import OpenTooLong, Overdue, RunEnd, SideRow, Status, TokenLife, Undone

LEVELS = ("ok", "warn", "FAIL")
_NAMED = 5


def finding_lines(findings: Sequence[Finding], width: int | None, *, again: str) -> list[str]:
    """Checks with their verdict in words, the remedy below each that is not ok, and the count. `again` repeats them."""
    subject = max((width_of(safe(finding.subject)) for finding in findings), default=0)
    lines: list[str] = []
    for finding in findings:
        head = f"{pad(finding.level, 4)}  {pad(safe(finding.subject), subject)}   "
        if width is not None and width < NARROW:
            lines += hanging(f"{pad(finding.level, 4)}  ", safe(finding.subject), width)
            lines += hanging("      ", safe(finding.sentence), width)
            head = "      "
        else:
            lines += hanging(head, safe(finding.sentence), width)
        if finding.level != "ok" and finding.remedy:
            lines += hanging(" " * width_of(head), f"fix:  {safe(finding.remedy)}", width)
    counts = {level: sum(finding.level == level for finding in findings) for level in LEVELS}
    lines.append(", ".join(f"{number} {level}" for level, number in counts.items() if number or level == "ok"))
    mended = "Next:  ml-connector plan" if again == "doctor" else "Next:  ml-connector doctor"
    return [
        *lines,
        *fold(f"Next: mend what says FAIL, then  ml-connector {again}" if counts["FAIL"] else mended, width),
    ]


def worst(findings: Sequence[Finding]) -> int:
    """The exit status: 1 if anything is FAIL."""
    return int(any(finding.level == "FAIL" for finding in findings))


def status_lines(status: Status, width: int | None, zone: tzinfo = UTC) -> list[str]:
    """Where the connection stands: state, what waits, holds, up to when each side was read."""
    held = sum(status.holds.values())
    waiting = sum(status.waiting.values())
    fresh = status.open_writes - len(status.late_writes)
    rows = [
        ("writes", _writes(status)),
        ("waiting", f"{count(waiting, 'record')} to look at{_by(status.waiting)}"),
        ("approval", f"{count(status.for_approval, 'record')} for a plan to be applied" if status.for_approval else ""),
        ("unsure", f"{count(fresh, 'write')} being checked" if fresh else ""),
        ("open late", _open_late(status.late_writes, zone)),
        ("held", f"{count(held, 'record')}{_by(status.holds)}"),
        ("too late", _too_late(status.overdue, zone)),
        ("flags", f"{count(status.flags, 'mark')} to look at:  ml-connector flags" if status.flags else ""),
        ("conflicts", _conflicts(status.conflicts)),
        ("plans", f"{count(status.plans_open, 'plan')} to apply"),
        ("last run", _last_run(status.last_run, zone)),
        ("tampered", _tampered(status.tampered)),
        *(("settings", f"FAIL: {safe(sentence)}") for sentence in status.unsigned),
        ("audit log", f"FAIL: {safe(status.audit)}" if status.audit else ""),
        *((system_name(side.system), _how(side, status.swept, zone)) for side in status.sides),
        *(("sign-in", _life(life, zone)) for life in status.lives),
        *((_side(source), f"read up to {_instant(at, zone)}") for source, at in _unsaid(status)),
        ("compared", _compared(status.compared, zone)),
        *cover_rows(status.continuity, zone),
    ]
    if not status.swept:
        rows.append(("coverage", "neither side was read yet"))
    label = max(len(name) for name, sentence in rows if sentence)
    lines = fold(safe(f"{status.company or status.realm_id}, {status.environment.upper()}"), width)
    for name, sentence in rows:
        if sentence:
            lines += hanging(f"  {pad(name, label)}   ", sentence, width)
    return [*lines, *fold(next_of(status), width)]


def _open_late(writes: Sequence[OpenTooLong], zone: tzinfo) -> str:
    """`1 write open for too long, the oldest since 2026-11-20 14:03 PST, 3 h, of salesforce:Order:801`."""
    if not writes:
        return ""
    oldest = writes[0]
    since = f"the oldest since {moment(oldest.since, zone)}, {age(oldest.hours)}, of {safe(oldest.record)}"
    return f"{count(len(writes), 'write')} open for too long, {since}"


def _last_run(run: RunEnd | None, zone: tzinfo) -> str:
    if run is None:
        return ""
    if not run.error:
        return f"{moment(run.began_at, zone)}, ended well"
    return f"{moment(run.began_at, zone)}, FAIL: {safe(run.sentence)} {safe(run.remedy)}"


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
        outcome = (
            f"{row.vanished:,} gone, {row.unknown:,} never heard of" if not row.why else "not finished: run it again"
        )
        head = f"{system_name(row.system)} {safe(row.kind)}: "
        lines += fold(f"{head}{count(row.listed, 'id')} in {count(row.reads, 'read')}, {outcome}.", width)
    again = any(row.why for row in comparisons)
    if any(row.withheld for row in comparisons):
        lines += fold("Give the access back and compare again. Only if they were really deleted:", width)
        lines.append("      ml-connector backfill --accept-vanished")
        again = True
    return [*lines, f"Next:  ml-connector {'backfill --compare-only' if again else 'sync --once'}"]


def _too_late(overdue: Sequence[Overdue], zone: tzinfo) -> str:
    """`1 record waits too long (1 WAIT_CUSTOMER), the oldest since 2026-11-20 14:03 PST, 2 days`."""
    if not overdue:
        return ""
    number = sum(late.count for late in overdue)
    what = f"{number:,} record{' waits' if number == 1 else 's wait'} too long"
    since = f"the oldest since {moment(overdue[0].since, zone)}, {age(overdue[0].hours)}"
    return f"{what}{_by({late.code: late.count for late in overdue})}, {since}"


def _conflicts(number: int) -> str:
    return f"{count(number, 'value')} gave way to the other side's:  ml-connector conflicts" if number else ""


def _tampered(rows: Sequence[str]) -> str:
    """How many rows were changed without the key, and the first of them."""
    return f"FAIL: {count(len(rows), 'row')}, {safe(rows[0])}:  ml-connector tampered list" if rows else ""


def _unsaid(status: Status) -> list[tuple[str, str]]:
    """Positions of what is no side whose health is on record."""
    said = {f"sweep:{side.system}" for side in status.sides}
    return [(source, at) for source, at in status.swept.items() if source not in said]


def _how(side: SideRow, swept: Mapping[str, str], zone: tzinfo) -> str:
    """`live; read up to 2026-11-20 14:03 PST; next sweep 2026-11-20 14:18 PST`."""
    since = f" since {moment(side.since, zone)}" if side.since and side.state != "live" else ""
    why = f": {safe(side.sentence)} {safe(side.remedy)}" if side.state != "live" else ""
    refused = f"FAIL: not listed any more: {safe(', '.join(sorted(side.refused)))}" if side.refused else ""
    read = swept.get(f"sweep:{side.system}")
    next_at = side.sweep_at if side.state == "live" else side.next_at
    parts = [
        f"{side.state}{since}{why}",
        refused,
        f"read up to {_instant(read, zone)}" if read else "",
        f"{'next sweep' if side.state == 'live' else 'asked again'} {moment(next_at, zone)}" if next_at else "",
    ]
    return "; ".join(part.removesuffix(".") for part in parts if part)


def _life(life: TokenLife, zone: tzinfo) -> str:
    """`QuickBooks, by consent since 2026-08-01 10:00 PST, renewed 2026-11-20 14:03 PST, good until ...`."""
    dates = (
        (" since", life.connected_since),
        (", renewed", life.renewed_at),
        (", good until", life.refresh_until),
        (", consent until", life.consent_until),
        (", certificate until", life.certificate_until),
        (", FAIL: dead since", life.dead_since),
    )
    said = [f"{name} {moment(at, zone)}" for name, at in dates if at is not None]
    return f"{system_name(life.system)}{f', by {life.by}' if life.by else ''}{''.join(said)}" if said else ""


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


def next_of(status: Status) -> str:
    """What to do next: about the worst that is left undone."""
    undone = status.undone()
    return f"Next:  ml-connector {safe(undone[0].command) if undone else 'sync --once'}"


def undone_lines(status: Status, width: int | None) -> list[str]:
    """All that is left to do, one a line, with the command that shows or mends it."""
    lines = [line for item in status.undone() for line in undone_line(item, width)]
    return [*lines, *(hanging("      ", status.hint, width) if status.hint else [])]


def failing_lines(status: Status, width: int | None) -> list[str]:
    """What somebody must look after, one a line."""
    return [line for item in status.failing() for line in undone_line(item, width)]


def undone_line(item: Undone, width: int | None) -> list[str]:
    """`warn  27 records are held:  ml-connector holds`."""
    sentence = safe(item.sentence).removesuffix(".")
    return hanging(f"{item.level}  ", f"{sentence}:  ml-connector {safe(item.command)}", width)


def report_lines(report: DrainReport, status: Status, width: int | None, zone: tzinfo = UTC) -> list[str]:
    """When a run was, what it created, updated and left alone, by what it was about, and what is left undone now.

    Holds are counted as `status` and `holds` do: those that are open after the run, whoever made them.
    """
    names = list(dict.fromkeys([*report.created, *report.updated, *status.held_by_flow, *report.skipped]))
    columns = [
        Column(""),
        *(Column(title, figure=True) for title in ("Created", "Updated", "Held now", "Unchanged or skipped")),
    ]
    rows = []
    for name in names:
        unchanged = sum(report.skipped.get(name, {}).values())
        held = status.held_by_flow.get(name, 0)
        numbers = (report.created.get(name, 0), report.updated.get(name, 0), held, unchanged)
        rows.append([words(name.replace(" ", ": ", 1)), *(f"{number:,}" for number in numbers)])
    run = status.last_run
    lines = fold(f"{moment(run.began_at, zone)} to {moment(run.ended_at, zone)}", width) if run else []
    lines += table(columns, rows, width) if rows else _nothing(status)
    lines += fold(summed_up(report, status), width)
    for text in report.unlisted:
        lines += hanging("FAIL  ", safe(text), width)
    return [*lines, *undone_lines(status, width), *fold(_after(status), width)]


def _nothing(status: Status) -> list[str]:
    return ["Nothing was done in this run."] if status.undone() else ["Nothing was due."]


def _after(status: Status) -> str:
    return next_of(status) if status.undone() else "Next:  ml-connector status"


def summed_up(report: DrainReport, status: Status) -> str:
    """`412 writes, 3 held.`: what this sync wrote, and all that is held now."""
    return f"{count(report.written, 'write')}, {sum(status.holds.values()):,} held."
