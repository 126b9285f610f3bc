"""Limits of a vendor, respected before they are hit: calls per span of time, calls at once, the pause after a refusal.

A vendor counts the calls of a company, whichever process sends them: `sync` beside `plan`, or a process that is back a
second after it was killed, must keep the limits together. So what counts is kept where all processes see it
(`store/pace.py`), or, without a state, in this process alone. The rules are pure and stand in `model/pace.py`.
Source: quickbooks reference section 10, salesforce reference 3.1, decision 0009.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from ml_connector.clock import Clock
from ml_connector.model import pace
from ml_connector.model.errors import LimitReached, StateTrouble
from ml_connector.model.pace import Limits, Pace, Quota

UpdatePace = Callable[[Callable[[Pace], Pace]], None]
"""Puts in place of the pace what the function makes of it; nobody else comes between. The function may be called more
than once, so it must not do anything but think."""

_log = structlog.get_logger("ml_connector.http")

LONGEST_WAIT = timedelta(minutes=5)
"""Who must wait longer gives up, and comes back later: a run that slept on would hold its connection for nothing."""
_BY_ITSELF = "Nothing is lost; work goes on by itself after a pause."

_CALLS = (Quota(480, 60_000), Quota(9, 1_100))
_QUICKBOOKS = Limits(
    quotas={"calls": _CALLS, "batches": (Quota(38, 60_000),)},
    lanes={"read": ("calls",), "write": ("calls",), "batch": ("calls", "batches")},
)
_FREE = Limits(lanes={"read": (), "write": (), "batch": ()})


def in_this_process() -> UpdatePace:
    """A pace that no other process sees."""
    pace_now = Pace()

    def update(edit: Callable[[Pace], Pace]) -> None:
        nonlocal pace_now
        pace_now = edit(pace_now)

    return update


class Throttle:
    """One per company or org and process; those that update the same pace share its limits."""

    def __init__(self, clock: Clock, limits: Limits, update: UpdatePace | None = None) -> None:
        self._clock = clock
        self._limits = limits
        self._update = update or in_this_process()
        self._places = asyncio.Semaphore(limits.at_once)

    @asynccontextmanager
    async def place(self, kind: str) -> AsyncIterator[None]:
        """Held while a call is under way; entered when the limits allow it.

        Raises `LimitReached` where the vendor asks for a pause of more than five minutes.
        """
        async with self._places:
            if kind not in self._limits.lanes:
                yield
                return
            place = await self._begun(kind)
            try:
                yield
            finally:
                self._give_back(place)

    def _give_back(self, place: int) -> None:
        try:
            self._update(lambda before: pace.ended(before, place))
        except StateTrouble as error:
            # The answer of the call is already here and must not be lost with it: it may be the only sign that a
            # posting was made. The place comes back by itself (`pace.LONGEST_CALL`), and the next call finds the
            # trouble before anything is sent.
            _log.warning("place not given back", error=error.sentence)

    async def _begun(self, kind: str) -> int:
        """The place of a call that may start now. Waiting reserves nothing.

        Who must wait sleeps and asks again: a process that is killed while it waits leaves nothing behind, and a batch
        that waits for its minute lets reads pass.
        """
        wait, place = self.begin(kind)
        while wait:
            if wait > LONGEST_WAIT:
                raise LimitReached("The vendor asks for a pause, because too many calls were made.", _BY_ITSELF)
            await self._clock.sleep(wait)
            wait, place = self.begin(kind)
        return place

    def begin(self, kind: str) -> tuple[timedelta, int]:
        """Begin a call of `kind` and give its place, or say how long to wait before it may be asked for again."""
        now, wait = self._now(), 0

        def book(before: Pace) -> Pace:
            # Looking and booking are one step: two processes that both saw a free place would both take it.
            nonlocal wait
            current = pace.seen(before, self._limits, now)
            wait = pace.wait(current, self._limits, kind, now)
            return current if wait else pace.begun(current, self._limits, kind, now)

        self._update(book)
        return timedelta(milliseconds=wait), pace.place_of(now)

    def hold_back(self, kind: str, length: timedelta) -> None:
        """The vendor has refused a call of `kind` because of its limits: nobody calls again before `length` is over.

        Nobody in any process, and for any kind: what the vendor counts is the company.
        """
        if kind not in self._limits.lanes:
            return
        until = self._now() + round(length.total_seconds() * 1000)
        self._update(lambda before: pace.held_back(before, until))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def quickbooks_throttle(clock: Clock, update: UpdatePace | None = None) -> Throttle:
    """500 calls a minute, 10 a second, 40 batches a minute for one company (reference section 10), with a margin.

    The margin is for calls that leave evenly and arrive unevenly, and for clocks that differ: a second lasts 1.1, which
    costs nothing, because 480 a minute are no more than 9 in 1.1 seconds. Kinds: `read`, `write`, `batch`.
    """
    return Throttle(clock, _QUICKBOOKS, update)


def free_throttle(clock: Clock, update: UpdatePace | None = None) -> Throttle:
    """No quotas, only calls at once: for measuring, and for vendors whose limit is by the day."""
    return Throttle(clock, _FREE, update)
