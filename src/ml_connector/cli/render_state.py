"""Doctor, status, holds, one record, and what a run did."""

from __future__ import annotations

import shlex
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
    from ml_connector.actions.flags import FlagView
    from ml_connector.actions.holds import HeldView
    from ml_connector.actions.sign_off import Choices
    from ml_connector.actions.status import LastRun, OpenTooLong, Overdue, Status

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
        ("audit log", f"FAIL: {safe(status.audit)}" if status.audit else ""),
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
    return [*lines, *fold(next_of(status), width)]


def _open_late(writes: Sequence[OpenTooLong], zone: tzinfo) -> str:
    """`1 write open for too long, the oldest since 2026-11-20 14:03 PST, 3 h, of salesforce:Order:801`."""
    if not writes:
        return ""
    oldest = writes[0]
    since = f"the oldest since {moment(oldest.since, zone)}, {_age(oldest.hours)}, of {safe(oldest.record)}"
    return f"{count(len(writes), 'write')} open for too long, {since}"


def _last_run(run: LastRun | None, zone: tzinfo) -> str:
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


def next_of(status: Status) -> str:
    """What to do next: about the worst that is left undone."""
    undone = status.undone()
    return f"Next:  ml-connector {safe(undone[0].command) if undone else 'sync --once'}"


def undone_lines(status: Status, width: int | None) -> list[str]:
    """All that is left to do, one a line."""
    lines = [line for item in status.undone() for line in hanging(f"{item.level}  ", safe(item.sentence), width)]
    return [*lines, *(hanging("      ", status.hint, width) if status.hint else [])]


def flag_lines(flags: Sequence[FlagView], width: int | None, *, name: str = "") -> list[str]:
    """Marks on records that are done, by name: the sentence, and the records."""
    if not flags:
        what = f"Nothing is marked {safe(name)}." if name else "Nothing is marked."
        return [*fold(what, width), "Next:  ml-connector status"]
    groups: dict[str, list[FlagView]] = {}
    for flag in flags:
        groups.setdefault(flag.flag, []).append(flag)
    lines: list[str] = []
    for flag_name, members in groups.items():
        lines += hanging("flag  ", f"{safe(flag_name)}  {count(len(members), 'record')}", width)
        lines += hanging("      ", safe(members[0].sentence), width)
        shown = members if name else members[:_NAMED]
        lines += [line for flag in shown for line in hanging("      ", safe(flag.record), width)]
        if len(members) > len(shown):
            more = f"{len(members) - len(shown):,} more:  ml-connector flags {shlex.quote(safe(flag_name))}"
            lines += hanging("      ", more, width)
    total = f"{count(len(flags), 'mark')} on records that are done. A mark goes when its record is done without it."
    return [*lines, *fold(total, width), *fold(f"Next:  ml-connector explain {safe(flags[0].record)}", width)]


def choice_lines(choices: Choices, width: int | None) -> list[str]:
    """The accounts for each option of the sign-off, and the command, where their names say which they are."""
    lines: list[str] = []
    for use, accounts in choices.accounts.items():
        lines += fold(f"--{use}", width)
        lines += [line for account in accounts for line in hanging("      ", safe(account), width)]
        lines += [] if accounts else ["      none of a fitting type"]
    if not {"unbilled", "deferred"} <= choices.likely.keys():
        return [*lines, *fold("Next: choose an account for unbilled and one for deferred, or make them.", width)]
    options = " ".join(f"--{use} {shlex.quote(safe(name))}" for use, name in choices.likely.items())
    command = f"sign-off --template {choices.template} {options} --start-date {choices.start_date}"
    return [
        *lines,
        "These accounts go by their names; choose others as you like.",
        *fold(f"Next:  ml-connector {command}", width),
    ]


def hold_lines(
    holds: Sequence[HeldView], width: int | None, *, code: str = "", zone: tzinfo = UTC, flags: int = 0
) -> list[str]:
    """Holds by reason, first what waits too long, then the one with most records; with `code`, every record of it.

    `flags` is how many marks there are on records that are done.
    """
    marked = fold(f"{count(flags, 'mark')} on records that are done:  ml-connector flags", width) if flags else []
    if not holds:
        what = f"Nothing is held for {safe(code)}." if code else "Nothing is held."
        return [*fold(what, width), *marked, "Next:  ml-connector status"]
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
        *marked,
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
        meaning = explained.reasons.get(name, "")
        lines += hanging(
            f"  {words(name)}: ", f"{words(verdict)}. {safe(meaning)}" if meaning else words(verdict), width
        )
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
    if report.unreadable:
        lines += hanging("FAIL  ", f"{count(report.unreadable, 'record')} could not be read: {_AGAIN}", width)
    for text in report.unlisted:
        lines += hanging("FAIL  ", safe(text), width)
    return [*lines, *undone_lines(status, width), *fold(_after(status), width)]


def _nothing(status: Status) -> list[str]:
    return ["Nothing was done in this run."] if status.undone() else ["Nothing was due."]


def _after(status: Status) -> str:
    return next_of(status) if status.undone() else "Next:  ml-connector status"


def summed_up(report: DrainReport, status: Status) -> str:
    """`412 writes, 3 held.`"""
    return f"{count(report.written, 'write')}, {sum(status.holds.values()):,} held."
