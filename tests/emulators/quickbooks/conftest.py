from __future__ import annotations

import pytest

from .client import Client, Shop


@pytest.fixture
def qbo() -> Client:
    return Client()


@pytest.fixture
def shop() -> Shop:
    return Shop()
