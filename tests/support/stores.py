"""Empty stores: the schema is made once a process, on PostgreSQL in a database and for SQLite in memory."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, Engine

from ml_connector.store import Store
from ml_connector.store.database import open_engine, transaction
from ml_connector.store.schema import metadata

from .postgres import emptied

_RELATIONS = (
    "SELECT oid::int8, relfilenode::int8 FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
)
_FROM_ONE = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"

_empty_in_memory: list[sqlite3.Connection] = []
_made: dict[str, list[tuple[int, ...]]] = {}
"""By URL of PostgreSQL: what `Store.fresh` has made there. Anything else that is found there is made anew."""


def fresh(url: str = "sqlite://") -> Store:
    """What `Store.fresh` opens, for tests of what is done in a store: they leave the schema as it is."""
    if url == "sqlite://":
        return _in_memory()
    return _on_postgresql(url) if url.startswith("postgresql") else Store.fresh(url)


def _in_memory() -> Store:
    if not _empty_in_memory:
        store = Store.fresh()
        _empty_in_memory.append(sqlite3.connect(":memory:", check_same_thread=False))
        _driver(store.engine).backup(_empty_in_memory[0])
        store.close()
    engine = open_engine("sqlite://")
    _empty_in_memory[0].backup(_driver(engine))
    return Store(engine)


def _driver(engine: Engine) -> sqlite3.Connection:
    connection = engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _on_postgresql(url: str) -> Store:
    engine = open_engine(url)
    with transaction(engine) as tx:
        as_made = url in _made and _relations(tx) == _made[url]
        if as_made:
            _take_away_rows(tx)
    if as_made:
        return Store(engine)
    engine.dispose()
    store = Store.fresh(emptied(url))
    with store.begin() as tx:
        _made[url] = _relations(tx)
    return store


def _relations(tx: Connection) -> list[tuple[int, ...]]:
    """Tables, indexes and sequences that are there. One that is made anew has other numbers."""
    return [tuple(row) for row in tx.exec_driver_sql(_RELATIONS)]


def _take_away_rows(tx: Connection) -> None:
    """No foreign key leads from one table to another, so that their order does not matter."""
    for table in metadata.tables.values():
        tx.execute(table.delete())
    tx.exec_driver_sql(_FROM_ONE)
