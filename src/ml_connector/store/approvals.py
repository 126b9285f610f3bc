"""Approvals: which bodies may go out, who said so, and how many went well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, select, update

from ml_connector.model.refs import Ref
from ml_connector.model.tasks import AWAITING_APPROVAL, Knock

from . import schema
from .audit import Audit, Event
from .base import lock
from .database import insert, ms
from .rows import SmallWrite

LIMIT = "auto_approve_limit"
"""Who approved what no person did."""
BY_A_PERSON = schema.approval.c.plan != ""
"""A person approves a plan, the limit approves without one."""


class Approvals(Audit):
    """What may go out, by key and hash of the body (docs/decisions/0005)."""

    def approve(self, connection: str, plan_id: str, hashes: Mapping[str, str], approver: str, now: datetime) -> None:
        """Record that exactly these bodies (by write key) may be sent, and that the plan was applied.

        Each approval is an event of the audit log.
        """
        rows = [
            {"connection": connection, "key": key, "body_hash": value, "plan": plan_id}
            | {"approved_by": approver, "approved_at": ms(now)}
            for key, value in hashes.items()
        ]
        events: list[Event] = [(key, {"key": key, "hash": value, "plan": plan_id}) for key, value in hashes.items()]
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            _put(tx, rows)
            recording.add(connection, approver, "approve", events, now)
            tx.execute(
                update(schema.plan)
                .where(schema.plan.c.connection == connection, schema.plan.c.id == plan_id)
                .values(state="applied", applied_by=approver, applied_at=ms(now))
            )

    def approvals(self, connection: str, keys: Sequence[str]) -> dict[str, str]:
        """What a person approved under each of these keys, by hash. The limit is asked anew each time."""
        with self.begin() as tx:
            return _approved(tx, connection, keys, BY_A_PERSON)

    def approve_small(self, connection: str, fencing_token: int, writes: Sequence[SmallWrite], now: datetime) -> None:
        """Record that the limit approved these, and in the audit trail why; in one transaction of the run."""
        approved = {"connection": connection, "plan": "", "approved_by": LIMIT, "approved_at": ms(now)}
        with self.recording() as recording:
            tx = recording.tx
            self.guard(tx, connection, fencing_token, now)
            before = _approved(tx, connection, [write.key for write in writes], ~BY_A_PERSON)
            news = [write for write in writes if before.get(write.key) != write.approval]
            _put(tx, [approved | {"key": write.key, "body_hash": write.approval} for write in news])
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
            return {(row.flow, Ref.parse(row.ref)) for row in tx.execute(query)}

    def clean_postings(self, connection: str, most: int) -> int:
        """How many records have a new record that a person approved, that was never refused, and are not held now.

        Counts up to `most`.
        """
        made, refused, hold = schema.write, schema.write.alias(), schema.hold
        same_key = (schema.approval.c.connection == made.c.connection) & (schema.approval.c.key == made.c.key)
        query = (
            select(made.c.source)
            .join(schema.approval, same_key & BY_A_PERSON)
            .where(
                made.c.connection == connection,
                made.c.action == "create",
                made.c.state == "done",
                ~exists().where(
                    refused.c.connection == made.c.connection,
                    refused.c.flow == made.c.flow,
                    refused.c.source == made.c.source,
                    refused.c.state == "refused",
                ),
                ~exists().where(
                    hold.c.connection == made.c.connection, hold.c.flow == made.c.flow, hold.c.ref == made.c.source
                ),
            )
            .distinct()
            .limit(most)
        )
        with self.begin() as tx:
            return len(tx.execute(query).all())


def _approved(tx: Connection, connection: str, keys: Sequence[str], which: ColumnElement[bool]) -> dict[str, str]:
    """What is approved under these keys, by hash."""
    table = schema.approval
    approved: dict[str, str] = {}
    for start in range(0, len(keys), 500):
        mine = (table.c.connection == connection) & table.c.key.in_(keys[start : start + 500])
        query = select(table.c.key, table.c.body_hash).where(mine, which)
        approved.update({row.key: row.body_hash for row in tx.execute(query)})
    return approved


def _put(tx: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        put = insert(tx, schema.approval)
        kept = {name: put.excluded[name] for name in ("body_hash", "plan", "approved_by", "approved_at")}
        tx.execute(put.on_conflict_do_update(index_elements=["connection", "key"], set_=kept), rows)
