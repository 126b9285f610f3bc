"""A migrated state is like a new one, and nothing of an older one is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, LargeBinary, MetaData, Table, Text, inspect, select, text

from ml_connector.model.errors import ConnectorError, StateTrouble
from ml_connector.store import Store
from ml_connector.store.database import open_engine, transaction
from ml_connector.store.marks import MARKED
from ml_connector.store.schema import metadata
from ml_connector.store.store import HEAD, alembic_config, migrate

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    engine = open_engine(store_url)
    yield engine
    engine.dispose()


def _picture(tx: Connection) -> dict[str, object]:
    """Everything the database knows of our tables: columns, defaults, keys, indexes and their conditions."""
    seen = inspect(tx)
    picture: dict[str, object] = {}
    for table in sorted(set(seen.get_table_names()) - {"alembic_version"}):
        picture[table] = (
            {each["name"]: {**each, "type": _type(each["type"])} for each in seen.get_columns(table)},
            seen.get_pk_constraint(table)["constrained_columns"],
            {str(each["name"]): _index(dict(each)) for each in seen.get_indexes(table)},
        )
    return picture


def _type(found: Any) -> tuple[str, object]:
    return str(found), getattr(found, "collation", None)


def _index(found: dict[str, Any]) -> dict[str, Any]:
    conditions = {name: str(value) for name, value in found.pop("dialect_options", {}).items()}
    return found | {"conditions": {name: text.replace('"', "") for name, text in conditions.items()}}


def _filled(tx: Connection) -> Rows:
    """Two rows in every table, something in every column."""
    found = MetaData()
    found.reflect(tx)
    rows: Rows = {}
    for table in found.sorted_tables:
        if table.name != "alembic_version":
            rows[table.name] = [_row(table, number) for number in (1, 2)]
            tx.execute(table.insert(), rows[table.name])
    return rows


def _row(table: Table, number: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if isinstance(column.type, LargeBinary):
            row[column.name] = bytes(range(256))
        elif isinstance(column.type, Text):
            row[column.name] = f"{table.name}'s {column.name} \u00e9\u00df\n{number}"
        else:
            row[column.name] = number if str(column.type) == "INTEGER" else 2**40 + number
    return row


def _kept(tx: Connection) -> Rows:
    found = MetaData()
    found.reflect(tx)
    return {
        table.name: [dict(row) for row in tx.execute(select(table).order_by(*table.primary_key)).mappings()]
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def test_a_migrated_schema_equals_a_fresh_one(engine: Engine) -> None:
    with transaction(engine) as tx:
        migrate(tx)
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        migrated = _picture(tx)
        metadata.drop_all(tx)
        metadata.create_all(tx)
        assert migrated == _picture(tx)


def test_a_new_state_is_of_the_last_revision_as_alembic_writes_it(store_url: str, engine: Engine) -> None:
    with transaction(engine) as tx:
        assert ScriptDirectory.from_config(alembic_config(tx)).get_heads() == [HEAD]
        migrate(tx)
        by_alembic = _version_table(tx)
        tx.execute(text("DROP TABLE alembic_version"))
        metadata.drop_all(tx)
    Store.open(store_url).close()
    with transaction(engine) as tx:
        assert _version_table(tx) == by_alembic


def _version_table(tx: Connection) -> object:
    columns = [
        (each["name"], str(each["type"]), each["nullable"]) for each in inspect(tx).get_columns("alembic_version")
    ]
    rows = tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return columns, inspect(tx).get_pk_constraint("alembic_version"), rows


def test_only_a_migration_loads_alembic(tmp_path: Path) -> None:
    """It is a third of what a command would import."""
    program = (
        "import sys; from ml_connector.store import Store; "
        "Store.open(sys.argv[1]).close(); Store.open(sys.argv[1]).close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path / 'state.db'}"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_indexes_that_keep_promises_have_their_conditions(engine: Engine) -> None:
    """The comparison above sees conditions: with them it is worth something."""
    with transaction(engine) as tx:
        migrate(tx)
        found = {str(each["name"]): _index(dict(each))["conditions"] for each in inspect(tx).get_indexes("write")}
    where = f"{engine.dialect.name}_where"
    assert "state = 'open'" in found["write_open"][where].replace("::text", "").strip("()")
    assert "create" in found["write_made"][where]


def test_a_populated_first_state_comes_through_unharmed(store_url: str, engine: Engine) -> None:
    with transaction(engine) as tx:
        migrate(tx, "0001")
        before = _filled(tx)
        before["hold"] = [row | {"alerted_at": 0} for row in before["hold"]]
    store = Store.open(store_url)
    with store.begin() as tx:
        kept = _kept(tx)
        approved = [event for event in kept["audit"] if event["action"] == "approve"]
        kept["audit"] = [event for event in kept["audit"] if event["action"] != "approve"]
        assert kept == {
            "fired": [],
            "turn": [],
            "pace": [],
            "conflict": [],
            "comparison": [],
            "vanished": [],
            "arrival": [],
            "hook_count": [],
            "last_run": [],
            "person": [],
            "hole": [],
            "rhythm": [],
            "backfill": [],
            "alert": [],
            "side": [],
            "installation": [],
            "rules_version": [],
            **{
                name: _unmarked(engine.dialect.name, name, rows)
                for name, rows in (before | _since_0009(before) | _since_0014(before)).items()
            },
        }
        assert [(event["actor"], event["action"], event["at"]) for event in approved] == [
            (row["approved_by"], "approve", row["approved_at"]) for row in before["approval"]
        ]
        assert MigrationContext.configure(tx).get_current_revision() == HEAD
    store.audit("acme", "ana", "connect", "acme", {}, NOON)
    store.close()


EMPTY: dict[str, bytes | str] = {"sqlite": "", "postgresql": b""}


def _unmarked(engine: str, table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of before there were marks: theirs is empty."""
    has = table in {marked.name for marked in MARKED}
    return [row | {"mark": EMPTY[engine]} for row in rows] if has else rows


