"""The situation of threats to the state: entries approved, and a run killed between noting the first and sending it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import LargeBinary, Table, select, update

from ml_connector.actions.drain import drain
from ml_connector.actions.plan import make_plan
from ml_connector.app import App, assemble
from ml_connector.custody import HEADS
from ml_connector.model.errors import ConnectorError
from ml_connector.model.tasks import Task
from ml_connector.store import Store, schema
from ml_connector.world import World

from .tables import put_back, rows_of
from .world import Installation, SimClock

PAUSE = timedelta(minutes=10)
ORDERS = "order_to_journal"


class _Killed(BaseException):
    """The process is gone."""


class Situation:
    """The company and its state, which each test gets as they were."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Installation(folder)
        self._heads: dict[Path, bytes] = {}
        self._vendors: dict[str, Any] = {}
        self._state: Any = None

    async def prepare(self) -> None:
        """Entries approved; the run that posts them is killed when the first batch is noted."""
        await self.home.approve_all()
        engine = self.home.store.engine

        async def die(name: str) -> None:
            writes = Store(engine)
            writes.marker = self.home.vault
            if name == "noted" and any(write.flow == ORDERS for write in writes.open_writes(self.connection)):
                raise _Killed

        world = World(self.home.network, SimClock(self.home.clock), self.home.ids, die)
        with pytest.raises(_Killed):
            await drain(assemble(self.home.settings, self.home.rules, self.home.store, self.home.vault, world))
        self.home.clock.advance(PAUSE)
        await make_plan(self.home.app, "preparer", sweep_first=False)
        self.keep()

    def keep(self) -> None:
        """This is how it is put back."""
        self._heads = {file: file.read_bytes() for file in (self.folder / HEADS).iterdir()}
        self._vendors = self.home.emulation.snapshot()
        self._state = rows_of(self.home.store)

    def put_back(self) -> None:
        """Both vendors and the state, as they were."""
        self.put_vendors_back()
        put_back(self.home.store, self._state)
        for file, head in self._heads.items():
            file.write_bytes(head)

    def put_vendors_back(self) -> None:
        """Both vendors as they were: what was written since is not there any more, and they do not remember it."""
        self.home.emulation.restore(self._vendors)

    def put_state_back(self) -> None:
        """What an operator does with a backup. The log, which goes on, and the counter of runs stay."""
        log = {name: rows_of(self.home.store)[name] for name in ("audit", "audit_head")}
        put_back(self.home.store, self._state | log)

    @property
    def app(self) -> App:
        return self.home.app

    @property
    def connection(self) -> str:
        return self.home.app.connection.id

    def posted(self) -> list[dict[str, Any]]:
        """What stands in the books because of the connector."""
        entries = self.home.state("quickbooks", "JournalEntry")
        return [{name: entry.get(name) for name in ("DocNumber", "TxnDate", "Line")} for entry in entries]

    def change_column(self, table: Table, column: str) -> None:
        """Put another value into a column of every row. What is settled in the outbox leads to nothing any more."""
        for row in self.rows(table):
            if table is not schema.write or row["state"] == "open":
                mine = [table.c[key.name] == row[key.name] for key in table.primary_key]
                self.change(update(table).where(*mine).values({column: another_value(table, column, row[column])}))

    def change(self, *statements: Any) -> None:
        """Write the database, without the key."""
        with self.home.store.begin() as tx:
            for statement in statements:
                tx.execute(statement)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        with self.home.store.begin() as tx:
            return [dict(row) for row in tx.execute(select(table).order_by(*table.primary_key)).mappings()]

    def due(self) -> list[Task]:
        """The orders that are due."""
        return self.home.store.due(self.connection, ORDERS, self.home.clock.now(), 10)

    async def run(self) -> None:
        """A run. An error that says what is the case is an end as good as any: nothing was sent because of the row."""
        try:
            await drain(self.app)
        except ConnectorError:
            return


class Ended(msgspec.Struct):
    """What stands in the books in the end, and how many records of each kind there are."""

    posted: list[dict[str, Any]]
    made: dict[str, int]

    @classmethod
    def of(cls, situation: Situation) -> Ended:
        kinds = {"quickbooks": ("Customer", "JournalEntry"), "salesforce": ("Account", "Contact", "Opportunity")}
        made = {kind: len(situation.home.state(system, kind)) for system, names in kinds.items() for kind in names}
        return cls(situation.posted(), made)


def another_value(table: Table, column: str, value: Any) -> Any:
    """Another value that the column may have."""
    if isinstance(table.c[column].type, LargeBinary):
        return bytes(value) + b" "
    if column == "state":
        return "done" if value == "open" else "open"
    if isinstance(value, int):
        return value + 2
    return 1 if value is None else f"{value}1"
