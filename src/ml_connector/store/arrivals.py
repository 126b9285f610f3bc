"""Arrivals: what a vendor has delivered and we have acknowledged, before a worker makes tasks of it (decision 0016).

Written without the connection's row, so that a worker that froze in a transaction holds up no delivery. What stands
here is a knock only: nothing in it is trusted, and a record that is named twice is read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from ml_connector.model.refs import Ref

from . import schema
from .base import Base
from .database import insert, instant, ms, upsert
from .rows import Arrival, HookCount
from .schema_hooks import arrival as _arrival
from .schema_hooks import hook_count as _count
from .stored import refs_of

_MINE = _arrival.c.connection == bindparam("p_connection")
_FIRST = select(_arrival).where(_MINE).order_by(_arrival.c.id).limit(bindparam("p_limit"))
_WAITING = select(func.count(), func.min(_arrival.c.at)).where(_MINE)
_MORE = (
    update(_count)
    .where(_count.c.name == bindparam("p_name"))
    .values(number=_count.c.number + bindparam("p_count"), last_at=bindparam("p_at"))
)


class Arrivals(Base):
    """Deliveries that were acknowledged, and how many there were."""

    def add_arrivals(
        self, arrivals: Iterable[tuple[str, str, Sequence[Ref]]], counts: Mapping[str, int], now: datetime
    ) -> None:
        """Keep deliveries, each a connection, its source and the records it names; on disk when it returns.

        `counts` are added to `hook_counts` with them. Raises `StateTrouble`; then nothing may be acknowledged.
        """
        rows = [
            {"connection": connection, "source": source, "at": ms(now), "refs": _written(refs)}
            for connection, source, refs in arrivals
        ]
        with self.begin() as tx:
            if rows:
                tx.execute(insert(tx, _arrival), rows)
            for name in sorted(counts):
                self._count(tx, name, counts[name], now)

    def _count(self, tx: Connection, name: str, count: int, now: datetime) -> None:
        # Together they are counters of the whole installation: in the order of their names, so that two processes of
        # the service never wait for each other.
        tx.execute(upsert(tx, _count, ("name",)), {"name": name, "number": 0, "last_at": 0})
        tx.execute(_MORE, {"p_name": name, "p_count": count, "p_at": ms(now)})

    def arrivals(self, connection: str, limit: int) -> list[Arrival]:
        """The first deliveries that are not tasks yet, oldest first."""
        with self.begin() as tx:
            rows = tx.execute(_FIRST, {"p_connection": connection, "p_limit": limit}).all()
        return [Arrival(row.id, row.source, instant(row.at), _read(row.refs)) for row in rows]

    def arrivals_waiting(self, connection: str) -> tuple[int, datetime | None]:
        """How many deliveries are not tasks yet, and when the first of them came."""
        with self.begin() as tx:
            count, first = tx.execute(_WAITING, {"p_connection": connection}).one()
        return count, None if first is None else instant(first)

    def hook_counts(self) -> dict[str, HookCount]:
        """What was ever delivered to this installation, by what it was."""
        with self.begin() as tx:
            rows = tx.execute(select(_count)).all()
        return {row.name: HookCount(row.number, instant(row.last_at)) for row in rows}

    def companies(self) -> dict[str, list[str]]:
        """The connections of each company (realm id) that is connected here."""
        table = schema.connection
        with self.begin() as tx:
            rows = tx.execute(select(table.c.realm_id, table.c.id).order_by(table.c.id)).all()
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row.realm_id, []).append(row.id)
        return found


def drop_arrivals(tx: Connection, ids: Sequence[int]) -> None:
    """In the transaction that has made tasks of them."""
    tx.execute(delete(_arrival).where(_arrival.c.id.in_(ids)))


def _written(refs: Sequence[Ref]) -> str:
    return msgspec.json.encode([str(ref) for ref in dict.fromkeys(refs)]).decode()


def _read(refs: str) -> tuple[Ref, ...]:
    return refs_of(refs)
