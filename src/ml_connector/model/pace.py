"""How fast one company or org is called: what started lately, what is under way, until when it pauses.

Pure, because processes share it: each thinks a change from what it last saw, and thinks anew when another one was first
(`store/pace.py`). Instants are epoch milliseconds, lengths milliseconds.

- Windows slide: in no stretch of a quota's span do more calls start than its limit. A bucket that refills would let
  twice as many through at its edge, and the vendor counts them all.
- A call is booked when it starts, with its place among the calls under way, in one step. Whoever waits books nothing.
- What is booked ends by itself, because a process that is killed gives nothing back: starts leave their window, places
  end after `LONGEST_CALL`, a pause after `LONGEST_BLOCK`.
- Clocks of processes may differ, and may be set back. An instant that lies in the future is not believed: it counts as
  of now, or not at all, so that no wrong clock holds the others for longer than the longest of each kind.

Source: decision 0009; the vendors' figures are in `systems/limits.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

LONGEST_CALL = 150_000
"""A place that nobody gave back by then belonged to a process that was killed: no call waits that long (130 s).

A shorter time would forget calls that the vendor is still working on, a longer one would slow the start after a crash.
"""
LONGEST_BLOCK = 3_600_000
"""However long a pause the vendor asks for, after an hour it is asked again."""
LOOK_AGAIN = 100
"""Nobody tells when another process gives a place back."""


class Quota(msgspec.Struct, frozen=True):
    """At most `limit` starts in any stretch of `span`."""

    limit: int
    span: int


class Limits(msgspec.Struct, frozen=True):
    """What a vendor allows. `lanes`: the series in which a kind of call counts; `quotas`: what holds for a series.

    `at_once` bounds calls under way, of all kinds. A kind without a lane counts nowhere.
    """

    quotas: Mapping[str, Sequence[Quota]] = {}
    lanes: Mapping[str, Sequence[str]] = {}
    at_once: int = 8


class Pace(msgspec.Struct, frozen=True):
    """`starts` of each series, oldest first; of each call under way when its place comes back by itself.

    `booked` counts the calls of this month and the one before by month and kind: `2026-11 read`. QuickBooks bills reads
    by the calendar month.
    """

    starts: Mapping[str, Sequence[int]] = {}
    under_way: Sequence[int] = ()
    blocked_until: int = 0
    booked: Mapping[str, int] = {}


def seen(pace: Pace, limits: Limits, now: int) -> Pace:
    """What still counts. What a clock that is ahead, or was set back, has put down later than now counts as of now."""
    return Pace(
        {name: _recent(pace.starts.get(name, ()), quotas, now) for name, quotas in limits.quotas.items()},
        [place for place in pace.under_way if now < place <= now + 2 * LONGEST_CALL],
        min(pace.blocked_until, now + LONGEST_BLOCK) if pace.blocked_until > now else 0,
        pace.booked,
    )


def _recent(starts: Sequence[int], quotas: Sequence[Quota], now: int) -> list[int]:
    oldest = now - max(quota.span for quota in quotas)
    kept = list(starts[bisect_right(starts, oldest) :])
    return [min(start, now) for start in kept] if kept and kept[-1] > now else kept


def wait(pace: Pace, limits: Limits, kind: str, now: int) -> int:
    """How long until a call of `kind` may be asked for again; 0 if it may start now. `pace` is what is `seen`."""
    earliest = [pace.blocked_until]
    for series in limits.lanes.get(kind, ()):
        starts = pace.starts[series]
        earliest += [starts[-q.limit] + q.span for q in limits.quotas[series] if len(starts) >= q.limit]
    if len(pace.under_way) >= limits.at_once:
        earliest.append(min(now + LOOK_AGAIN, *pace.under_way))
    return max(0, max(earliest) - now)


def begun(pace: Pace, limits: Limits, kind: str, now: int) -> Pace:
    """A call of `kind` starts now; its place is `place_of(now)`."""
    lane = limits.lanes.get(kind, ())
    starts = {name: [*starts, now] if name in lane else starts for name, starts in pace.starts.items()}
    return Pace(starts, [*pace.under_way, place_of(now)], pace.blocked_until, _booked(pace.booked, kind, now))


def _booked(before: Mapping[str, int], kind: str, now: int) -> Mapping[str, int]:
    name = f"{month_of(now)} {kind}"
    if name in before:
        return {**before, name: before[name] + 1}
    months = sorted({key.partition(" ")[0] for key in before})[-1:]  # a new month begins: the one before stays
    return {key: count for key, count in before.items() if key.partition(" ")[0] in months} | {name: 1}


def month_of(now: int) -> str:
    """The calendar month of an instant, in UTC: `2026-11`."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m")


def place_of(now: int) -> int:
    """A place is told by the instant at which it comes back by itself."""
    return now + LONGEST_CALL


def ended(pace: Pace, place: int) -> Pace:
    """The call with this place is over. Places of the same instant are alike."""
    under_way = list(pace.under_way)
    if place in under_way:
        under_way.remove(place)
    return msgspec.structs.replace(pace, under_way=under_way)


def held_back(pace: Pace, until: int) -> Pace:
    """The vendor wants no call before `until`."""
    return msgspec.structs.replace(pace, blocked_until=max(pace.blocked_until, until))
