"""The real clock and the real chance; simulations bring their own."""

from __future__ import annotations

import asyncio
import random
import secrets
from datetime import UTC, datetime, timedelta


class WallClock:
    """The machine's time. With `offset` it runs beside it: emulators may live on another day."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    async def sleep(self, length: timedelta) -> None:
        await asyncio.sleep(max(0.0, length.total_seconds()))


class RandomIds:
    def token(self) -> str:
        return secrets.token_hex(16)

    def jitter(self) -> float:
        return random.random()  # noqa: S311 - spreads waiting times, guards nothing


async def no_crash(name: str) -> None:
    """The crash point of real life."""
    del name
