from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

import pytest

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control_bodies import BadOrder, Operation, SeedReport
from ml_emulators.kit.emulation import Emulation

from .echo import Echo

NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


class OneStage:
    """A scenario `empty`, and days that must be played in order."""

    def names(self) -> list[str]:
        return ["empty"]

    def most(self) -> int:
        return 10

    def load(self, emulation: Emulation, name: str, scale: int, seed: int, today: date | None) -> int:
        emulation.reset()
        return 0

    def play(self, emulation: Emulation, day: int) -> SeedReport:
        if day != 1:
            raise BadOrder("the next day is 1")
        return emulation.run([Operation("quickbooks", "create", "Note", {"Text": "day one"})])


@pytest.fixture
def clock() -> VirtualClock:
    clock = VirtualClock()
    clock.freeze(NOON)
    return clock


@pytest.fixture
def emulation(clock: VirtualClock) -> Emulation:
    return Emulation({"quickbooks": Echo("quickbooks"), "salesforce": Echo("salesforce")}, clock, Random(1))