def _since_0009(before: Rows) -> Rows:
    """Events are numbered, the logs of all connections wait for their seal, writes know since when they are open."""
    connections = sorted({row["connection"] for name in ("audit", "approval") for row in before[name]})
    return {
        "audit": [row | {"number": 1} for row in before["audit"]],
        "audit_head": [{"connection": name, "sealed": b""} for name in connections],
        "write": [row | {"first_at": row["noted_at"], "alerted_at": 0} for row in before["write"]],
    }


def _since_0014(before: Rows) -> Rows:
    """What was covered counts for all kinds of the source."""
    return {"coverage": [row | {"kind": "", "how": "sweep"} for row in before["coverage"]]}


def test_a_log_of_an_older_version_is_whole_afterwards(store_url: str, engine: Engine) -> None:
    """Its approvals were not in it; they are now, and from the next event on it is sealed."""
    with transaction(engine) as tx:
        migrate(tx, "0008")
        approval: dict[str, Any] = {"connection": "acme", "body_hash": "h", "plan": "p", "approved_by": "ana"}
        found = MetaData()
        found.reflect(tx)
        rows = [approval | {"key": f"k\u00e9\n{number}", "approved_at": number} for number in (1, 2)]
        tx.execute(found.tables["approval"].insert(), rows)
    store = Store.open(store_url)
    with pytest.raises(ConnectorError, match="something that does not have the key"):
        store.verify_audit()
    assert store.mark_unmarked("acme", NOON) == 4, "two approvals, two events"
    assert store.verify_audit() == 3
    store.approve("acme", "q", {"k\u00e9\n1": "i"}, "ben", NOON)
    assert store.verify_audit() == 4
    store.close()


def test_digests_of_an_older_version_that_can_be_guessed_back_are_gone(store_url: str, engine: Engine) -> None:
    """Those of bodies only where no mark covers them yet; a body that is still to be sent stays."""
    bodies = {"settled": b"sha256:00", "open": b"{}", "posted": b'{"Line":[]}', "marked": b"sha256:00"}
    with transaction(engine) as tx:
        migrate(tx, "0001")
        rows = _filled(tx)
        migrate(tx, "0011")
        schema = MetaData()
        schema.reflect(tx)
        table = schema.tables["write"]
        tx.execute(table.delete())
        for number, (name, body) in enumerate(bodies.items()):
            own = {"id": name, "key": name, "body": body, "state": "open" if name == "open" else "done"}
            own |= {"source": f"a:B:{number}"} | ({"mark": b"m"} if name == "marked" else {})
            tx.execute(table.insert(), rows["write"][0] | own)
        names = ("id", "connection", "write", "flow", "task", "record", "other", "field", "winner")
        lost = dict.fromkeys(names, "x") | {"state": "lost", "digest": "0" * 64, "sealed": b"s"}
        tx.execute(schema.tables["conflict"].insert(), lost)
        migrate(tx)
        left = {row.id: bytes(row.body) for row in tx.execute(table.select())}
        assert left == bodies | {"settled": b""}
        assert [row.digest for row in tx.execute(schema.tables["conflict"].select())] == [""]


def test_a_migration_that_fails_changes_nothing(engine: Engine) -> None:
    """Two events with the same predecessor are a forged chain; the second migration refuses to go over it."""
    with transaction(engine) as tx:
        migrate(tx, "0001")
        rows = _filled(tx)["audit"]
        tx.execute(metadata.tables["audit"].insert(), rows[0] | {"id": 99})
        before = _picture(tx)
    with pytest.raises(Exception, match=r"(?i)unique"), transaction(engine) as tx:
        migrate(tx)
    with transaction(engine) as tx:
        assert _picture(tx) == before
        assert MigrationContext.configure(tx).get_current_revision() == "0001"


def test_a_state_of_a_newer_version_is_left_alone(store_url: str, engine: Engine) -> None:
    Store.open(store_url).close()
    with transaction(engine) as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateTrouble, match="newer version"):
        Store.open(store_url)
