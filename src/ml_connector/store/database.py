"""Opening the database, and one transaction. SQLite by default (WAL, fsync on every commit), PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from ml_connector.model.errors import StateTrouble

MEMORY = "sqlite://"


def open_engine(url: str) -> Engine:
    """An engine for `url`; a SQLite file gets WAL and full synchronisation, its folder must be there."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database in (None, "", ":memory:"):
        engine = create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        folder = Path(str(parsed.database)).parent
        if not folder.is_dir():
            raise StateTrouble(f"The folder {folder} is not there.", "Create it, or name another with --home.")
        engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False})
    _tune_sqlite(engine)
    return engine


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Taken at once, so that a transaction never finds out half-way that another one writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction. Raises `StateTrouble` when the database cannot be used (disk full, read-only, locked, away)."""
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        raise StateTrouble(
            f"The state database cannot be used: {error.orig}.",
            "Check free space and rights of the home folder, then start again; nothing was acknowledged.",
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StateTrouble(
                "The state database went away.", "Start it again; work resumes where it stood."
            ) from error
        raise


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT of the connection's own dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def ms(instant: datetime) -> int:
    """Epoch milliseconds of an aware instant."""
    return round(instant.timestamp() * 1000)


def instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
