"""Holds that last longer than they should, and writes that stay open for too long: each is told of once.

Each becomes an event of the audit log in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Row, Select, Update, bindparam, or_, select, update

from . import schema
from .audit import Audit, Event
from .base import lock
from .database import instant, ms
from .rows import Late, LateWrite
from .stored import ref_of, step_of


class _Step(msgspec.Struct):
    step: str


_decoder = msgspec.json.Decoder(_Step)
_now = bindparam("p_now", type_=BigInteger)
Lengths = tuple[tuple[str, int], ...]
"""Codes of holds, and for how many milliseconds each may last."""


class Alerts(Audit):
    """Telling of a hold and keeping that it was told is one transaction, so that nobody is told of it twice."""

    def tell_late(self, connection: str, allowed: Mapping[str, timedelta], actor: str, now: datetime) -> list[Late]:
        """Holds of these codes that have lasted as long as is allowed and were not told of yet; they are from now on.

        A hold that ends and begins again counts anew.
        """
        lengths = tuple((code, after // timedelta(milliseconds=1)) for code, after in allowed.items())
        asked = {"p_connection": connection, "p_now": ms(now)}
        with self.recording() as recording:
            lock(recording.tx, connection)
            rows = recording.tx.execute(_late_holds(lengths), asked).all()
            holds = [Late(row.flow, ref_of(row.ref), row.code, instant(row.since)) for row in rows]
            if holds:
                recording.tx.execute(_told_of(lengths), asked)
                events: list[Event] = [
                    (str(hold.ref), {"code": hold.code, "since": hold.since.isoformat()}) for hold in holds
                ]
                recording.add(connection, actor, "alert", events, now)
        return holds

    def tell_late_writes(self, connection: str, after: timedelta, actor: str, now: datetime) -> list[LateWrite]:
        """Writes that have been open for longer than `after` and were not told of yet; they are from now on."""
        asked = {"p_connection": connection, "p_before": ms(now - after)}
        with self.recording() as recording:
            lock(recording.tx, connection)
            writes = _late_writes(recording.tx.execute(_UNTOLD_WRITES, asked).all())
            if writes:
                recording.tx.execute(_WRITES_TOLD, asked | {"p_now": ms(now)})
                events: list[Event] = [
                    (str(write.ref), {"open_write": write.step, "since": write.since.isoformat()}) for write in writes
                ]
                recording.add(connection, actor, "alert", events, now)
        return writes

    def late_writes(self, connection: str, after: timedelta, now: datetime) -> list[LateWrite]:
        """Writes that have been open for longer than `after`, the oldest first."""
        asked = {"p_connection": connection, "p_before": ms(now - after)}
        with self.begin() as tx:
            return _late_writes(tx.execute(_LATE_WRITES, asked).all())


_write = schema.write
_LATE = (
    (_write.c.connection == bindparam("p_connection"))
    & (_write.c.state == "open")
    & (_write.c.first_at <= bindparam("p_before", type_=BigInteger))
)
_LATE_WRITES = select(_write).where(_LATE).order_by(_write.c.first_at, _write.c.id)
_UNTOLD_WRITES = _LATE_WRITES.where(_write.c.alerted_at == 0)
_WRITES_TOLD = update(_write).where(_LATE, _write.c.alerted_at == 0).values(alerted_at=_now)


def _late_writes(rows: Sequence[Row[tuple[object, ...]]]) -> list[LateWrite]:
    return [LateWrite(row.flow, ref_of(row.source), step_of(row.content), instant(row.first_at)) for row in rows]


@cache
def _late_holds(lengths: Lengths) -> Select[Any]:
    """The question of `tell_late`: built once, because it is asked in every pass."""
    hold = schema.hold.c
    query = select(hold.flow, hold.ref, hold.code, hold.since).where(_late(lengths))
    return query.order_by(hold.since, hold.ref)


@cache
def _told_of(lengths: Lengths) -> Update:
    return update(schema.hold).where(_late(lengths)).values(alerted_at=_now)


def _late(lengths: Lengths) -> ColumnElement[bool]:
    """Lasts as long as its code allows by now. What was told before that time was about another hold of the record."""
    hold = schema.hold.c
    over = (
        (hold.code == code) & (hold.since <= _now - length) & (hold.alerted_at < hold.since + length)
        for code, length in lengths
    )
    return (hold.connection == bindparam("p_connection")) & or_(*over)
