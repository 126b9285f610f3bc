from __future__ import annotations

from datetime import date

import pytest

from ml_emulators.kit.twin import Twin
from ml_emulators.scenarios import load, new_twin

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="session")
def built() -> Twin:
    """The sample company at scale 1; tests only read it."""
    twin = new_twin(7)
    load(twin, "sample", 1, 7, TODAY)
    return twin


@pytest.fixture
def sample(built: Twin) -> Twin:
    """The sample company to act on."""
    twin = new_twin(7)
    load(twin, "sample", 1, 7, TODAY)
    return twin
