"""Somebody without the key writes any table of the state: nonsense into each column, rows of nonsense, old rows, none.

No run ends by it but those that must not go on, nothing is posted that nobody approved, and what leads to a write is
named. A new table fails here until somebody has said what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Table, Text, delete, update
from sqlalchemy.exc import IntegrityError

from ml_connector.actions.flags import flags
from ml_connector.actions.holds import open_holds
from ml_connector.actions.status import current_status
from ml_connector.actions.sync import sync
from ml_connector.model.errors import ConnectorError, LimitReached, Paused, SignInNeeded, StateTampered, StateTrouble
from ml_connector.store import schema
from ml_connector.store.marks import MARKED
from support.situation import ORDERS, PAUSE, Situation
from support.tables import Rows, rows_of

SEALED = {
    "secret": "opens for its owner, its name and its hosts only",
    "audit_head": "opens for its connection only; status says when it does not fit",
    "conflict": "the lost value opens for its entry only; nothing is decided by it",
}
PLAIN = {
    "task": "a record is looked at sooner, later or not; what is to be written is decided from fresh reads",
    "hold": "shown; a record that is released is decided anew",
    "wait": "a record is looked at sooner or later",
    "fired": "a record is looked at once more",
    "flag": "shown",
    "cursor": "asked for from elsewhere; nonsense is asked for from the beginning, and is an event",
    "coverage": "shown",
    "hole": "shown; something is listed or compared once more, or not",
    "comparison": "ids are compared once more, or not",
    "vanished": "a record is looked at, and read afresh",
    "reference_version": "what waits for a table or the settings is looked at once more",
    "turn": "a renewal waits for five minutes, or two may meet",
    "pace": "calls wait for an hour at most, or the vendor says that they are too many",
    "last_run": "shown",
    "alert": "shown; told once more, or not",
    "arrival": "a record is looked at, and read afresh; what is lost is found by the next sweep",
    "hook_count": "shown",
    "rhythm": "a quiet source is asked sooner or later",
    "side": "a side is asked sooner or later; what it does not answer stays undone",
    "backfill": "a list goes on elsewhere; what it leaves out is found by the comparison of ids",
    "installation": "it reads only until a person has looked; or a state that was put back is not noticed",
    "rules_version": "shown; the rules in force are those of the settings, as far as they are signed",
}
"""What nobody has to believe: what another content of it does."""
STOPS: Mapping[str, tuple[type[ConnectorError], ...]] = {
    "connection": (StateTampered, ConnectorError),
    "secret": (SignInNeeded, StateTrouble),
    "pace": (LimitReached,),
    "installation": (Paused,),
}
"""Where a run ends, with words: nobody knows what it may write, nobody can sign in, a vendor is said to wait,
it seems to be a copy."""


class Walk:
    """The situation with a row in every table, and how its state was before anything was approved."""

    def __init__(self, situation: Situation, young: Rows) -> None:
        self.situation = situation
        self.young = young
        self.posted: list[dict[str, Any]] = []

    async def run(self, table: Table) -> None:
        """A run, and who looks afterwards."""
        try:
            app = self.situation.home.process()
            await sync(app)
        except STOPS.get(table.name, ()):
            return
        current_status(app), open_holds(app), flags(app)

    def nothing_else_is_posted(self) -> bool:
        return all(entry in self.posted for entry in self.situation.posted())

    def place(self, table: Table) -> dict[str, Any]:
        """The columns by which a row is met in this connection."""
        ours: dict[str, Any] = {
            "connection": self.situation.connection,
            "flow": ORDERS,
            "role": "account",
            "system": "quickbooks",
        }
        ours |= {"state": "open", "exclusive": 1, "sealed": b"x"}
        return {name: value for name, value in ours.items() if name in table.columns}

    def named(self, table: Table) -> bool:
        """Whether `status` names a row of this table, or says that the log is not whole."""
        shown = current_status(self.situation.home.process())
        return any(row.startswith(table.name) for row in shown.tampered) or bool(shown.audit)

    def change(self, table: Table, columns: list[str]) -> None:
        """Nonsense in these columns of some rows, as far as the database takes it."""
        for row in self.situation.rows(table)[:3]:
            mine = [table.c[key.name] == row[key.name] for key in table.primary_key]
            with suppress(IntegrityError):  # a second row cannot have the same key
                self.situation.change(
                    update(table).where(*mine).values({name: nonsense(table, name) for name in columns})
                )


def nonsense(table: Table, column: str) -> Any:
    """What has the type of the column, and nothing else of it."""
    kind = table.c[column].type
    return b"nonsense" if isinstance(kind, LargeBinary) else "nonsense" if isinstance(kind, Text) else 2**62


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


async def _walk(folder: Path) -> Walk:
    situation = Situation(folder)
    young = rows_of(situation.home.store)
    await situation.prepare()
    order = "salesforce:Order:801Hs0000000001IAA"
    mine: dict[str, Any] = {"connection": situation.connection}
    lost = {"write": "w", "flow": ORDERS, "task": order, "record": order, "other": order, "field": "phone"}
    situation.change(
        schema.hold.insert().values(
            **mine, flow=ORDERS, ref=order, code="H-UNSIGNED", facts='{"order": "1"}', amount="5"
        ),
        schema.flag.insert().values(**mine, flow=ORDERS, ref=order, flag="LEFT_OUT_PHONE"),
        schema.fired.insert().values(**mine, trigger="table:salesforce:x"),
        schema.vanished.insert().values(**mine, ref="quickbooks:Customer:99", told=0),
        schema.turn.insert().values(name="somebody", holder="h"),
        schema.conflict.insert().values(
            **mine, **lost, id="w:phone", winner="salesforce", digest="k", state="lost", sealed=b"x"
        ),
        schema.hole.insert().values(
            **mine, number=1, source="sweep:quickbooks", kind="", from_at=1, to_at=2, cause="gap", opened_at=1
        ),
        schema.metadata.tables["alert"].insert().values(**mine, key="late", sentence="Late.", command="holds"),
        schema.metadata.tables["arrival"].insert().values(**mine, source="web hook", refs='["quickbooks:Customer:1"]'),
        schema.metadata.tables["hook_count"].insert().values(name="quickbooks", number=1),
        schema.metadata.tables["rhythm"].insert().values(**mine, source="web hook"),
        schema.metadata.tables["side"]
        .insert()
        .prefix_with("OR REPLACE")
        .values(**mine, system="quickbooks", state="up"),
        schema.backfill.insert()
        .prefix_with("OR REPLACE")
        .values(**mine, system="quickbooks", kind="Customer", last="9"),
        schema.metadata.tables["rules_version"].insert().prefix_with("OR REPLACE").values(**mine, number=1),
        schema.metadata.tables["installation"].insert().prefix_with("OR REPLACE").values(id=1, place="another home"),
        update(schema.task).where(schema.task.c.flow == ORDERS).values(noticed=9, served=0, next_at=0),
    )
    situation.keep()
    walk = Walk(situation, young)
    await sync(situation.home.process())
    walk.posted = situation.posted()
    return walk


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return asyncio.run(_walk(tmp_path_factory.mktemp("home")))


@pytest.fixture
def walk(_prepared: Walk) -> Iterator[Walk]:
    _prepared.situation.put_back()
    yield _prepared
    assert _prepared.nothing_else_is_posted()


TABLES = sorted(schema.metadata.tables)


def test_somebody_has_said_what_each_table_is() -> None:
    kinds = [{table.name for table in MARKED}, set(SEALED), set(PLAIN)]
    assert sorted(name for kind in kinds for name in kind) == TABLES


def _together(table: Table) -> list[list[str]]:
    """Columns that are changed at once: all numbers; all other texts; each part of a key, but whose row it is."""
    key = [column.name for column in table.primary_key]
    numbers = [name for name in _names(table) if nonsense(table, name) == 2**62]
    texts = [name for name in _names(table) if name not in (*numbers, *key)]
    return [group for group in (numbers, texts, *([name] for name in key if name != "connection")) if group]


@pytest.mark.parametrize("name", sorted({*SEALED, *PLAIN}))
async def test_nonsense_in_a_column(name: str, walk: Walk) -> None:
    """What is marked is changed column by column in `test_state_writer.py`."""
    table = schema.metadata.tables[name]
    assert walk.situation.rows(table)
    for columns in _together(table):
        walk.situation.put_back()
        walk.change(table, columns)
        await walk.run(table)
        assert walk.nothing_else_is_posted(), columns


@pytest.mark.parametrize("name", TABLES)
async def test_rows_of_nonsense(name: str, walk: Walk) -> None:
    """In a row of each flow and role as well, so that it is met."""
    table = schema.metadata.tables[name]
    row = {column: nonsense(table, column) for column in _names(table)}
    walk.situation.change(table.insert().prefix_with("OR REPLACE").values(row | walk.place(table)))
    await walk.run(table)
    if table in MARKED and table is not schema.connection:
        assert walk.named(table)


@pytest.mark.parametrize("name", TABLES)
async def test_rows_that_are_gone(name: str, walk: Walk) -> None:
    table = schema.metadata.tables[name]
    walk.situation.change(delete(table))
    await walk.run(table)


@pytest.mark.parametrize("name", TABLES)
async def test_rows_of_long_ago(name: str, walk: Walk) -> None:
    """As they were before anything was approved."""
    table = schema.metadata.tables[name]
    walk.situation.change(delete(table), *(table.insert().values(row) for row in walk.young[name]))
    await walk.run(table)


async def test_a_task_that_is_none_is_an_event_and_goes(walk: Walk) -> None:
    names = ["nonsense", "", "quickbooks:Invoice:1", "salesforce:Order:1; DROP", "quickbooks:Nonsense:1"]
    row = {"connection": walk.situation.connection, "flow": "customer_to_account"}
    walk.situation.change(*(schema.task.insert().values(row | {"ref": name}) for name in names))
    await walk.run(schema.task)
    left = {task["ref"] for task in walk.situation.rows(schema.task) if task["flow"] == row["flow"]}
    assert not left & {*names}
    events = walk.situation.home.store.audit_events(walk.situation.connection)
    told = [event.object for event in events if event.action == "tampered" and event.object.startswith("state:task")]
    assert len(told) == len(names)


async def test_a_position_that_is_none_is_an_event(walk: Walk) -> None:
    walk.situation.change(update(schema.cursor).values(position="nonsense"))
    await walk.run(schema.cursor)
    events = walk.situation.home.store.audit_events(walk.situation.connection)
    assert [event.object for event in events if event.action == "position"] == ["sweep:quickbooks", "sweep:salesforce"]


async def test_a_link_that_nobody_made_keeps_none_of_ours_out(walk: Walk) -> None:
    """It says that another order was posted as the entry of this one."""
    situation = walk.situation
    await walk.run(schema.link)
    ours = next(row for row in situation.rows(schema.link) if row["role"] == "journal")
    situation.put_back()
    forged = ours | {"source": "salesforce:Posting:801Hs0000000099IAA:O:01", "mark": b""}
    situation.change(schema.link.insert().values(forged))
    situation.home.clock.advance(PAUSE)
    await walk.run(schema.link)
    situation.change(delete(schema.link).where(schema.link.c.source == forged["source"]))
    await walk.run(schema.link)
    assert len(situation.posted()) == len(walk.posted)
