"""Records one by one: what is held, what is marked, everything about one, and what there is to choose from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from .render_conflicts import conflict_line
from .text import age, by_currency, count, fold, hanging, moment, pad, safe, words

if TYPE_CHECKING:
    from ml_connector.actions.explain import Explained
    from ml_connector.actions.flags import FlagView
    from ml_connector.actions.holds import HeldView
    from ml_connector.actions.sign_off import Choices

_NAMED = 5


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
    late = f"for {age(hold.hours)}, too long: {safe(hold.owner)} looks after it" if hold.overdue else ""
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
