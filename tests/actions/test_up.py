"""One service a home, and one connection's trouble ends all of it loudly; who it is told of wakes those alone."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ml_connector.actions.up import LOCK, Service, alone
from ml_connector.model.errors import Busy, StateTrouble


class Life:
    """Stands for a connection that lives."""

    def __init__(self, id_: str, error: Exception | None = None) -> None:
        self.app: Any = SimpleNamespace(connection=SimpleNamespace(id=id_))
        self.woken = self.looked = 0
        self._error = error

    def arrived(self) -> None:
        self.woken += 1

    def changed_elsewhere(self) -> None:
        self.looked += 1

    async def run(self, stopping: asyncio.Event) -> None:
        if self._error is not None:
            raise self._error
        await stopping.wait()


def test_a_home_has_one_service_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(Busy, match=f"process {os.getpid()}"), alone(tmp_path):
        pass
    with alone(tmp_path):
        assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateTrouble), alone(tmp_path):
        pass
    assert not (tmp_path / "elsewhere").exists()


async def test_arrivals_wake_the_connections_that_they_are_for() -> None:
    acme, other = Life("1-00D1"), Life("2-00D2")
    service = Service({"acme": acme, "other": other}, {})  # type: ignore[dict-item]  # they stand for connections
    await asyncio.to_thread(service.arrived, {"2-00D2", "3-00D3"})
    await asyncio.to_thread(service.signed_in, "1-00D1")
    await asyncio.sleep(0)
    assert (acme.woken, other.woken) == (0, 1)
    assert (acme.looked, other.looked) == (1, 0)


async def test_what_one_connection_raises_ends_all_of_them() -> None:
    lives = {"acme": Life("1"), "other": Life("2", StateTrouble("The disk is gone.", "Look at it."))}
    service = Service(lives, {})  # type: ignore[arg-type]  # they stand for connections
    with pytest.raises(StateTrouble, match="gone"):
        await service.run(asyncio.Event())
