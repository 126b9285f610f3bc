"""Opening the database, and one transaction. SQLite by default (WAL, fsync on every commit), PostgreSQL by URL."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, registry, sqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection, StaticPool

from ml_connector.files import create
from ml_connector.model.errors import StateTrouble, WrongUse

from .servers import must_be_proved
from .trouble import state_trouble

MEMORY = "sqlite://"

_PROMISES = (
    # As long as SQLite waits for a lock; and a run that froze in a transaction does not keep its locks for ever.
    "SET lock_timeout = '{patience}s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    # What was noted or acknowledged survives a power cut, whatever the server's default is.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)
"""Said on every new connection to PostgreSQL."""

PATIENCE = 30
"""Seconds for which another program's transaction is waited for."""
_SCHEMA = 6_243_117
"""Any number that stays: the name of the lock."""


def open_engine(url: str, patience: int | None = None) -> Engine:
    """An engine for `url`. A SQLite file gets WAL and full synchronisation, its folder must be there.

    Another one's lock is waited for `patience` seconds (None: `PATIENCE`). Errors of the database never carry values
    that were to be stored. Raises `WrongUse` if `url` is none.
    """
    patience = PATIENCE if patience is None else patience
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The address may hold a password: it is not repeated, nor is what was said about it.
        raise WrongUse(
            "state.url is no address of a database.", "Write sqlite:///<file> or postgresql+psycopg://host/name"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        return _open_postgresql(parsed, patience)
    parsed = parsed.set(drivername="sqlite+at_once")
    if parsed.database in (None, "", ":memory:"):
        connect: dict[str, object] = {"check_same_thread": False}
        engine = create_engine(parsed, poolclass=StaticPool, connect_args=connect, hide_parameters=True)
    else:
        folder = Path(str(parsed.database)).parent
        if not folder.is_dir():
            raise StateTrouble(f"The folder {folder} is not there.", "Create it, or name another with --home.")
        _for_its_owner(Path(str(parsed.database)))
        connect = {"timeout": patience, "check_same_thread": False}
        engine = create_engine(parsed, connect_args=connect, hide_parameters=True)
    _tune_sqlite(engine, patience)
    return engine


def _for_its_owner(file: Path) -> None:
    """A new state file, and what SQLite puts beside it, may be read by its owner only. None is made behind a link."""
    with contextlib.suppress(OSError):  # it is there already, or cannot be made: SQLite says which
        os.close(create(file))
    if file.is_symlink() and not file.exists():
        raise StateTrouble(f"{file} is a link to nowhere.", "Remove it, and find out who put it there.")


def _open_postgresql(url: URL, patience: int) -> Engine:
    told: dict[str, object] = {**must_be_proved(url)}
    if "connect_timeout" not in url.query:
        told["connect_timeout"] = 10
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=told,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for statement in _PROMISES:
                cursor.execute(statement.format(patience=patience))
        connection.commit()

    return engine


def _tune_sqlite(engine: Engine, patience: int) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={patience * 1000}", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _to_wal(connection)


def _to_wal(connection: sqlite3.Connection) -> None:
    """Of several that make the same file at once only one can; here SQLite itself does not wait."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


class _Sqlite(SQLiteDialect_pysqlite):
    """SQLite as we use it. A listener for "begin" would do, but makes each statement a third dearer."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: PoolProxiedConnection) -> None:
        cursor, info = dbapi_connection.cursor(), dbapi_connection.info
        # NORMAL, not OFF: a checkpoint must still sync what lasting transactions have committed before.
        level = "FULL" if info.get("lasting", True) else "NORMAL"
        if info.get("synchronous", "FULL") != level:
            cursor.execute(f"PRAGMA synchronous={level}")
            info["synchronous"] = level
        # Taken at once, so that a transaction never finds out half-way that another one writes.
        cursor.execute("BEGIN IMMEDIATE")
        cursor.close()


registry.register("sqlite.at_once", __name__, _Sqlite.__name__)


@contextmanager
def transaction(engine: Engine, *, lasting: bool = True) -> Iterator[Connection]:
    """One transaction. Raises `StateTrouble` when the database cannot be used (disk full, read-only, locked, away).

    One that is not `lasting` is committed before it is on disk: others see it, a power cut may undo it.
    """
    try:
        with engine.begin() if lasting else _unsynced(engine) as connection:
            yield connection
    except SQLAlchemyError as error:
        trouble = state_trouble(error)
        if trouble is None:
            raise
        raise trouble from error


@contextmanager
def _unsynced(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        info = connection.info
        info["lasting"] = False
        try:
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                yield connection
        finally:
            info["lasting"] = True


def one_at_a_time(tx: Connection, table: Table) -> None:
    """Until the end of `tx` nobody else writes to `table`. On SQLite no other transaction runs anyway."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")


def first_come(tx: Connection) -> None:
    """Wait for others that look after the schema; as `one_at_a_time`, before there is a table to lock."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA})")


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT of the connection's own dialect, which knows ON CONFLICT."""
    return insert_of(connection.dialect.name, table)


def upsert(connection: Connection, table: Table, keys: tuple[str, ...], kept: tuple[str, ...] = ()) -> Any:
    """An INSERT that takes over the `kept` columns into a row with the same `keys`; without any it lets that row be."""
    return _upsert(connection.dialect.name, table, keys, kept)


@cache
def insert_of(dialect: str, table: Table) -> Any:
    """An INSERT of that dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _upsert(dialect: str, table: Table, keys: tuple[str, ...], kept: tuple[str, ...]) -> Any:
    put = insert_of(dialect, table)
    if not kept:
        return put.on_conflict_do_nothing(index_elements=keys)
    return put.on_conflict_do_update(index_elements=keys, set_={name: put.excluded[name] for name in kept})


def portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Lists short enough to stand in one statement."""
    for start in range(0, len(names), 500):
        yield names[start : start + 500]


def ms(instant: datetime) -> int:
    """Epoch milliseconds of an aware instant."""
    return round(instant.timestamp() * 1000)


_LAST = 32_503_680_000_000
"""The year 3000: nobody but who has no key puts a later one down, and it leaves room to reckon with."""


def instant(milliseconds: int) -> datetime:
    """UTC, from milliseconds since 1970, which is how every instant is kept. One beyond is the last there is."""
    return datetime.fromtimestamp(min(max(milliseconds, 0), _LAST) / 1000, UTC)
