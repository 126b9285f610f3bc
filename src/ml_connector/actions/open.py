"""Open an installation: a connection of it, which all actions work on, all of them, or a home on its way there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from ml_connector.app import App, open_app, open_apps
from ml_connector.clock import Timekeeper, WallClock
from ml_connector.custody import SealedHeads
from ml_connector.settings import Settings, load
from ml_connector.store import Store
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.vault import Vault
from ml_connector.world import World


class Home(msgspec.Struct, frozen=True):
    """An installation that is not connected yet, or not fully."""

    path: Path
    settings: Settings
    store: Store
    vault: Vault
    world: World


@asynccontextmanager
async def open_home(path: Path, name: str = "", *, clock: Timekeeper | None = None) -> AsyncIterator[Home]:
    """The home folder with the settings of one connection, its key made if it has none."""
    settings = load(path, os.environ, name)
    store = Store.open(settings.state.url)
    vault = Vault.open_home(path) if (path / "keys").exists() else Vault.create(path)
    store.keeper, store.marker = SealedHeads(vault, path), vault
    try:
        async with AiohttpNetwork(ca_file=settings.network.ca_file) as network:
            yield Home(path, settings, store, vault, World(network, clock or WallClock()))
    finally:
        store.close()


__all__ = ["App", "Home", "open_app", "open_apps", "open_home"]
