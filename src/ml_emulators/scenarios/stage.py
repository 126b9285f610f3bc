"""The stage on which a scenario is built: acts for people on both sides, and moves the clock of both."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ml_emulators.kit.control_bodies import Planted
from ml_emulators.kit.emulation import Emulation

from .shape import shape_of

PACIFIC = ZoneInfo("America/Los_Angeles")
Json = dict[str, Any]
_PACE = timedelta(milliseconds=100)


def instant(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """The UTC instant of a wall-clock time in the company's zone (America/Los_Angeles)."""
    return datetime.combine(day, time(hour, minute), PACIFIC).astimezone(UTC)


def workday(day: date) -> date:
    """`day`, or the next Monday when it falls on a weekend."""
    return day + timedelta(days=(7 - day.weekday()) if day.weekday() > 4 else 0)


class Stage:
    """Runs events in order of their day; within a day in order of adding, a tenth of a second apart."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation
        self.shape = shape_of(emulation)
        self.done = 0
        self.planted: list[Planted] = []
        self._events: list[tuple[date, int, Callable[[], object]]] = []
        self._added = 0

    def qbo(self, op: str, kind: str, body: Json) -> Json:
        """Act in QuickBooks; gives the record."""
        self.done += 1
        return self.emulation.act("quickbooks", op, kind, body)

    def sf(self, op: str, kind: str, body: Json) -> Json:
        """Act in Salesforce, as far as the org has fields for it; gives the record."""
        self.done += 1
        return self.emulation.act("salesforce", op, kind, self.shape.body(body))

    def plant(self, code: str, system: str, kind: str, key: str, why: str) -> None:
        """Note what was hidden for the connector to find: the code it must come to, at which record, and why."""
        self.planted.append(Planted(code, system, kind, key, why))

    def on(self, day: date, event: Callable[[], object]) -> None:
        """Let `event` happen on `day`, or at once when that day has gone by."""
        self._added += 1
        heapq.heappush(self._events, (day, self._added, event))

    def play(self) -> None:
        """Run all events, the clock frozen at their day from 07:00 local time on."""
        clock = self.emulation.clock
        present = date.min
        while self._events:
            day, _, event = heapq.heappop(self._events)
            if day > present:
                present = day
                clock.freeze(instant(day, 7))
            clock.advance(_PACE)
            event()
