"""What every part of the store shares: the engine, transactions, the lease of a connection and its fencing token."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import BigInteger, Connection, Engine, bindparam, delete, func, select, update

from ml_connector.files import create
from ml_connector.model.errors import LeaseLost, WrongUse
from ml_connector.model.triggers import Trigger

from . import schema
from .database import insert, ms, portions, transaction
from .marks import LoneMarker, Marker

LEASE = timedelta(seconds=90)
"""How long a holder that nobody hears of keeps the connection."""
CLOCKS_APART = timedelta(seconds=30)
"""How much further away the end of a lease may seem, because the clocks of two machines differ."""

# Built once: a statement that is built anew for each call costs more than its answer.
_connection, _fired = schema.connection, schema.fired
_MINE = _connection.c.id == bindparam("p_connection")
_LOCK = select(_connection.c.id).where(_MINE).with_for_update()
_RUN_UNTIL = select(_connection.c.run_until).where(_MINE)
_OUR_FIRED = _fired.c.connection == bindparam("p_connection")
_LAST_FIRED = select(func.max(_fired.c.id)).where(_OUR_FIRED)
_LATE = select(_fired.c.trigger).where(
    _OUR_FIRED,
    _fired.c.trigger.in_(bindparam("p_triggers", expanding=True)),
    _fired.c.id > bindparam("p_since", type_=BigInteger),
)
_FORGET_FIRED = delete(_fired).where(_OUR_FIRED)
_RUN = select(_connection.c.run_token, _connection.c.run_until, _connection.c.run_holder).where(_MINE).with_for_update()
_TAKE = (
    update(_connection)
    .where(_MINE)
    .values(run_token=bindparam("p_next"), run_holder=bindparam("p_holder"), run_until=bindparam("p_until"))
)
_RENEW = (
    update(_connection)
    .where(_MINE, _connection.c.run_token == bindparam("p_token"))
    .values(run_until=bindparam("p_until"))
)


def lock(tx: Connection, connection: str) -> None:
    """Hold the connection's row until the end of `tx`: whoever writes its tasks, links or holds does so one at a time.

    Taken first, so two transactions never wait for each other's rows. On SQLite BEGIN IMMEDIATE has done it.
    """
    if tx.dialect.name != "sqlite":
        tx.execute(_LOCK, {"p_connection": connection})


def keep_fired(tx: Connection, connection: str, triggers: Iterable[Trigger]) -> None:
    """While a run is at work, keep what fires: a hold that it is about to settle may wait for just that.

    `tx` has locked the connection. Whoever fires later than a page was read, fires for its holds too (`late`).
    """
    names = [{"connection": connection, "trigger": trigger} for trigger in dict.fromkeys(triggers)]
    # Without a run nobody has a page in hand: whatever waits for it is on record, and was knocked on.
    if names and tx.execute(_RUN_UNTIL, {"p_connection": connection}).scalar():
        tx.execute(insert(tx, schema.fired), names)


def late(tx: Connection, connection: str, triggers: Iterable[Trigger], since: int) -> set[Trigger]:
    """Which of these triggers have fired after `since`, a mark of `flows_due`."""
    names = list(dict.fromkeys(triggers))
    fired: set[Trigger] = set()
    if names and last_fired(tx, connection) > since:
        for some in portions(names):
            asked = {"p_connection": connection, "p_triggers": some, "p_since": since}
            fired.update(tx.execute(_LATE, asked).scalars())
    return fired


def last_fired(tx: Connection, connection: str) -> int:
    """The mark of what fired last."""
    return int(tx.execute(_LAST_FIRED, {"p_connection": connection}).scalar_one() or 0)


class Holders(Protocol):
    """Knows of holders of a lease, as far as it can see them, whether they are still there."""

    def here(self, holder: str) -> AbstractContextManager[None]:
        """Meanwhile that holder is this process."""

    def gone(self, holder: str) -> bool:
        """Whether it has surely died: then nobody waits for the end of its lease."""


class NobodySeen:
    """Sees no holder: a lease alone tells whether it is alive."""

    def here(self, holder: str) -> AbstractContextManager[None]:
        """As `Holders`."""
        del holder
        return nullcontext()

    def gone(self, holder: str) -> bool:
        """As `Holders`."""
        del holder
        return False


class Base:
    """The database, transactions of it, and the lease of a connection."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.holders: Holders = NobodySeen()
        """Who sees holders of leases that have died."""
        self.marker: Marker = LoneMarker()
        """Who marks rows. A store that was not opened with its home has a key of its own: it believes its own rows."""

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction: committed and synced at its end, undone when it is left by an error. Raises `StateTrouble`."""
        return transaction(self.engine)

    def copy_to(self, file: Path) -> None:
        """A consistent copy of a SQLite state, for its owner alone. Raises `WrongUse` for other databases.

        It lives nowhere: who opens it in the place of a state is told that it was put back.

        The file must not be there: `FileExistsError`.
        """
        if self.engine.dialect.name != "sqlite":
            raise WrongUse(
                "This state lives in a database server.", "Use the server's own backup, for example pg_dump."
            )
        os.close(create(file))
        try:
            with closing(sqlite3.connect(file)) as target, self.engine.connect() as connection:
                source = connection.connection.driver_connection
                if isinstance(source, sqlite3.Connection):
                    source.backup(target)
                    target.execute("UPDATE installation SET place = ''")
                    target.commit()
        except BaseException:
            file.unlink()
            raise

    def take_lease(self, connection: str, holder: str, now: datetime) -> int | None:
        """Take the lease and give its fencing token, higher than any before; None while another holder is alive.

        An end further away than a lease is long was written by a clock that was ahead: it is not believed, or nobody
        could work here until that day. Should its holder be alive, its fencing token is no longer the last one.
        """
        mine = {"p_connection": connection}
        with self.begin() as tx:
            row = tx.execute(_RUN, mine).one()
            lasts = ms(now) < row.run_until <= ms(now + LEASE + CLOCKS_APART)
            if lasts and not self.holders.gone(row.run_holder):
                return None
            if row.run_until:  # who gave the lease back has forgotten them, and since then none was kept
                tx.execute(_FORGET_FIRED, mine)
            taken = {"p_next": row.run_token + 1, "p_holder": holder, "p_until": ms(now + LEASE)}
            tx.execute(_TAKE, mine | taken)
            return int(row.run_token) + 1

    def lease_holder(self, connection: str, now: datetime) -> str:
        """Who owns the connection now; blank for nobody."""
        with self.begin() as tx:
            row = tx.execute(_RUN, {"p_connection": connection}).one_or_none()
        return str(row.run_holder) if row is not None and row.run_until > ms(now) else ""

    def renew_lease(self, connection: str, fencing_token: int, now: datetime) -> None:
        """A heartbeat. Raises `LeaseLost`. Not synced to disk: after a power cut there is no holder to keep it for."""
        with transaction(self.engine, lasting=False) as tx:
            self.guard(tx, connection, fencing_token, now)

    def release_lease(self, connection: str, fencing_token: int) -> None:
        """Give the lease back. Nothing happens where it is another's by now: this fencing token is not its own."""
        mine = {"p_connection": connection}
        with self.begin() as tx:
            if tx.execute(_RENEW, mine | {"p_token": fencing_token, "p_until": 0}).rowcount:
                tx.execute(_FORGET_FIRED, mine)

    def guard(self, tx: Connection, connection: str, fencing_token: int, now: datetime) -> None:
        """Check the fencing token and renew the lease within `tx`, which locks the connection too.

        A holder that lost it gets `LeaseLost`, and the transaction is undone. Time has no say here: a late holder whom
        nobody has followed may go on, one whom somebody has followed may not, whatever its clock says.
        """
        held = {"p_connection": connection, "p_token": fencing_token, "p_until": ms(now + LEASE)}
        if tx.execute(_RENEW, held).rowcount != 1:
            raise LeaseLost("Another run has taken over this connection.", "Nothing to do: the other run goes on.")
