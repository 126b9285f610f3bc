"""The conflict log: what people wrote on one side and a write put another value over (accounting-rules E.2).

A lost value is noted, sealed, together with the write that overwrites it, and becomes an entry in the transaction that
settles the write as done; with a write that was refused or dropped it goes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, bindparam, delete, func, or_, select, update

from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Settled

from . import schema
from .base import Base
from .database import insert, instant, ms
from .rows import ConflictRow, LostValue
from .stored import ref_of

NOTED, PERHAPS, LOST = "noted", "perhaps", "lost"
"""The write is open; it may have been done before others changed the record once more; it is done."""
_table = schema.conflict
_told = _table.c.state.in_((PERHAPS, LOST))
_OURS = _table.c.connection == bindparam("p_connection")
_OLD = _table.c.at < bindparam("p_before", type_=BigInteger)
_BLANK = update(_table).where(_OURS, _told, _OLD, _table.c.sealed != b"").values(sealed=b"", digest="")
_NOTED = _table.c.write.in_(bindparam("p_writes", expanding=True)) & (_table.c.state == NOTED)
_ARE_NOTED = select(_table).where(_NOTED)
_DROP_NOTED = delete(_table).where(_NOTED)
_END_NOTED = update(_table).where(_NOTED).values(state=bindparam("p_state"), at=bindparam("p_at", type_=BigInteger))


def note_conflicts(tx: Connection, connection: str, lost: Sequence[LostValue]) -> None:
    """Keep these with their writes, which are noted in the same transaction."""
    rows = [
        {
            "id": value.id,
            "connection": connection,
            "write": value.write,
            "flow": value.flow,
            "task": str(value.task),
            "record": str(value.record),
            "other": str(value.other),
            "field": value.field,
            "winner": value.other.system,
            "digest": value.digest,
            "state": NOTED,
            "sealed": value.sealed,
        }
        for value in lost
    ]
    if rows:
        tx.execute(insert(tx, _table), rows)


def settle_conflicts(tx: Connection, connection: str, settled: Sequence[Settled], now: datetime) -> None:
    """What became of the lost values of these writes; the transaction is the one that settles them."""
    by_state: dict[str, list[str]] = {}
    for end in settled:
        state = LOST if end.state == "done" else PERHAPS if end.perhaps else ""
        by_state.setdefault(state, []).append(end.id)
    for state, writes in by_state.items():
        noted = {"p_writes": writes}
        if not state:
            tx.execute(_DROP_NOTED, noted)
            continue
        _forget_guesses(tx, connection, tx.execute(_ARE_NOTED, noted).all())
        tx.execute(_END_NOTED, noted | {"p_state": state, "p_at": ms(now)})


def _forget_guesses(tx: Connection, connection: str, rows: Sequence[Row[Any]]) -> None:
    """The same value that was perhaps lost by an earlier write: it was not, as it is only lost now."""
    mine = (_table.c.connection == connection) & (_table.c.state == PERHAPS)
    for row in rows:
        same = (_table.c.record == row.record) & (_table.c.field == row.field) & (_table.c.digest == row.digest)
        if row.digest:  # one of an older version has none
            tx.execute(delete(_table).where(mine, same))


class Conflicts(Base):
    """Reading the log. Entries are made by `note_conflicts` and `settle_conflicts`, within the outbox' transactions."""

    def conflicts(self, connection: str, ref: Ref | None = None) -> list[ConflictRow]:
        """The log, newest first; with `ref` what one of its two records is about."""
        query = _entries(connection, ref)
        with self.begin() as tx:
            rows = tx.execute(query.order_by(_table.c.at.desc(), _table.c.id)).all()
        return [entry(row) for row in rows]

    def count_conflicts(self, connection: str) -> int:
        """Entries whose lost value can still be read."""
        query = select(func.count()).where(_table.c.connection == connection, _told, _table.c.sealed != b"")
        with self.begin() as tx:
            return tx.execute(query).scalar() or 0

    def blank_conflicts(self, connection: str, before: datetime) -> int:
        """Forget the values that were lost before this instant, and their digests. How many."""
        with self.begin() as tx:
            return tx.execute(_BLANK, {"p_connection": connection, "p_before": ms(before)}).rowcount

    def sealed_conflicts(self) -> list[tuple[str, ConflictRow]]:
        """Connection and row of everything whose value is kept, those of open writes too."""
        query = select(_table).where(_table.c.sealed != b"")
        with self.begin() as tx:
            return [(row.connection, entry(row)) for row in tx.execute(query)]

    def reseal_conflict(self, id: str, old: bytes, new: bytes) -> int:
        """Put `new` where `old` still stands; 1 if it did."""
        with self.begin() as tx:
            mine = (_table.c.id == id) & (_table.c.sealed == old)
            return tx.execute(update(_table).where(mine).values(sealed=new)).rowcount


def _entries(connection: str, ref: Ref | None) -> Select[Any]:
    query = select(_table).where(_table.c.connection == connection, _told)
    if ref is None:
        return query
    return query.where(or_(_table.c.record == str(ref), _table.c.other == str(ref)))


def entry(row: Row[Any]) -> ConflictRow:
    """The entry of a row."""
    return ConflictRow(
        id=row.id,
        write=row.write,
        flow=row.flow,
        task=ref_of(row.task),
        record=ref_of(row.record),
        other=ref_of(row.other),
        field=row.field,
        winner=row.winner,
        digest=row.digest,
        sealed=row.sealed,
        certain=row.state == LOST,
        at=instant(row.at),
    )
