"""Connections, plans, sealed secrets and reference versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, select, update

from ml_connector.model.errors import WrongUse

from . import schema
from .base import CLOCKS_APART, Base, lock
from .database import insert, instant, ms, upsert
from .marks import MARK, columns_of, is_marked, marked, must_be_marked
from .rows import Connected, PlanRow

TURN = timedelta(minutes=5)
"""How long a turn lasts at most."""

# Built once: a statement that is built anew for each call costs more than its answer.
_REFERENCE = ("connection", "system", "name")
_REFERENCES = select(schema.reference_version).where(schema.reference_version.c.connection == bindparam("p_connection"))
_CONNECTED = select(schema.connection).where(schema.connection.c.id == bindparam("p_connection"))
_secret = schema.secret
_SEALED = select(_secret.c.sealed).where(
    _secret.c.connection == bindparam("p_connection"), _secret.c.name == bindparam("p_name")
)
_SEALED_UNDER = select(_secret.c.name, _secret.c.sealed).where(
    _secret.c.connection == bindparam("p_connection"), _secret.c.name.in_(bindparam("p_names", expanding=True))
)
_turn = schema.turn
_KEPT = (schema.audit, schema.audit_head, schema.approval, schema.person, schema.rules_version)
"""What stays of a connection that is removed, beside its own row."""
_FREE_TURN = (
    update(_turn)
    .where(
        _turn.c.name == bindparam("p_name"),
        (_turn.c.until <= bindparam("p_now"))
        | (_turn.c.until > bindparam("p_longest"))
        | (_turn.c.holder == bindparam("p_holder")),
    )
    .values(holder=bindparam("p_holder"), until=bindparam("p_until"))
)


class Connections(Base):
    """The connections themselves, and which versions of reference tables they have seen."""

    def add_connection(self, id: str, realm_id: str, org_id: str, company: str, now: datetime) -> None:
        """Make the connection, or renew its company name; realm and org of a connection never change."""
        table = schema.connection
        fresh = {"id": id, "realm_id": realm_id, "org_id": org_id, "company": company, "created_at": ms(now)}
        fresh |= {"live_since": None, "paused": ""}
        with self.begin() as tx:
            put = upsert(tx, table, ("id",))
            if not tx.execute(put, marked(self.marker, table, [fresh])[0]).rowcount:
                self._change(tx, id, company=company)

    def _change(self, tx: Connection, id: str, **values: object) -> None:
        """Change columns of a connection. Raises `StateTampered` where its row is not the one that was stored."""
        table = schema.connection
        row = tx.execute(select(table).where(table.c.id == id).with_for_update()).one_or_none()
        if row is not None:
            must_be_marked(self.marker, table, [row])
            mark = marked(self.marker, table, [{**columns_of(row), **values}])[0][MARK]
            tx.execute(update(table).where(table.c.id == id).values({**values, MARK: mark}))

    def connection(self, id: str) -> Connected | None:
        """None where there is none of this name."""
        with self.begin() as tx:
            row = tx.execute(_CONNECTED, {"p_connection": id}).one_or_none()
        return None if row is None else self._connected(row)

    def connections(self) -> list[Connected]:
        """All connections of the installation, by id; those that were removed too."""
        with self.begin() as tx:
            rows = tx.execute(select(schema.connection).order_by(schema.connection.c.id)).all()
        return [self._connected(row) for row in rows]

    def _connected(self, row: Row[Any]) -> Connected:
        live = None if row.live_since is None else instant(row.live_since)
        proved = is_marked(self.marker, schema.connection, row)
        return Connected(row.id, row.realm_id, row.org_id, row.company, live, row.paused, proved)

    def go_live(self, id: str, now: datetime) -> None:
        """End the dry run; from now on `sync` writes."""
        table = schema.connection
        with self.begin() as tx:
            if tx.execute(select(table.c.id).where(table.c.id == id, table.c.live_since.is_(None))).first():
                self._change(tx, id, live_since=ms(now))

    def pause(self, id: str, reason: str) -> None:
        """Stop all writes of the connection, with the reason; an empty reason resumes."""
        with self.begin() as tx:
            self._change(tx, id, paused=reason)

    def forget_connection(self, id: str, reason: str) -> int:
        """Delete all rows of a connection but those that the audit log rests on. How many.

        Its own row says that it is stopped, and why; connected again, it begins with a dry run.
        """
        tables = [table for table in schema.metadata.sorted_tables if "connection" in table.c and table not in _KEPT]
        with self.begin() as tx:
            lock(tx, id)
            self._change(tx, id, live_since=None, paused=reason)
            return sum(tx.execute(delete(table).where(table.c.connection == id)).rowcount for table in tables)

    def changed_references(self, connection: str, versions: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
        """Remember the versions of reference tables; returns those that are not as they were, or were never seen."""
        table = schema.reference_version
        if not versions:
            return []
        with self.begin() as tx:
            lock(tx, connection)
            rows = tx.execute(_REFERENCES, {"p_connection": connection}).all()
            known = {(row.system, row.name): row.version for row in rows}
            news = [
                {"connection": connection, "system": key[0], "name": key[1], "version": version}
                for key, version in versions.items()
                if known.get(key) != version
            ]
            if news:
                tx.execute(upsert(tx, table, _REFERENCE, ("version",)), news)
        return [key for key, version in versions.items() if known.get(key) != version]


class Plans(Base):
    """Plans as they were shown. An approval names its plan; what may go out, the approval says alone."""

    def save_plan(self, connection: str, day: str, plan: PlanRow) -> PlanRow:
        """Store a plan under the next number of its day, `<day>-01`; several who plan at once get different numbers."""
        table = schema.plan
        with self.begin() as tx:
            lock(tx, connection)
            mine = (table.c.connection == connection) & table.c.id.startswith(f"{day}-", autoescape=True)
            known = tx.execute(select(table.c.id).where(mine)).scalars()
            numbers = [int(plan_id.removeprefix(f"{day}-")) for plan_id in known]
            plan = msgspec.structs.replace(plan, id=f"{day}-{max(numbers, default=0) + 1:02d}")
            row = {"id": plan.id, "connection": connection, "made_at": ms(plan.made_at), "made_by": plan.made_by}
            row |= {"hash": plan.hash, "content": plan.content, "state": "open", "applied_by": "", "applied_at": 0}
            tx.execute(insert(tx, table), marked(self.marker, table, [row]))
        return plan

    def plans(self, connection: str) -> list[PlanRow]:
        """All plans, newest first."""
        table = schema.plan
        with self.begin() as tx:
            rows = tx.execute(
                select(table)
                .where(table.c.connection == connection)
                .order_by(table.c.made_at.desc(), table.c.id.desc())
            ).all()
        return [
            PlanRow(
                *(row.id, instant(row.made_at), row.made_by, row.hash, row.content, row.state, row.applied_by),
                proved=is_marked(self.marker, table, row),
            )
            for row in rows
        ]

    def plan(self, connection: str, plan_id: str) -> PlanRow:
        """Raises `WrongUse` for an id that is none."""
        for row in self.plans(connection):
            if row.id == plan_id:
                return row
        raise WrongUse(f"There is no plan {plan_id}.", "List them with  ml-connector plan --list, or make one.")


class Secrets(Base):
    """Sealed values by connection and name, and turns at using them. Only custody knows what they are."""

    def put_sealed(self, connection: str, name: str, sealed: bytes, now: datetime) -> None:
        """Put it in place of the one that was there. On disk when it returns: a token is stored before it is used."""
        with self.begin() as tx:
            tx.execute(
                upsert(tx, schema.secret, ("connection", "name"), ("sealed", "changed_at")),
                {"connection": connection, "name": name, "sealed": sealed, "changed_at": ms(now)},
            )

    def replace_sealed(self, connection: str, name: str, old: bytes | None, new: bytes, now: datetime) -> int:
        """Put `new` where `old` still stands, None for nothing; 1 if it did, 0 if somebody was faster."""
        table = schema.secret
        if old is None:
            row = {"connection": connection, "name": name, "sealed": new, "changed_at": ms(now)}
            with self.begin() as tx:
                return tx.execute(upsert(tx, table, ("connection", "name")), row).rowcount
        mine = (table.c.connection == connection) & (table.c.name == name) & (table.c.sealed == old)
        with self.begin() as tx:
            return tx.execute(update(table).where(mine).values(sealed=new, changed_at=ms(now))).rowcount

    def sealed(self, connection: str, name: str) -> bytes | None:
        """None where nothing is kept under this name."""
        with self.begin() as tx:
            return tx.execute(_SEALED, {"p_connection": connection, "p_name": name}).scalar()

    def sealed_under(self, connection: str, names: Sequence[str]) -> dict[str, bytes]:
        """What is kept under these names, by name."""
        with self.begin() as tx:
            rows = tx.execute(_SEALED_UNDER, {"p_connection": connection, "p_names": names}).all()
        return {row.name: row.sealed for row in rows}

    def all_sealed(self) -> list[tuple[str, str, bytes]]:
        """Connection, name and sealed value of everything, for a rotation of keys."""
        with self.begin() as tx:
            return [(r.connection, r.name, r.sealed) for r in tx.execute(select(schema.secret))]

    def take_turn(self, name: str, holder: str, until: datetime, now: datetime) -> bool:
        """Whether `holder` has the turn up to `until`; not while somebody else has it.

        An end further away than a turn is long was written by a clock that was ahead: it is not believed, or nobody
        could renew a sign-in until that day.
        """
        longest = max(until, now + TURN) + CLOCKS_APART
        taken = {"p_name": name, "p_holder": holder, "p_until": ms(until), "p_now": ms(now), "p_longest": ms(longest)}
        with self.begin() as tx:
            tx.execute(upsert(tx, schema.turn, ("name",)), {"name": name, "holder": "", "until": 0})
            # One UPDATE looks and takes, so of two at once one has it. A holder may take its own anew.
            return tx.execute(_FREE_TURN, taken).rowcount == 1

    def end_turn(self, name: str, holder: str) -> None:
        """Give the turn back; not where somebody else has it by now."""
        table = schema.turn
        with self.begin() as tx:
            tx.execute(delete(table).where(table.c.name == name, table.c.holder == holder))

    def drop_all_sealed(self, connection: str) -> None:
        """Forget all that is kept for this owner."""
        with self.begin() as tx:
            tx.execute(delete(schema.secret).where(schema.secret.c.connection == connection))

    def drop_sealed(self, connection: str, name: str) -> None:
        """Forget it; no matter whether there was one."""
        table = schema.secret
        with self.begin() as tx:
            tx.execute(delete(table).where(table.c.connection == connection, table.c.name == name))
