"""All rows that carry marks, together: which do not fit, marked anew with another key, put right by a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)

from ml_connector.model.errors import WrongUse
from ml_connector.model.people import Actor
from ml_connector.model.plans import Hold
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import TAMPERED, Task, Verdict
from ml_connector.model.triggers import STATE

from . import schema
from .audit import Audit
from .audit_check import is_sound
from .base import lock
from .holds import put_holds
from .marks import KEYS, MARK, MARKED, columns_of, content_of, is_marked, marked, name_of
from .people import stands
from .stored import UNREADABLE, detail_of, ref_of
from .tasks import fire

FLOW = "state"
"""The flow under which rows of the state stand among the holds."""
_PAGE = 1000


class Marking(Audit):
    """Rows with marks, over all tables."""

    def strange_rows(self, connection: str) -> list[str]:
        """The names of the rows of this connection that do not fit their marks, by table. Reads all of them."""
        with self.begin() as tx:
            return [name_of(table, row) for table, row in self._strange(tx, connection)]

    def _strange(self, tx: Connection, connection: str) -> Iterator[tuple[Table, Row[Any]]]:
        for table in MARKED:
            mine = _owner(table) == connection
            for row in _rows(tx, select(table).where(mine), table):
                if not self._is_believed(tx, table, row):
                    yield table, row

    def _is_believed(self, tx: Connection, table: Table, row: Row[Any]) -> bool:
        """A person's row must be the newest one, too: what an older one may do has no other bound."""
        if table is schema.person:
            return stands(tx, self.marker, self.keeper, row)
        return is_marked(self.marker, table, row)

    def mark_unmarked(self, connection: str, now: datetime) -> int:
        """Mark every row of a connection that has no mark, as in an older state. An event says how many."""
        count = self._mark_rows(lambda table, row: not row.mark and getattr(row, _owner(table).name) == connection)
        if count:
            self.audit(connection, "ml-connector", "mark rows", "state", {"rows": count}, now)
        return count

    def mark_anew(self) -> int:
        """Mark every row that fits with the key in use. What does not fit is left as it is. How many."""
        return self._mark_rows(lambda table, row: is_marked(self.marker, table, row))

    def _mark_rows(self, which: Callable[[Table, Row[Any]], bool]) -> int:
        count = 0
        with self.begin() as tx:
            for table in MARKED:
                for page in _pages(tx, select(table), table):
                    rows = [columns_of(row) for row in page if which(table, row)]
                    _renew(tx, table, marked(self.marker, table, rows))
                    count += len(rows)
        return count

    def marks_otherwise(self, begin: bytes) -> Iterator[bytes]:
        """The marks that fit and do not begin so: those that were made with another key than the one in use."""
        with self.begin() as tx:
            for table in MARKED:
                other = func.substr(table.c.mark, 1, len(begin)) != literal(begin, LargeBinary)
                for row in _rows(tx, select(table).where(other), table):
                    if is_marked(self.marker, table, row):
                        yield row.mark

    def held_rows(self, connection: str) -> list[str]:
        """The rows that stand among the holds because they are not believed."""
        with self.begin() as tx:
            refs = tx.execute(_HELD_ROWS, {"p_connection": connection}).scalars()
            return [_row_name(ref_of(ref)) for ref in refs]

    def hold_rows(self, connection: str, names: Sequence[str], now: datetime) -> None:
        """Exactly these rows stand among the holds from now on; once none does, what waited for that is looked at.

        Whoever notices puts it down: a run, or somebody who looks. No lease is needed, nothing else is changed.
        """
        held = {_row_ref(name) for name in names}
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            before = {ref_of(ref) for ref in tx.execute(_HELD_ROWS, {"p_connection": connection}).scalars()}
            verdicts = [_row_verdict(ref, ref in held, now) for ref in sorted(held | before)]
            changes = put_holds(tx, connection, verdicts, now)
            recording.add(connection, "ml-connector", "release", changes.released, now)
            recording.add(connection, "ml-connector", "tampered", changes.held, now)
            if before and not held:
                fire(tx, connection, [STATE], now)

    def drop_tasks(self, connection: str, flow: str, refs: Sequence[Ref], now: datetime) -> None:
        """Forget these tasks, which name no record that the flow could serve. Each is an event."""
        table = schema.task
        names = {ref.id if ref.kind == UNREADABLE else str(ref): ref for ref in refs}
        with self.recording() as recording:
            lock(recording.tx, connection)
            mine = (table.c.connection == connection) & (table.c.flow == flow)
            texts = ["" if name == "(blank)" else name for name in names]
            recording.tx.execute(delete(table).where(mine, table.c.ref.in_(texts)))
            events = [(f"state:task:{flow} {name}", {"dropped": "no record of this flow"}) for name in names]
            recording.add(connection, "ml-connector", "tampered", events, now)

    def was_posted(self, connection: str, source: str, request_id: str) -> bool:
        """Whether the audit log says that this request has put an entry into the books, or is not what it was."""
        table = schema.audit
        mine = (table.c.connection == connection) & (table.c.action == "post") & (table.c.object == source)
        with self.begin() as tx:
            events = tx.execute(select(table).where(mine)).all()
        told = [detail_of(row.detail).get("request") for row in events if is_sound(self.marker, row)]
        # One that was changed may have said just that.
        return request_id in told or len(told) < len(events)

    def accept_row(self, connection: str, name: str, actor: Actor, now: datetime) -> None:
        """A person says that this row is right as it stands. Raises `WrongUse` if no such row is strange."""
        with self.recording() as recording:
            table, row = self._named(recording.tx, connection, name)
            _renew(recording.tx, table, marked(self.marker, table, [columns_of(row)]))
            recording.add(connection, actor, "accept row", [(name, _shown(table, row))], now)
            fire(recording.tx, connection, [STATE], now)

    def drop_row(self, connection: str, name: str, actor: Actor, now: datetime) -> None:
        """A person says that this row does not belong there: it is deleted, and what it was stands in the audit log.

        Raises `WrongUse` if no such row is strange, or if it is the connection itself.
        """
        with self.recording() as recording:
            table, row = self._named(recording.tx, connection, name)
            if table in (schema.connection, schema.audit):
                raise WrongUse(f"Row {name!r} cannot be dropped.", "Put the state back from a backup.")
            recording.tx.execute(delete(table).where(_this(table, row)))
            recording.add(connection, actor, "drop row", [(name, _shown(table, row))], now)
            fire(recording.tx, connection, [STATE], now)

    def _named(self, tx: Connection, connection: str, name: str) -> tuple[Table, Row[Any]]:
        """A row that is not believed: its mark does not fit, or a drain has put it among the holds."""
        held = {_row_name(ref_of(ref)) for ref in tx.execute(_HELD_ROWS, {"p_connection": connection}).scalars()}
        for table in MARKED:
            for row in _rows(tx, select(table).where(_owner(table) == connection), table):
                if name_of(table, row) == name and (name in held or not self._is_believed(tx, table, row)):
                    return table, row
        raise WrongUse(f"No row {name!r} of the state is changed.", "List them with  ml-connector tampered list")


