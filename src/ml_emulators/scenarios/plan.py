"""What all parts of the sample company share while it is being built."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from .books import Books
from .org import Shop
from .people import Client
from .stage import Stage, workday
from .words import Names


class Calendar(NamedTuple):
    """The days that matter, seen from `today`. For 2026-11-20: first 2026-07-01, start 2026-10-01, closed 2026-10-04.

    The connector goes live on `start` (its `start_date`): the first of the month before. The books are closed a
    few days later than that, through `closed`: an order dated by the later of activation and start of the
    order can only fall into closed books when these reach beyond `start` (accounting-rules B.10).
    """

    today: date
    first: date
    start: date
    closed: date

    @property
    def opening(self) -> date:
        """Set-up and the customers of old, before the first invoice."""
        return self.first - timedelta(days=2)

    @property
    def closing(self) -> date:
        """The day on which the accountant closes the books through `closed`."""
        return workday(self.closed + timedelta(days=1))


def calendar(today: date) -> Calendar:
    """The dates of a company of that day: history, start of the connector, closed books."""
    start = _months_before(today.replace(day=1), 1)
    return Calendar(today, _months_before(start, 3), start, start + timedelta(days=3))


def _months_before(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


@dataclass
class Setting:
    """The stage, the calendar, the set-up, and the businesses by the part they play."""

    stage: Stage
    days: Calendar
    scale: int
    names: Names
    random: Random
    books: Books = field(default_factory=Books)
    shop: Shop = field(default_factory=Shop)
    plain: list[Client] = field(default_factory=list)
    paired: list[Client] = field(default_factory=list)
    subs: list[Client] = field(default_factory=list)
    ready: list[Client] = field(default_factory=list)
    prospects: list[Client] = field(default_factory=list)
    spare: list[Client] = field(default_factory=list)

    def between(self, first: date, last: date) -> date:
        """A workday from `first` to `last`, as far as there is one."""
        day = workday(first + timedelta(days=self.random.randrange(max((last - first).days, 0) + 1)))
        return min(day, last)
