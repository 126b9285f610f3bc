"""The jobs of a connection that is kept in step: a sweep for each side, the drain, comparisons, what a day releases.

A sweep asks one side and takes in what it hears. The drain does what is due, and needs both sides. What fails is waited
for by its own job; what it says about a side goes to `Sides`, which all jobs go by.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from ml_connector.app import App
from ml_connector.engine import compare
from ml_connector.engine.intake import release, sweep
from ml_connector.engine.worker import DrainReport
from ml_connector.model.errors import Busy, ConnectorError, DryRun, Paused, ReadRefused

from .arrived import take_arrivals
from .comparing import compare_due
from .draining import drain, must_be_live, note_rules
from .jobs import FIRST_PAUSE, LONGEST_PAUSE, Jobs, Recurring, growing
from .progress import Progress, quiet
from .sides import DRAIN, SWEEP, Sides
from .telling import Condition, Tell

STANDSTILL = timedelta(minutes=1)
"""How often it is looked whether writes are allowed again, and what other processes have left to do: from our own
state, no vendor is asked."""
TAKE_OVER = timedelta(seconds=5)
"""How often it is looked whether the lease is free: its holder may have died."""
GATHER = timedelta(minutes=5)
"""How far apart the drains are at least, in the end, that only try again what did not come through."""
BELIEVED = timedelta(hours=26)
"""Nothing is put off for longer (`engine/corridor.py`, a vendor's Retry-After)."""
NEWS = datetime.fromtimestamp(0, UTC)
"""When what was never put off is due."""
HOURLY = timedelta(hours=1)


class Stream(Protocol):
    """What tells of changes by itself."""

    doubt_at: datetime | None
    """When a sweep of everything was last wanted, because something may have been missed."""

    @property
    def heard_at(self) -> datetime | None:
        """When it last said something, or was opened; None while it is closed."""

    @property
    def covered(self) -> frozenset[str]:
        """The kinds of which everything is told now."""

    @property
    def uncovered(self) -> list[str]:
        """All others that sweeps ask for."""


class Around(msgspec.Struct, frozen=True):
    """What the jobs of a connection share. `streams` by system."""

    app: App
    sides: Sides
    jobs: Jobs
    progress: Progress = quiet
    tell: Tell = lambda _: None
    passed: Callable[[DrainReport], None] = lambda _: None
    streams: dict[str, Stream] = {}

    @property
    def cadence(self) -> timedelta:
        """Between two sweeps of a side that is well."""
        return timedelta(minutes=self.app.settings.cadence.sweep_minutes)


class ConnectionJob(Recurring):
    """A job of a connection: what an error says about a side is told to `Sides`."""

    def __init__(self, name: str, around: Around, next_at: datetime | None = None) -> None:
        super().__init__(name, around.app.world.clock, around.app.world.ids, next_at)
        self.around = around

    def failed(self, error: ConnectorError) -> datetime | None:
        """As `Recurring`."""
        if error.system:
            self.around.sides.failed(error.system, error)
            return None
        return super().failed(error)


class SweepJob(ConnectionJob):
    """Asks one side what changed, at the cadence; while it is not well, later and later. It probes its side, too."""

    def __init__(self, around: Around, system: str) -> None:
        super().__init__(f"{SWEEP} {system}", around, _next_sweep(around, system))
        self.system = system
        self._whole_at: datetime | None = None

    async def work(self) -> datetime:
        """When the next sweep is due."""
        sides, app, begun = self.around.sides, self.around.app, self.clock.now()
        if not sides.may_ask(self.system, begun):
            return sides.of(self.system).next_at or begun + LONGEST_PAUSE
        refused, only = None, self._only(begun)
        if only == []:
            return begun + self.around.cadence
        try:
            knocked = await sweep(app.connection, app.runtime, self.system, only)
        except ReadRefused as error:
            knocked, refused = 1, error
        self._whole_at = begun if only is None else self._whole_at
        next_at = self.clock.now() + self.around.cadence
        sides.swept(self.system, next_at, refused)
        if knocked:
            self.around.jobs.wake(DRAIN)
        self.around.jobs.wake("compare")
        return next_at

    def _only(self, now: datetime) -> list[str] | None:
        """The kinds that no stream tells of; None for all: while no stream is well, and now and then in any case."""
        stream, net = self.around.streams.get(self.system), self.around.app.settings.stream.sweep_minutes
        if stream is None or not stream.covered or self._whole_at is None:
            return None
        doubted = stream.doubt_at is not None and self._whole_at <= stream.doubt_at
        live = self.around.sides.of(self.system).state == "live"
        is_due = not self._whole_at <= now < self._whole_at + timedelta(minutes=net)
        return None if doubted or is_due or not live else stream.uncovered

    def failed(self, error: ConnectorError) -> datetime | None:
        """The side says when it may be asked again."""
        super().failed(error)
        return self.around.sides.of(self.system).next_at if error.system == self.system else None


def _next_sweep(around: Around, system: str) -> datetime:
    """A restart pays no sweep: the next one comes as long after the last one as ever."""
    row, now = around.sides.of(system), around.app.world.clock.now()
    if row.asked_at is None or not row.asked_at <= now:
        return now
    return row.asked_at + around.cadence if row.state == "live" else now


class DrainJob(ConnectionJob):
    """Does what is due. It is woken by arrivals, and comes back for what waits for a moment."""

    def __init__(self, around: Around) -> None:
        super().__init__(DRAIN, around)
        self._condition = Condition(around.tell, "That is over: syncing goes on.")
        self._vendor_failures = 0
        self._not_before: datetime | None = None
        self._retries, self._ended_at = 0, NEWS
        """Drains in a row that nothing new was the reason for, and when the last drain ended."""
        self._left = False
        """Whether the last drain has left something that was never put off: nobody here serves it."""
        self._begun = False
        """Whether what an earlier process left open was looked at."""

    async def work(self) -> datetime:
        """When it has to look again."""
        now = self.clock.now()
        take_arrivals(self.around.app)
        if not self.around.sides.well_enough():
            return now + LONGEST_PAUSE  # woken before, when they are
        if self._not_before is not None and now < self._not_before <= now + LONGEST_PAUSE:
            return self._not_before
        if self._begun and (next_at := self._next()) > now:
            return next_at
        news = self._next_due() == NEWS
        try:
            app = self.around.app
            report = await drain(app, self.around.progress, must_be_live(app))
        except (Paused, DryRun) as standstill:
            self._condition.is_now(standstill)
            return self.clock.now() + STANDSTILL
        except Busy as busy:
            self._condition.is_now(busy)
            return self.clock.now() + TAKE_OVER
        self._well()
        self._left = self._next_due() == NEWS
        self._retries = 0 if news and not self._left else self._retries + 1
        self._ended_at = self.clock.now()
        self.around.passed(report)
        return self._next()

    def _well(self) -> None:
        self._condition.is_over()
        self._begun, self._vendor_failures, self._not_before = True, 0, None
        for system in self.around.app.runtime.systems:
            self.around.sides.well(system, by=DRAIN)

    def _next(self) -> datetime:
        """When it has to drain, or to look again.

        News is served at once. Retries are gathered: each of 120 locked records has a time of its own, and to look at
        one costs as many reads as to look at all.
        """
        now, due = self.clock.now(), self._next_due()
        if due is None:
            return now + STANDSTILL
        gap = min(GATHER, FIRST_PAUSE * 2 ** min(self._retries, 12))
        retried = due != NEWS or self._left
        if retried and now <= self._ended_at + gap <= now + GATHER:  # else a clock was ahead then, or is behind now
            due = max(due, self._ended_at + gap)
        return min(now + STANDSTILL, due)

    def _next_due(self) -> datetime | None:
        return self.around.app.store.next_due(self.around.app.connection.id)

    def failed(self, error: ConnectorError) -> datetime | None:
        """Where a side failed, the drain waits for it to be well, and no less than it has to by itself."""
        self._condition.is_now(error)
        if not error.system:
            return super().failed(error)
        self.around.sides.failed(error.system, error, by=DRAIN)
        if self.around.sides.of(error.system).state == "dead":
            return self.clock.now() + LONGEST_PAUSE  # woken when a person has signed in, and not kept from it then
        pause = growing(self._vendor_failures, self.around.app.world.ids.jitter(), timedelta(seconds=30), LONGEST_PAUSE)
        self._vendor_failures += 1
        self._not_before = self.clock.now() + pause
        return self._not_before


LOOK = "look"


class LookJob(ConnectionJob):
    """Takes over what other processes have put on record: a sign-in that was renewed, tasks, writes that may go on."""

    def __init__(self, around: Around) -> None:
        super().__init__(LOOK, around)

    async def work(self) -> datetime:
        """When it has to look again."""
        self.around.sides.heard()
        self.around.app.store.disbelieve(self.around.app.connection.id, self.clock.now() + BELIEVED)
        self.around.jobs.wake(DRAIN)
        return self.clock.now() + STANDSTILL


class CompareJob(ConnectionJob):
    """Compares the ids of the sides that may be asked, where that is due."""

    def __init__(self, around: Around) -> None:
        super().__init__("compare", around)

    async def work(self) -> datetime:
        """When it has to look again."""
        app, sides, now = self.around.app, self.around.sides, self.clock.now()
        systems = [name for name in app.runtime.systems if sides.of(name).state == "live"]
        await compare_due(app, self.around.progress, systems)
        pending = compare.pending(app.runtime, systems, app.store.comparisons(app.connection.id))
        if pending:
            self.around.jobs.wake(DRAIN)
        return now + (LONGEST_PAUSE if pending else HOURLY)


class ReleaseJob(ConnectionJob):
    """Knocks on what waits for a day that has come, for a table that no sweep watches, or for other settings."""

    def __init__(self, around: Around) -> None:
        super().__init__("release", around)

    async def work(self) -> datetime:
        """When it has to look again."""
        app = self.around.app
        note_rules(app)
        await release(app.connection, app.runtime, lambda system: self.around.sides.of(system).state == "live")
        self.around.jobs.wake(DRAIN)
        return self.clock.now() + self.around.cadence
