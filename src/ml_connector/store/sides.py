"""The health of the two sides of a connection, so that whoever looks later knows it: no vendor is asked for that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, select, update

from ml_connector.model.people import Actor
from ml_connector.model.sides import side_state

from . import schema
from .audit import Audit
from .database import instant, ms, upsert
from .rows import SideRow
from .stored import facts_of

_side = schema.side
_KEY = ("connection", "system")
_KEPT = tuple(column.name for column in _side.columns if column.name not in _KEY)
_OURS = select(_side).where(_side.c.connection == bindparam("p_connection")).order_by(_side.c.system)
_task = schema.task
_DISBELIEVE = (
    update(_task)
    .where(
        _task.c.connection == bindparam("p_connection"),
        _task.c.noticed > _task.c.served,
        _task.c.next_at > bindparam("p_beyond", type_=BigInteger),
    )
    .values(next_at=0)
)


class SidesKept(Audit):
    """A row for each side."""

    def sides(self, connection: str) -> dict[str, SideRow]:
        """What is on record of the sides of a connection, by system."""
        with self.begin() as tx:
            rows = tx.execute(_OURS, {"p_connection": connection}).all()
        return {row.system: _side_row(row) for row in rows}

    def put_side(
        self, connection: str, side: SideRow, now: datetime, event: tuple[Actor, str, Mapping[str, Any]] | None = None
    ) -> None:
        """Put it in place of what was known; with `event` (who, what, detail) it is one of the audit log too."""
        row = {
            "connection": connection,
            "system": side.system,
            "state": side.state,
            "since": _ms(side.since),
            "error": side.error,
            "sentence": side.sentence,
            "remedy": side.remedy,
            "next_at": _ms(side.next_at),
            "failures": side.failures,
            "refused": msgspec.json.encode(side.refused).decode(),
            "asked_at": _ms(side.asked_at),
            "sweep_at": _ms(side.sweep_at),
        }
        with self.recording() as recording:
            recording.tx.execute(upsert(recording.tx, _side, _KEY, _KEPT), row)
            if event is not None:
                actor, action, detail = event
                recording.add(connection, actor, action, [(side.system, detail)], now)

    def disbelieve(self, connection: str, beyond: datetime) -> None:
        """What is put off until after `beyond` is due now: that time was named by a clock that was ahead."""
        with self.begin() as tx:
            tx.execute(_DISBELIEVE, {"p_connection": connection, "p_beyond": ms(beyond)})


def _ms(at: datetime | None) -> int:
    return 0 if at is None else ms(at)


def _instant(milliseconds: int) -> datetime | None:
    return instant(milliseconds) if milliseconds else None


def _side_row(row: Any) -> SideRow:
    return SideRow(
        system=row.system,
        state=side_state(row.state),
        since=_instant(row.since),
        error=row.error,
        sentence=row.sentence,
        remedy=row.remedy,
        next_at=_instant(row.next_at),
        failures=row.failures,
        refused=facts_of(row.refused),
        asked_at=_instant(row.asked_at),
        sweep_at=_instant(row.sweep_at),
    )
