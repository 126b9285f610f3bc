"""Limits of a vendor, respected before they are hit: calls per span of time, calls at once, and rest after a refusal.

What counts is kept where all processes see it (`store/pace.py`), or, without a state, in this process alone. The rules
are in `model/pace.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from ml_connector.clock import Clock
from ml_connector.model import pace
from ml_connector.model.errors import LimitReached, StateTrouble
from ml_connector.model.pace import Limits, Pace, Quota

Keep = Callable[[Callable[[Pace], Pace]], None]
"""Puts in place of what is kept what the function makes of it; nobody else comes between."""

LONGEST_WAIT = timedelta(minutes=5)
"""Who must wait longer gives up, and comes back later."""
_BY_ITSELF = "Nothing is lost; work goes on by itself after a pause."

_CALLS = (Quota(480, 60_000), Quota(9, 1_100))
_QUICKBOOKS = Limits(
    quotas={"calls": _CALLS, "batches": (Quota(38, 60_000),)},
    lanes={"read": ("calls",), "write": ("calls",), "batch": ("calls", "batches")},
)
_FREE = Limits(lanes={"read": (), "write": (), "batch": ()})


def alone() -> Keep:
    """Kept in this process, for itself."""
    kept = Pace()

    def keep(edit: Callable[[Pace], Pace]) -> None:
        nonlocal kept
        kept = edit(kept)

    return keep


class Throttle:
    """One per company or org and process; those with the same `keep` share its limits."""

    def __init__(self, clock: Clock, limits: Limits, keep: Keep | None = None) -> None:
        self._clock = clock
        self._limits = limits
        self._keep = keep or alone()
        self._places = asyncio.Semaphore(limits.at_once)

    @asynccontextmanager
    async def place(self, kind: str) -> AsyncIterator[None]:
        """Held while a call is under way; entered when the limits allow it.

        Raises `LimitReached` where the vendor wants rest for longer than five minutes.
        """
        async with self._places:
            if kind not in self._limits.lanes:
                yield
                return
            place = await self._begun(kind)
            try:
                yield
            finally:
                with suppress(StateTrouble):  # an answer is worth more than its place, which comes back by itself
                    self._keep(lambda kept: pace.ended(kept, place))

    async def _begun(self, kind: str) -> int:
        wait, place = self.begin(kind)
        while wait:
            if wait > LONGEST_WAIT:
                raise LimitReached("The vendor wants rest, because too many calls were made.", _BY_ITSELF)
            await self._clock.sleep(wait)
            wait, place = self.begin(kind)
        return place

    def begin(self, kind: str) -> tuple[timedelta, int]:
        """Begin a call of `kind` and give its place, or say how long to wait before it may be asked for again."""
        now, wait = self._now(), 0

        def edit(kept: Pace) -> Pace:
            nonlocal wait
            kept = pace.seen(kept, self._limits, now)
            wait = pace.wait(kept, self._limits, kind, now)
            return kept if wait else pace.begun(kept, self._limits, kind, now)

        self._keep(edit)
        return timedelta(milliseconds=wait), pace.place_of(now)

    def hold_back(self, kind: str, length: timedelta) -> None:
        """The vendor has refused a call of `kind` because of its limits: nobody calls again before `length` is over."""
        if kind not in self._limits.lanes:
            return
        until = self._now() + round(length.total_seconds() * 1000)
        self._keep(lambda kept: pace.held_back(kept, until))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def quickbooks_throttle(clock: Clock, keep: Keep | None = None) -> Throttle:
    """500 calls a minute, 10 a second, 40 batches a minute for one company (reference section 10), with a margin.

    The margin is for calls that leave evenly and arrive unevenly, and for clocks that differ: a second lasts 1.1, which
    costs nothing, because 480 a minute are no more than 9 in 1.1 seconds. Kinds: `read`, `write`, `batch`.
    """
    return Throttle(clock, _QUICKBOOKS, keep)


def free_throttle(clock: Clock, keep: Keep | None = None) -> Throttle:
    """No quotas, only calls at once: for measuring, and for vendors whose limit is by the day."""
    return Throttle(clock, _FREE, keep)
