from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ml_emulators.kit.emulation import Emulation
from ml_emulators.scenarios import load, new_emulation

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="session")
def built() -> Emulation:
    """The sample company at scale 1; tests only read it."""
    emulation = new_emulation(7)
    load(emulation, "sample", 1, 7, TODAY)
    return emulation


@pytest.fixture(scope="session")
def kept(built: Emulation) -> tuple[Emulation, dict[str, Any]]:
    """Another emulation of the same seed, and the sample company put aside."""
    return new_emulation(7), built.snapshot()


@pytest.fixture
def sample(kept: tuple[Emulation, dict[str, Any]]) -> Emulation:
    """The sample company to act on."""
    emulation, before = kept
    emulation.restore(before)
    return emulation
