"""What every part of the store shares: the engine, transactions, and the check of the run token."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, select, update

from ml_connector.model.errors import Stopped, WrongUse

from . import schema
from .database import insert, ms, transaction

LEASE = timedelta(seconds=90)


def lock(tx: Connection, connection: str) -> None:
    """Hold the connection's row until the end of `tx`: whoever writes its tasks, links or holds does so one at a time.

    Taken first, so two transactions never wait for each other's rows. On SQLite BEGIN IMMEDIATE has done it.
    """
    row = schema.connection.c.id
    tx.execute(select(row).where(row == connection).with_for_update())


def keep_fired(tx: Connection, connection: str, triggers: Iterable[str]) -> None:
    """While a run is at work, keep what fires: a hold that it is about to settle may wait for just that.

    `tx` has locked the connection. Whoever fires later than a page was read, fires for its holds too (`late`).
    """
    table = schema.connection
    names = [{"connection": connection, "trigger": each} for each in dict.fromkeys(triggers)]
    if names and tx.execute(select(table.c.run_until).where(table.c.id == connection)).scalar():
        tx.execute(insert(tx, schema.fired), names)


def late(tx: Connection, connection: str, triggers: Iterable[str], since: int) -> set[str]:
    """Which of these triggers have fired after `since`, a mark of `Base.fired`."""
    table, names = schema.fired, list(dict.fromkeys(triggers))
    found: set[str] = set()
    if names and _last_fired(tx, connection) > since:
        for start in range(0, len(names), 500):
            some = table.c.trigger.in_(names[start : start + 500])
            query = select(table.c.trigger).where(table.c.connection == connection, some, table.c.id > since)
            found.update(tx.execute(query).scalars())
    return found


def _last_fired(tx: Connection, connection: str) -> int:
    query = select(func.max(schema.fired.c.id)).where(schema.fired.c.connection == connection)
    return int(tx.execute(query).scalar_one() or 0)


class Base:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def begin(self) -> AbstractContextManager[Connection]:
        return transaction(self.engine)

    def copy_to(self, file: Path) -> None:
        """A consistent copy of a SQLite state. Raises `WrongUse` for other databases."""
        if self.engine.dialect.name != "sqlite":
            raise WrongUse(
                "This state lives in a database server.", "Use the server's own backup, for example pg_dump."
            )
        with closing(sqlite3.connect(file)) as target, self.engine.connect() as connection:
            source = connection.connection.driver_connection
            if isinstance(source, sqlite3.Connection):
                source.backup(target)
        file.chmod(0o600)

    def take_run(self, connection: str, holder: str, now: datetime) -> int | None:
        """A new run token, higher than any before; None while another holder is alive."""
        table = schema.connection
        with self.begin() as tx:
            row = tx.execute(
                select(table.c.run_token, table.c.run_until).where(table.c.id == connection).with_for_update()
            ).one()
            if row.run_until > ms(now):
                return None
            tx.execute(delete(schema.fired).where(schema.fired.c.connection == connection))
            tx.execute(
                update(table)
                .where(table.c.id == connection)
                .values(run_token=row.run_token + 1, run_holder=holder, run_until=ms(now + LEASE))
            )
            return int(row.run_token) + 1

    def release_run(self, connection: str, token: int) -> None:
        table, fired = schema.connection, schema.fired
        with self.begin() as tx:
            mine = (table.c.id == connection) & (table.c.run_token == token)
            if tx.execute(update(table).where(mine).values(run_until=0)).rowcount:
                tx.execute(delete(fired).where(fired.c.connection == connection))

    def fired(self, connection: str) -> int:
        """A mark: what fires from now on is later than it."""
        with self.begin() as tx:
            return _last_fired(tx, connection)

    def guard(self, tx: Connection, connection: str, token: int, now: datetime) -> None:
        """Renew the run token within `tx`, which locks the connection too.

        A holder that lost it gets `Stopped`, and the transaction is undone.
        """
        table = schema.connection
        renewed = tx.execute(
            update(table).where(table.c.id == connection, table.c.run_token == token).values(run_until=ms(now + LEASE))
        )
        if renewed.rowcount != 1:
            raise Stopped("Another run has taken over this connection.", "Nothing to do: the other run goes on.")
