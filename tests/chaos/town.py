"""The tiny company, ready for many runs: built once a process, put back to its beginning before each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from ml_connector.app import App, World, assemble
from ml_connector.engine.ports import CrashPoint
from ml_connector.store import Store
from ml_connector.systems.http import Network
from ml_connector.systems.quickbooks import outbox
from ml_connector.systems.salesforce import writing
from support.world import Installation, SimClock, SimIds


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class _Dead:
    """What a killed process finds where its database was."""

    def begin(self) -> Any:
        raise Killed


class Process:
    """One process of the connector: its own memory, the common database."""

    def __init__(self, name: str, store: Store, app: App) -> None:
        self.name = name
        self.app = app
        self._store = store

    def die(self) -> None:
        """From here on it can neither write nor tidy up behind itself."""
        self._store.engine = _Dead()  # type: ignore[assignment]  # answers like an engine whose process is gone


class Town:
    """Both vendors and the database. `begin` makes everything as it was at the start."""

    def __init__(self) -> None:
        self.home = Installation(Path(mkdtemp(prefix="crash-runs-")))
        self.clock = SimClock(self.home.clock)
        self._vendors = self.home.twin.snapshot()
        self._switches = {
            name: {each.name: getattr(vendor.switches, each.name) for each in fields(vendor.switches)}
            for name, vendor in self.home.twin.vendors.items()
        }
        self._empty = self.backup()

    def begin(self, seed: int) -> None:
        home = self.home
        home.twin.restore(self._vendors)
        home.twin.faults.clear()
        home.twin.log.clear()
        home.network.sent.clear()
        for name, values in self._switches.items():
            for switch, value in values.items():
                setattr(home.twin.vendors[name].switches, switch, value)
        home.ids = SimIds(Random(seed))
        self.bring_back(self._empty)

    def _database(self) -> sqlite3.Connection:
        connection = self.home.store.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def backup(self) -> sqlite3.Connection:
        """A copy of the database as it is."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self._database().backup(copy)
        return copy

    def bring_back(self, copy: sqlite3.Connection) -> None:
        """The database as it was when the copy was taken."""
        copy.backup(self._database())

    def process(self, name: str, crash: CrashPoint, network: Network) -> Process:
        """A process as it starts: nothing in memory but what the database keeps."""
        home = self.home
        store = Store(home.store.engine)
        app = assemble(home.settings, home.rules, store, home.vault, World(network, self.clock, home.ids, crash))
        return Process(name, store, app)


@contextmanager
def small_batches(process_wide: bool) -> Iterator[None]:
    """Two records a request where the vendors allow more, so that few records make several batches."""
    before = writing.CHUNK, dict(outbox.BATCH_SIZES)
    if process_wide:
        writing.CHUNK = 2
        outbox.BATCH_SIZES.update({name: 2 for name, size in before[1].items() if size > 1})
    try:
        yield
    finally:
        writing.CHUNK = before[0]
        outbox.BATCH_SIZES.update(before[1])
