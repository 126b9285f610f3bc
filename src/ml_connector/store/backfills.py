"""Backfills: how far each list of everything there is has come, so that it goes on there after a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from . import schema
from .base import Base
from .database import instant, ms, upsert
from .rows import BackfillRow
from .task_queries import LEISURE

_table, _task = schema.backfill, schema.task
_KEY = ("connection", "system", "kind")
_OURS = select(_table).where(_table.c.connection == bindparam("p_connection")).order_by(_table.c.system, _table.c.kind)


class Backfills(Base):
    """One row for each kind of a system: the backfill under way, or the last one."""

    def begin_backfill(self, connection: str, system: str, kinds: Sequence[str], now: datetime) -> list[BackfillRow]:
        """The rows of these kinds: of the backfill that is under way, else of one that begins now."""
        under_way = [row for row in self.backfills(connection) if row.system == system and row.ended_at is None]
        if not under_way:
            rows = [
                {"connection": connection, "system": system, "kind": kind, "last": "", "listed": 0, "ended_at": 0}
                | {"begun_at": ms(now)}
                for kind in kinds
            ]
            with self.begin() as tx:
                tx.execute(upsert(tx, _table, _KEY, ("last", "listed", "begun_at", "ended_at")), rows)
            under_way = [BackfillRow(system=system, kind=kind, last="", listed=0, begun_at=now) for kind in kinds]
        return under_way

    def backfill_went_on(self, connection: str, system: str, listed: Mapping[str, tuple[int, str]]) -> None:
        """So many more of each kind were taken in, the last with that id. After their knocks, in another transaction:
        after a crash between the two they are knocked on twice, which does no harm.
        """
        with self.begin() as tx:
            for kind, (count, last) in listed.items():
                mine = (_table.c.connection == connection) & (_table.c.system == system) & (_table.c.kind == kind)
                tx.execute(update(_table).where(mine).values(listed=_table.c.listed + count, last=last))

    def end_backfill(self, connection: str, system: str, now: datetime) -> None:
        """Everything of a system was listed."""
        mine = (_table.c.connection == connection) & (_table.c.system == system) & (_table.c.ended_at == 0)
        with self.begin() as tx:
            tx.execute(update(_table).where(mine).values(ended_at=ms(now)))

    def at_leisure(self, connection: str) -> int:
        """How many tasks wait because of a backfill alone."""
        waiting = (_task.c.connection == connection) & (_task.c.next_at == LEISURE) & (_task.c.noticed > _task.c.served)
        with self.begin() as tx:
            return tx.execute(select(func.count()).where(waiting)).scalar_one()

    def backfills(self, connection: str) -> list[BackfillRow]:
        """The backfill of each kind that was ever listed whole, or is being."""
        with self.begin() as tx:
            rows = tx.execute(_OURS, {"p_connection": connection}).all()
        return [
            BackfillRow(
                system=row.system,
                kind=row.kind,
                last=row.last,
                listed=row.listed,
                begun_at=instant(row.begun_at),
                ended_at=instant(row.ended_at) if row.ended_at else None,
            )
            for row in rows
        ]
