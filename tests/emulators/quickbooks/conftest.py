from __future__ import annotations

import pytest

from .client import Client, Shop
from .endpoint import Endpoint


@pytest.fixture
def qbo() -> Client:
    return Client()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def endpoint(qbo: Client) -> Endpoint:
    return Endpoint(qbo)
