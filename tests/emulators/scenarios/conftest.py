from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ml_emulators.kit.emulation import Twin
from ml_emulators.scenarios import load, new_twin

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="session")
def built() -> Twin:
    """The sample company at scale 1; tests only read it."""
    twin = new_twin(7)
    load(twin, "sample", 1, 7, TODAY)
    return twin


@pytest.fixture(scope="session")
def kept(built: Twin) -> tuple[Twin, dict[str, Any]]:
    """Another twin of the same seed, and the sample company put aside."""
    return new_twin(7), built.snapshot()


@pytest.fixture
def sample(kept: tuple[Twin, dict[str, Any]]) -> Twin:
    """The sample company to act on."""
    twin, before = kept
    twin.restore(before)
    return twin
