"""What a running connection does, each thing at its own time: jobs, who is due, and how they run side by side.

No job holds another up. In real life each has a task of its own; a simulation moves its clock to the next time and lets
what is due run, one job after the other.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from ml_connector.clock import Clock, Ids
from ml_connector.model.errors import ConnectorError

LOOK = timedelta(seconds=30)
"""How long a task sleeps at most before it looks at the clock again: that may have been set, or the machine asleep."""
LEAST = timedelta(seconds=1)
"""Between the end of a job and its next begin, unless it was woken: whatever time it names, it cannot run hot."""
LONGEST = timedelta(days=1)
"""No job waits longer: a time further away was named by a clock that was ahead, and is not believed."""
GRACE = timedelta(seconds=5)
"""How long jobs may go on when the service stops, before they are cut off."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
_log = structlog.get_logger("service")


class Job(Protocol):
    """Something that is done again and again."""

    name: str
    """Unique in its connection: `sweep quickbooks`, `drain`, `stream`, ..."""
    next_at: datetime
    """Due from this instant on."""

    async def run(self) -> None:
        """Do it, and set `next_at`. Handles every `ConnectorError` itself; what it raises ends the service."""


class _Entry:
    """A job, with what wakes its task."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.running = False
        self.woken_for: datetime | None = None
        """Woken while it ran: it runs again then, whatever time it names at its end."""
        self.alarm = asyncio.Event()

    def begins(self) -> None:
        """The job begins: what wakes it from now on may come too late for it to see why."""
        self.running, self.woken_for = True, None

    def ended(self, now: datetime) -> None:
        """The job has ended: no sooner again than `LEAST`, unless it was woken meanwhile, and no later than `LONGEST`.

        A time beyond that may be named by what a clock that was ahead has left, at each run anew.
        """
        self.running = False
        self.job.next_at = min(max(self.job.next_at, now + LEAST), now + LONGEST)
        if self.woken_for is not None:
            self.job.next_at = min(self.job.next_at, self.woken_for)


class Jobs:
    """The jobs of one connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._closing: list[Callable[[], Awaitable[None]]] = []

    def add(self, job: Job, close: Callable[[], Awaitable[None]] | None = None) -> None:
        """One more job; before `run`. Its name must be new. `close` puts away what it keeps open between two runs."""
        assert job.name not in self._entries, job.name  # noqa: S101 - a mistake of ours, not of an operator
        self._entries[job.name] = _Entry(job)
        self._closing += [] if close is None else [close]

    @property
    def names(self) -> list[str]:
        """The names of all jobs, in the order in which they were added."""
        return list(self._entries)

    def wake(self, name: str, at: datetime | None = None) -> None:
        """Due now, or at `at` if that is earlier than it would be. Nothing happens where there is no such job."""
        entry = self._entries.get(name)
        if entry is None:
            return
        at = at or self._clock.now()
        if entry.running:
            entry.woken_for = min(at, entry.woken_for or at)
        elif at < entry.job.next_at:
            entry.job.next_at = at
        entry.alarm.set()

    def next_at(self) -> datetime:
        """When the earliest job is due, as far as that can be believed."""
        return min(self._due_at(entry) for entry in self._entries.values())

    async def turn(self) -> None:
        """Run what is due now, one after the other; what one of them wakes comes with the next turn."""
        for entry in [entry for entry in self._entries.values() if self._due_at(entry) <= self._clock.now()]:
            await self._once(entry)

    async def run(self, stopping: asyncio.Event) -> None:
        """A task for each job until `stopping`; then they end within 10 seconds. Raises what a job raises."""
        tasks = [asyncio.create_task(self._keep_running(entry, stopping)) for entry in self._entries.values()]
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
            stopping.set()
            for entry in self._entries.values():
                entry.alarm.set()
            await asyncio.wait(tasks, timeout=GRACE.total_seconds())
        finally:
            await _cut_off([stop, *tasks])
            await self.close()
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def close(self) -> None:
        """Let every job put away what it has open."""
        for put_away in self._closing:
            await put_away()

    async def _keep_running(self, entry: _Entry, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            entry.alarm.clear()
            wait = self._due_at(entry) - self._clock.now()
            if wait <= timedelta(0):
                await self._once(entry)
            else:
                await self._first_of(entry.alarm, min(wait, LOOK))

    async def _first_of(self, alarm: asyncio.Event, length: timedelta) -> None:
        waits = [asyncio.ensure_future(wait) for wait in (alarm.wait(), self._clock.sleep(length))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cut_off(waits)

    async def _once(self, entry: _Entry) -> None:
        entry.begins()
        try:
            await entry.job.run()
        finally:
            entry.ended(self._clock.now())

    def _due_at(self, entry: _Entry) -> datetime:
        now = self._clock.now()
        return now if entry.job.next_at > now + LONGEST else entry.job.next_at


async def _cut_off(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel what still runs, and wait until it has put away what it holds."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


class Recurring(ABC):
    """A job that says when it is due again, and that comes back later and later while it fails."""

    def __init__(self, name: str, clock: Clock, ids: Ids, next_at: datetime | None = None) -> None:
        self.name = name
        self.next_at = next_at or clock.now()
        self.failures = 0
        self.clock = clock
        self._ids = ids

    @abstractmethod
    async def work(self) -> datetime:
        """Do it once; when it is due again. May raise any `ConnectorError`."""

    def failed(self, error: ConnectorError) -> datetime | None:
        """Told what `work` raised. When to come back, where that has a time of its own."""
        _log.info("a job failed", job=self.name, error=type(error).__name__, what=error.sentence)
        return None

    async def run(self) -> None:
        """See `Job`."""
        try:
            self.next_at = await self.work()
            self.failures = 0
        except ConnectorError as error:
            pause = growing(self.failures, self._ids.jitter(), FIRST_PAUSE, LONGEST_PAUSE)
            self.failures += 1
            self.next_at = self.failed(error) or self.clock.now() + pause


def growing(failures: int, jitter: float, first: timedelta, most: timedelta) -> timedelta:
    """`first`, twice that, ... up to `most`, spread by up to half. `jitter` is between 0 and 1."""
    longest: timedelta = min(most, first * 2 ** min(failures, 20))
    return longest * (0.5 + jitter / 2)
