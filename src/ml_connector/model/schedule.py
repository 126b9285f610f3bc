"""When things are done by the company's clock: cron expressions, business days, the close calendar. Pure.

A cron expression has five fields (minute, hour, day, month, weekday) and is read in the company's time zone. On the
nights when the clocks change, what would fall into the hour that is left out is done right after it, and what falls
into the hour that comes twice is done once, unless it is done every hour (as cron itself does).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

LOOKED_AT = 12_000
"""Times of an expression that are looked at for one on a day that counts: more than a year of hours."""


class Does(StrEnum):
    """What is done then."""

    SWEEP = "sweep"
    ORDERS = "orders"
    COMPARE = "compare"


class Days(StrEnum):
    """The days on which an expression counts."""

    ALL = "all"
    CLOSE = "close"
    LAST = "last"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the schedule: what is done, when by the company's clock, and on which days.

    `close_days` is how many of the last business days of a month belong to the close.
    """

    does: Does
    cron: str
    days: Days = Days.ALL
    close_days: int = 3

    def counts(self, day: date) -> bool:
        """Whether this is a day for it."""
        match self.days:
            case Days.ALL:
                return True
            case Days.CLOSE:
                return day in closing_days(day, self.close_days)
            case Days.LAST:
                return day == closing_days(day, 1)[0]


def cron_trouble(cron: str) -> str:
    """Why this is no cron expression; blank if it is one."""
    if len(cron.split()) != 5:
        return "has not five fields"
    try:
        CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        return f"cannot be read ({error})"
    return ""


def next_time(entry: Entry, after: datetime, zone: ZoneInfo) -> datetime:
    """The first time after `after`, in UTC. Raises `ValueError` where there is none within more than a year."""
    return _first(entry, CronSim(entry.cron, after.astimezone(zone)), lambda at: at > after)


def last_time(entry: Entry, now: datetime, zone: ZoneInfo) -> datetime:
    """The last time up to `now`, in UTC; as `next_time`."""
    start = now.astimezone(zone) + timedelta(minutes=1)
    return _first(entry, CronSim(entry.cron, start, reverse=True), lambda at: at <= now)


def _first(entry: Entry, times: Iterator[datetime], fits: Callable[[datetime], bool]) -> datetime:
    for local in islice(times, LOOKED_AT):
        at = local.astimezone(UTC)
        if entry.counts(local.date()) and fits(at):
            return at
    raise ValueError(entry.cron)


def closing_days(day: date, count: int) -> tuple[date, ...]:
    """The last `count` business days (Monday to Friday) of the month of `day`, the last one first."""
    last = day.replace(day=monthrange(day.year, day.month)[1])
    days = (last - timedelta(days=back) for back in range(last.day))
    return tuple(islice((day for day in days if day.weekday() < 5), count))


def in_words(entry: Entry, zone: ZoneInfo) -> str:
    """`At 18:00 every day, company time (America/Los_Angeles)`."""
    when = CronSim(entry.cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()
    match entry.days:
        case Days.ALL:
            which = ""
        case Days.CLOSE:
            days = "business day" if entry.close_days == 1 else f"{entry.close_days} business days"
            which = f", on the last {days} of the month"
        case Days.LAST:
            which = ", on the last business day of the month"
    return f"{when}{which}, company time ({zone.key})"
