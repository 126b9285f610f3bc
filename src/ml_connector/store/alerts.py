"""Holds that last longer than they should, and writes that stay open for too long: each is told of once.

Each becomes an event of the audit log in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Row, or_, select, update

from ml_connector.model.refs import Ref

from . import schema
from .audit import Audit, Event
from .base import lock
from .database import instant, ms
from .rows import Late, LateWrite


class _Step(msgspec.Struct):
    step: str


_decoder = msgspec.json.Decoder(_Step)


class Alerts(Audit):
    """Telling of a hold and keeping that it was told is one transaction, so that nobody is told of it twice."""

    def tell_late(self, connection: str, allowed: Mapping[str, timedelta], actor: str, now: datetime) -> list[Late]:
        """Holds of these codes that have lasted as long as is allowed and were not told of yet; they are from now on.

        A hold that ends and begins again counts anew.
        """
        table = schema.hold
        over = or_(*(_late(code, after, now) for code, after in allowed.items()))
        late = (table.c.connection == connection) & over
        query = select(table.c.flow, table.c.ref, table.c.code, table.c.since).where(late)
        with self.recording() as recording:
            lock(recording.tx, connection)
            rows = recording.tx.execute(query.order_by(table.c.since, table.c.ref)).all()
            holds = [Late(row.flow, Ref.parse(row.ref), row.code, instant(row.since)) for row in rows]
            if holds:
                recording.tx.execute(update(table).where(late).values(alerted_at=ms(now)))
                events: list[Event] = [
                    (str(hold.ref), {"code": hold.code, "since": hold.since.isoformat()}) for hold in holds
                ]
                recording.add(connection, actor, "alert", events, now)
        return holds

    def tell_late_writes(self, connection: str, after: timedelta, actor: str, now: datetime) -> list[LateWrite]:
        """Writes that have been open for longer than `after` and were not told of yet; they are from now on."""
        untold = self._open_since(connection, now - after) & (schema.write.c.alerted_at == 0)
        with self.recording() as recording:
            lock(recording.tx, connection)
            writes = _late_writes(recording.tx.execute(_LATE_WRITES.where(untold)).all())
            if writes:
                recording.tx.execute(update(schema.write).where(untold).values(alerted_at=ms(now)))
                events: list[Event] = [
                    (str(write.ref), {"open_write": write.step, "since": write.since.isoformat()}) for write in writes
                ]
                recording.add(connection, actor, "alert", events, now)
        return writes

    def late_writes(self, connection: str, after: timedelta, now: datetime) -> list[LateWrite]:
        """Writes that have been open for longer than `after`, the oldest first."""
        with self.begin() as tx:
            return _late_writes(tx.execute(_LATE_WRITES.where(self._open_since(connection, now - after))).all())

    @staticmethod
    def _open_since(connection: str, before: datetime) -> ColumnElement[bool]:
        table = schema.write
        return (table.c.connection == connection) & (table.c.state == "open") & (table.c.first_at <= ms(before))


_LATE_WRITES = select(schema.write).order_by(schema.write.c.first_at, schema.write.c.id)


def _late_writes(rows: Sequence[Row[tuple[object, ...]]]) -> list[LateWrite]:
    return [
        LateWrite(row.flow, Ref.parse(row.source), _decoder.decode(row.content).step, instant(row.first_at))
        for row in rows
    ]


def _late(code: str, after: timedelta, now: datetime) -> ColumnElement[bool]:
    """Lasts that long by now. What was told before that time was about another hold of the record."""
    hold, length = schema.hold.c, after // timedelta(milliseconds=1)
    return (hold.code == code) & (hold.since <= ms(now) - length) & (hold.alerted_at < hold.since + length)
