"""What of each source is covered, its holes, the alarms and the schedule, as rows of `status`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from .text import count, moment, safe, system_name

if TYPE_CHECKING:
    from ml_connector.actions.continuity import Continuity, Coverage
    from ml_connector.model.continuity import Hole

Row = tuple[str, str]


def cover_rows(continuity: Continuity, zone: tzinfo) -> list[Row]:
    """`covered`, `hole`, `alarm` and `schedule`, as many of each as there are."""
    return [
        *_backfills(continuity, zone),
        *_covered(continuity.covered, zone),
        *_holes(continuity.holes, zone),
        *(("alarm", f"FAIL since {moment(row.since, zone)}: {safe(row.sentence)}") for row in continuity.alarms),
        *(("schedule", safe(line)) for line in continuity.schedule),
    ]


def _backfills(continuity: Continuity, zone: tzinfo) -> Iterator[Row]:
    """`QuickBooks Invoice: 12,000 listed since 2026-11-20 14:03 PST, 480 a minute`."""
    for row in continuity.backfills:
        name = f"{system_name(row.source)} {safe(row.kind)}"
        yield (
            "backfill",
            f"{name}: {row.listed:,} listed since {moment(row.begun_at, zone)}, {row.per_minute:,} a minute",
        )
    if continuity.at_leisure:
        yield "backfill", f"{count(continuity.at_leisure, 'record')} to look at when nothing else is due"


def _covered(kinds: Sequence[Coverage], zone: tzinfo) -> Iterator[Row]:
    """`QuickBooks: 7 kinds without a break up to 2026-11-20 14:03 PST, by sweep, stream`."""
    for source in dict.fromkeys(row.source for row in kinds):
        ours = [row for row in kinds if row.source == source]
        ways = ", ".join(dict.fromkeys(way for row in ours for way in row.ways))
        upto = moment(min(row.until for row in ours), zone)
        yield "covered", f"{system_name(source)}: {count(len(ours), 'kind')} up to {upto}, by {safe(ways)}"


def _holes(holes: Sequence[Hole], zone: tzinfo) -> Iterator[Row]:
    """`3 in QuickBooks (Invoice), 2026-11-20 14:03 PST to 2026-11-20 15:03 PST: nobody listened in between; ...`."""
    for number in dict.fromkeys(hole.number for hole in holes):
        ours = [hole for hole in holes if hole.number == number]
        first = ours[0]
        kinds = ", ".join(safe(hole.kind) for hole in ours)
        since = moment(first.span.since, zone) if first.span.since.year > 1970 else "the beginning"
        mends = "a comparison of ids" if first.cause.compares else "a bounded backfill"
        when = f"{since} to {moment(first.span.until, zone)}"
        what = f"{first.cause.sentence}; {mends} closes it"
        yield "hole", f"{number} in {system_name(first.source)} ({kinds}), {when}: {what}"
