"""What the emulators can be seeded with: `empty`, `tiny`, and the sample company `sample` with its business days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from ml_emulators.kit.control_bodies import SeedReport
from ml_emulators.kit.emulation import Emulation

from . import books, org, sample, tiny
from .days import LAST, Day, business_day, play_day
from .goods import GOODS
from .stage import PACIFIC, Stage, instant
from .vendors import new_emulation
from .words import MOST

__all__ = [
    "LAST",
    "MAX_SCALE",
    "SCENARIOS",
    "Day",
    "Library",
    "business_day",
    "load",
    "new_emulation",
    "play_day",
]

MAX_SCALE = MOST // 600
"""Each of so many times as much has names of its own."""
Build = Callable[[Stage, int, int, date], dict[str, Any]]


def _empty(stage: Stage, scale: int, seed: int, today: date) -> dict[str, Any]:
    """Set-up only: the chart of accounts, lists and items, products and price books."""
    stage.emulation.clock.freeze(instant(today, 7))
    org.set_up(stage, books.set_up(stage, GOODS), GOODS)
    return {"today": today.isoformat()}


SCENARIOS: dict[str, Build] = {"empty": _empty, "tiny": tiny.build, "sample": sample.build}


def load(emulation: Emulation, name: str, scale: int = 1, seed: int = 1, today: date | None = None) -> int:
    """Start from nothing and build a scenario; gives the number of operations.

    `today` (company time) is the last day with business; the clock is set to its evening. Without it the
    scenario ends on the clock's date (the day before, in the morning) and the clock goes on as it was.
    Raises `KeyError` for an unknown name.
    """
    build = SCENARIOS[name]
    if today is not None:
        emulation.clock.set(instant(today, 18))
    setting, stage = emulation.clock.snapshot(), Stage(emulation)
    emulation.random.seed(seed)
    emulation.reset()
    emulation.memory = build(stage, scale, seed, today or _last_day(emulation))
    emulation.clock.restore(setting)
    emulation.planted = stage.planted
    emulation.scenario = {"scenario": name, "scale": scale, "seed": seed, "days": 0}
    return stage.done


def _last_day(emulation: Emulation) -> date:
    local = emulation.clock.now().astimezone(PACIFIC)
    return local.date() if local.hour >= 12 else local.date() - timedelta(days=1)


class Library:
    """The scenarios as the control door asks for them."""

    def names(self) -> list[str]:
        """The scenarios by name."""
        return list(SCENARIOS)

    def most(self) -> int:
        """The largest scale that `load` takes."""
        return MAX_SCALE

    def load(self, emulation: Emulation, name: str, scale: int, seed: int, today: date | None) -> int:
        """Build a scenario in an empty emulation; how many operations it took. Raises `BadOrder`."""
        return load(emulation, name, scale, seed, today)

    def play(self, emulation: Emulation, day: int) -> SeedReport:
        """Play a business day of the scenario that was loaded. Raises `BadOrder` out of turn."""
        return play_day(emulation, day)
