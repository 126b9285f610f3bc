"""Clocks: what is called back while somebody waits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from ml_connector.clock import MovedClock, WallClock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Noon(MovedClock):
    """Noon, until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    async def move(self, by: timedelta) -> None:
        self.time += by


async def test_who_sleeps_passes_what_is_due_meanwhile_at_its_time() -> None:
    clock, calls = Noon(), list[tuple[str, float]]()

    def note(name: str) -> None:
        calls.append((name, (clock.now() - NOON) / MINUTE))

    with clock.every(2 * MINUTE, lambda: note("two")), clock.every(3 * MINUTE, lambda: note("three")):
        await clock.sleep(MINUTE)
        await clock.sleep(5.5 * MINUTE)
    await clock.sleep(10 * MINUTE)
    assert calls == [("two", 2), ("three", 3), ("two", 4), ("two", 6), ("three", 6)]
    assert clock.now() == NOON + 16.5 * MINUTE


async def test_what_a_machine_slept_through_is_called_once_when_it_is_awake() -> None:
    clock, calls = Noon(), list[datetime]()
    with clock.every(MINUTE, lambda: calls.append(clock.now())):
        clock.time += 10 * MINUTE
        await clock.sleep(MINUTE)
    assert calls == [NOON + 10 * MINUTE, NOON + 11 * MINUTE]


async def test_the_real_clock_calls_while_others_wait_and_stops_at_the_end() -> None:
    calls: list[int] = []
    enough = asyncio.Event()

    def count() -> None:
        calls.append(1)
        if len(calls) == 3:
            enough.set()

    with WallClock().every(timedelta(0), count):
        await enough.wait()
    made = len(calls)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(calls) == made
