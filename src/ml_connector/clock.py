"""Time and chance: what everything that needs them is given, and the real ones. Simulations bring their own."""

from __future__ import annotations

import asyncio
import random
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

Deadline = Callable[[], datetime]
"""The instant at or after which nothing may begin any more. It is asked at the last moment, because it may move on."""


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """An aware UTC instant."""

    async def sleep(self, length: timedelta) -> None:
        """Return when `length` is over; at once for none, or less than none."""


class Timekeeper(Clock, Protocol):
    """A clock that also calls back."""

    def every(self, length: timedelta, act: Callable[[], None]) -> AbstractContextManager[None]:
        """While it is entered, call `act` whenever `length` is over: also while everybody waits for something."""


class Ids(Protocol):
    """The only source of chance."""

    def token(self) -> str:
        """A fresh random text of at least 128 bits."""

    def jitter(self) -> float:
        """0.0 to 1.0; spreads waiting times, never touches an amount."""


class WallClock:
    """The machine's time. With `offset` it runs beside it: emulators may live on another day."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """An aware UTC instant, `offset` beside the machine's."""
        return datetime.now(UTC) + self.offset

    async def sleep(self, length: timedelta) -> None:
        """Let others work meanwhile; at once for none, or less than none."""
        await asyncio.sleep(max(0.0, length.total_seconds()))

    @contextmanager
    def every(self, length: timedelta, act: Callable[[], None]) -> Iterator[None]:
        """By a task of the running loop. What `act` raises ends the calls: it keeps it for whoever waits meanwhile."""

        async def call() -> None:
            while True:
                await self.sleep(length)
                act()

        task = asyncio.get_running_loop().create_task(call())
        try:
            yield
        finally:
            task.cancel()


@dataclass
class _Call:
    due: datetime
    length: timedelta
    act: Callable[[], None]


class MovedClock(ABC):
    """A clock of simulations: it is moved by whoever sleeps, and what is due meanwhile is called at its time.

    So a simulation needs no tasks of its own for that, and its order is the same each time.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    @abstractmethod
    def now(self) -> datetime:
        """An aware UTC instant."""

    @abstractmethod
    async def move(self, by: timedelta) -> None:
        """Let so much time pass."""

    def running(self) -> datetime:
        """What sleeping is measured by; another than `now` where that may be set wrong."""
        return self.now()

    async def sleep(self, length: timedelta) -> None:
        """Move the clock on, and call on the way what is due, which may let more time pass than was asked for."""
        end = self.running() + length
        while self._calls and (call := min(self._calls, key=lambda call: call.due)).due <= end:
            await self._pass_until(call.due)
            call.act()
            call.due = self.running() + call.length
        await self._pass_until(end)

    async def _pass_until(self, instant: datetime) -> None:
        if instant > self.running():
            await self.move(instant - self.running())

    @contextmanager
    def every(self, length: timedelta, act: Callable[[], None]) -> Iterator[None]:
        """Called by whoever sleeps; a process that only computes, or is frozen, calls nothing."""
        call = _Call(self.running() + length, length, act)
        self._calls.append(call)
        try:
            yield
        finally:
            self._calls.remove(call)


class RandomIds:
    """The machine's chance."""

    def token(self) -> str:
        """32 hexadecimal digits from the machine's secure source."""
        return secrets.token_hex(16)

    def jitter(self) -> float:
        """0.0 up to, and without, 1.0."""
        return random.random()  # noqa: S311 - spreads waiting times, guards nothing
