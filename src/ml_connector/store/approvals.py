"""Approvals: which bodies may go out, who said so, and how many went well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select, true, update

from ml_connector.model.people import Actor, name_of
from ml_connector.model.tasks import AWAITING_APPROVAL, Knock

from . import schema
from .audit import Audit, Event
from .base import lock
from .database import ms, portions, upsert
from .marks import MARK, Marker, columns_of, is_marked, marked, must_be_marked
from .rows import Approved, SmallWrite
from .stored import ref_of

LIMIT = "auto_approve_limit"
"""Who approved what no person did."""
BY_A_PERSON = schema.approval.c.plan != ""
"""A person approves a plan, the limit approves without one."""
_KEPT = ("body_hash", "plan", "approved_by", "approved_at", MARK)


_made, _refused, _hold = schema.write, schema.write.alias(), schema.hold
_CLEAN = select(_made).where(
    _made.c.connection == bindparam("p_connection"),
    _made.c.action == "create",
    _made.c.state == "done",
    exists().where(
        schema.approval.c.connection == _made.c.connection, schema.approval.c.key == _made.c.key, BY_A_PERSON
    ),
    ~exists().where(
        _refused.c.connection == _made.c.connection,
        _refused.c.flow == _made.c.flow,
        _refused.c.source == _made.c.source,
        _refused.c.state == "refused",
    ),
    ~exists().where(
        _hold.c.connection == _made.c.connection, _hold.c.flow == _made.c.flow, _hold.c.ref == _made.c.source
    ),
)
"""Done writes of new records that a person approved, whose record was never refused and is not held."""


class Approvals(Audit):
    """What may go out, by key and hash of the body (docs/decisions/0005)."""

    def approve(self, connection: str, plan_id: str, hashes: Mapping[str, str], approver: Actor, now: datetime) -> None:
        """Record that exactly these bodies (by write key) may be sent, and that the plan was applied.

        Each approval is an event of the audit log.
        """
        rows = [
            {"connection": connection, "key": key, "body_hash": value, "plan": plan_id}
            | {"approved_by": name_of(approver), "approved_at": ms(now)}
            for key, value in hashes.items()
        ]
        events: list[Event] = [(key, {"key": key, "hash": value, "plan": plan_id}) for key, value in hashes.items()]
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            _put(tx, self.marker, rows)
            recording.add(connection, approver, "approve", events, now)
            self._applied(tx, connection, plan_id, approver, now)

    def _applied(self, tx: Connection, connection: str, plan_id: str, approver: Actor, now: datetime) -> None:
        """The plan was applied. Raises `StateTampered` where its row is not the one that was stored."""
        table = schema.plan
        mine = (table.c.connection == connection) & (table.c.id == plan_id)
        for row in tx.execute(select(table).where(mine)).all():
            must_be_marked(self.marker, table, [row])
            end = {"state": "applied", "applied_by": name_of(approver), "applied_at": ms(now)}
            values = marked(self.marker, table, [{**columns_of(row), **end}])[0]
            tx.execute(update(table).where(mine).values({name: values[name] for name in (*end, MARK)}))

    def approvals(self, connection: str, keys: Sequence[str]) -> dict[str, Approved]:
        """What a person approved under each of these keys. The limit is asked anew each time."""
        with self.begin() as tx:
            return _approved(tx, self.marker, connection, keys, BY_A_PERSON)

    def all_approvals(self, connection: str, keys: Sequence[str]) -> dict[str, Approved]:
        """What was approved under each of these keys, by a person or by the limit."""
        with self.begin() as tx:
            return _approved(tx, self.marker, connection, keys, true())

    def approve_small(self, connection: str, fencing_token: int, writes: Sequence[SmallWrite], now: datetime) -> None:
        """Record that the limit approved these, and in the audit trail why; in one transaction of the run."""
        approved = {"connection": connection, "plan": "", "approved_by": LIMIT, "approved_at": ms(now)}
        with self.recording() as recording:
            tx = recording.tx
            self.guard(tx, connection, fencing_token, now)
            before = _approved(tx, self.marker, connection, [write.key for write in writes], ~BY_A_PERSON)
            news = [write for write in writes if before.get(write.key) != Approved(write.approval)]
            _put(tx, self.marker, [approved | {"key": write.key, "body_hash": write.approval} for write in news])
            events: list[Event] = [
                (write.label, {**write.detail, "key": write.key, "hash": write.approval}) for write in news
            ]
            recording.add(connection, LIMIT, "approve", events, now)

    def awaiting(self, connection: str) -> set[Knock]:
        """The tasks that were served and wait for an approval only: nothing else looks at them again."""
        table = schema.task
        served = (table.c.connection == connection) & (table.c.noticed <= table.c.served)
        query = select(table.c.flow, table.c.ref).where(served, table.c.verdict.in_(AWAITING_APPROVAL))
        with self.begin() as tx:
            return {(row.flow, ref_of(row.ref)) for row in tx.execute(query)}

    def clean_postings(self, connection: str, most: int) -> int:
        """How many records have a new record that a person approved, that was never refused, and are not held now.

        Counts up to `most`.
        """
        sources = set[str]()
        with self.begin() as tx:
            for rows in tx.execute(_CLEAN, {"p_connection": connection}).partitions(most):
                proved = [row for row in rows if is_marked(self.marker, schema.write, row)]
                approved = _approved(tx, self.marker, connection, [row.key for row in proved], BY_A_PERSON)
                sources |= {row.source for row in proved if row.key in approved and approved[row.key].proved}
                if len(sources) >= most:
                    return most
        return len(sources)


def _approved(
    tx: Connection, marker: Marker, connection: str, keys: Sequence[str], which: ColumnElement[bool]
) -> dict[str, Approved]:
    table = schema.approval
    approved: dict[str, Approved] = {}
    for some in portions(keys):
        for row in tx.execute(select(table).where(table.c.connection == connection, table.c.key.in_(some), which)):
            approved[row.key] = Approved(row.body_hash, proved=is_marked(marker, table, row))
    return approved


def _put(tx: Connection, marker: Marker, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        put = upsert(tx, schema.approval, ("connection", "key"), _KEPT)
        tx.execute(put, marked(marker, schema.approval, rows))
