"""How fast one company or org is called: what started lately, what is under way, until when the vendor wants rest.

Pure. Instants are epoch milliseconds, lengths milliseconds. The windows slide: in no stretch of a quota's span do more
calls start than its limit (a bucket that refills would allow bursts).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import msgspec

LONGEST_CALL = 150_000
"""A place that nobody gave back by then belonged to a process that was killed; no call waits that long."""
LONGEST_BLOCK = 3_600_000
"""However long the vendor wants rest, after an hour it is asked again."""
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
    """`starts` of each series, oldest first; of each call under way when its place comes back by itself."""

    starts: Mapping[str, Sequence[int]] = {}
    under_way: Sequence[int] = ()
    blocked_until: int = 0


def seen(pace: Pace, limits: Limits, now: int) -> Pace:
    """What still counts. What a clock that is ahead, or was set back, has put down later than now counts as of now."""
    return Pace(
        {name: _recent(pace.starts.get(name, ()), quotas, now) for name, quotas in limits.quotas.items()},
        [place for place in pace.under_way if now < place <= now + 2 * LONGEST_CALL],
        min(pace.blocked_until, now + LONGEST_BLOCK) if pace.blocked_until > now else 0,
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
    return Pace(starts, [*pace.under_way, place_of(now)], pace.blocked_until)


def place_of(now: int) -> int:
    return now + LONGEST_CALL


def ended(pace: Pace, place: int) -> Pace:
    """The call with this place is over. Places of the same instant are alike."""
    rest = list(pace.under_way)
    if place in rest:
        rest.remove(place)
    return msgspec.structs.replace(pace, under_way=rest)


def held_back(pace: Pace, until: int) -> Pace:
    """The vendor wants no call before `until`."""
    return msgspec.structs.replace(pace, blocked_until=max(pace.blocked_until, until))