_hold = schema.hold
_HELD_ROWS = (
    select(_hold.c.ref)
    .where(_hold.c.connection == bindparam("p_connection"), _hold.c.flow == FLOW, _hold.c.code == TAMPERED)
    .order_by(_hold.c.ref)
)


def _row_ref(name: str) -> Ref:
    table, _, key = name.partition(" ")
    return Ref(FLOW, table, key)


def _row_name(ref: Ref) -> str:
    return f"{ref.kind} {ref.id}"


def _row_verdict(ref: Ref, held: bool, now: datetime) -> Verdict:
    hold = Hold(code=TAMPERED, facts={"record": "Row", "row": _row_name(ref)})
    return Verdict(task=Task(FLOW, ref, 0, 0, now), ending=hold if held else Reason.RELAYED)


def _owner(table: Table) -> Column[Any]:
    """The column that says which connection a row belongs to."""
    return table.c.id if table is schema.connection else table.c.connection


def _key(table: Table) -> tuple[Column[Any], ...]:
    return tuple(dict.fromkeys((_owner(table), *(table.c[name] for name in KEYS[table]))))


def _this(table: Table, row: Row[Any]) -> Any:
    return and_(*(column == getattr(row, column.name) for column in _key(table)))


def _pages(tx: Connection, query: Any, table: Table) -> Iterator[list[Row[Any]]]:
    """The rows in pages by their key: a state of years is not held in memory."""
    key = _key(table)
    query = query.order_by(*key).limit(_PAGE)
    page = list(tx.execute(query).all())
    while page:
        yield page
        last = tuple(getattr(page[-1], column.name) for column in key)
        page = list(tx.execute(query.where(tuple_(*key) > tuple_(*last))).all())


def _rows(tx: Connection, query: Any, table: Table) -> Iterator[Row[Any]]:
    for page in _pages(tx, query, table):
        yield from page


def _renew(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        key = _key(table)
        mine = and_(*(column == bindparam(f"k_{column.name}", type_=column.type) for column in key))
        values = [{f"k_{column.name}": row[column.name] for column in key} | {"p_mark": row[MARK]} for row in rows]
        tx.execute(update(table).where(mine).values({MARK: bindparam("p_mark", type_=table.c.mark.type)}), values)


def _shown(table: Table, row: Row[Any]) -> Mapping[str, str]:
    """What stands in the log about a row: its digest, since the row itself may name people."""
    return {"digest": hashlib.sha256(content_of(table, columns_of(row))).hexdigest()}
