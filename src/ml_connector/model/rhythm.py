"""How often a source is usually heard of, by the hour of the week: silence is noticed where it is unusual. Pure.

An hour of the week (UTC) keeps what is usual in it, in hundredths of a change: a moving average that a single busy day
moves by little. So a source that rests every night and every weekend is not called silent then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

WEEK = 168
LEARNS = timedelta(days=14)
"""Until then nothing is usual."""
_WEIGHT = 4
_MOST_AT_FIRST = 1_000


class Rhythm(msgspec.Struct, frozen=True):
    """Heard of since when and when last; the hour that counts now (hours since 1970), and what is usual."""

    since: datetime
    last_at: datetime
    hour: int
    count: int
    usual: tuple[int, ...] = (0,) * WEEK


def heard(rhythm: Rhythm | None, changes: int, now: datetime) -> Rhythm:
    """So many changes have come now. An instant before the last one, of a clock that was set back, counts as that."""
    if rhythm is None:
        return Rhythm(now, now, _hour(now), changes)
    now = max(now, rhythm.last_at)
    hour = _hour(now)
    if hour == rhythm.hour:
        return Rhythm(rhythm.since, now, hour, rhythm.count + changes, rhythm.usual)
    usual = list(rhythm.usual)
    for past in range(rhythm.hour, min(hour, rhythm.hour + WEEK)):
        count = rhythm.count if past == rhythm.hour else 0
        usual[past % WEEK] = _moved(usual[past % WEEK], 100 * count)
    return Rhythm(rhythm.since, now, hour, changes, tuple(usual))


def _moved(usual: int, count: int) -> int:
    return usual + (min(count, 4 * usual + _MOST_AT_FIRST) - usual) // _WEIGHT


def missed_changes(rhythm: Rhythm, now: datetime) -> int:
    """How many changes usually come in the whole hours since the last one; 0 while it still learns."""
    if now - rhythm.since < LEARNS:
        return 0
    hours = range(_hour(rhythm.last_at) + 1, min(_hour(now), _hour(rhythm.last_at) + WEEK))
    return sum(rhythm.usual[hour % WEEK] for hour in hours) // 100


def _hour(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(hours=1)
