"""Time and chance: what everything that needs them is given, and the real ones. Simulations bring their own."""

from __future__ import annotations

import asyncio
import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """An aware UTC instant."""

    async def sleep(self, length: timedelta) -> None:
        """Return when `length` is over; at once for none, or less than none."""


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
        return datetime.now(UTC) + self.offset

    async def sleep(self, length: timedelta) -> None:
        await asyncio.sleep(max(0.0, length.total_seconds()))


class RandomIds:
    """The machine's chance."""

    def token(self) -> str:
        return secrets.token_hex(16)

    def jitter(self) -> float:
        return random.random()  # noqa: S311 - spreads waiting times, guards nothing
