"""Limits of a vendor, respected before they are hit: calls per span of time, and calls at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from ml_connector.engine.ports import Clock


class Quota:
    """At most `limit` starts in any `span`. Knows no clock: the present is passed in.

    A sliding window, not a bucket that refills: in no stretch of `span` do more calls start than the vendor allows.
    """

    def __init__(self, limit: int, span: timedelta) -> None:
        self.limit = limit
        self.span = span
        self._starts: deque[datetime] = deque(maxlen=limit)

    def earliest(self, now: datetime) -> datetime:
        """When the next call may start."""
        if len(self._starts) < self.limit:
            return now
        return max(now, self._starts[0] + self.span)

    def take(self, at: datetime) -> None:
        """Book a start at `at`, which is never before one booked earlier."""
        self._starts.append(at)


class Throttle:
    """One per company or org. `lanes` maps a kind of call to the quotas it counts against; the same quota object may
    stand in several lanes. A kind without a lane has no quota. `at_once` bounds calls under way, of any kind.
    """

    def __init__(self, clock: Clock, lanes: Mapping[str, Sequence[Quota]], at_once: int = 8) -> None:
        self._clock = clock
        self._lanes = lanes
        self._places = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def place(self, kind: str) -> AsyncIterator[None]:
        """Held while a call is under way; entered when all quotas of its lane allow it."""
        async with self._places:
            wait = self.book(kind)
            if wait > timedelta(0):
                await self._clock.sleep(wait)
            yield

    def book(self, kind: str) -> timedelta:
        """Book the next free start for a call of `kind` and say how long to wait for it."""
        quotas = self._lanes.get(kind, ())
        now = self._clock.now()
        start = max((quota.earliest(now) for quota in quotas), default=now)
        for quota in quotas:
            quota.take(start)
        return start - now


def quickbooks_throttle(clock: Clock, *, at_once: int = 8) -> Throttle:
    """500 calls a minute, 10 a second, 40 batches a minute for one company (reference section 10), with a margin.

    The margin covers calls that leave evenly and arrive unevenly. Kinds: `read`, `write`, `batch`; `token` is free.
    """
    common = [Quota(480, timedelta(seconds=60)), Quota(9, timedelta(seconds=1))]
    batch = [*common, Quota(38, timedelta(seconds=60))]
    return Throttle(clock, {"read": common, "write": common, "batch": batch}, at_once)


def free_throttle(clock: Clock, *, at_once: int = 8) -> Throttle:
    """No quotas: for measuring, and for vendors whose limit is by the day."""
    return Throttle(clock, {}, at_once)
