"""Holds, what they wait for, and flags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Delete, Table, bindparam, case, delete, select

from ml_connector.model.plans import Hold
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Verdict

from . import schema
from .audit import Event
from .base import Base
from .database import insert_of, instant, ms, portions, upsert
from .rows import HeldRow
from .stored import amount_of, facts_of, ref_of


class HoldChanges(msgspec.Struct, frozen=True):
    """Holds that began or got another code, and holds that ended, as events of the audit log."""

    held: list[Event] = []
    released: list[Event] = []


def put_holds(tx: Connection, connection: str, verdicts: Sequence[Verdict], now: datetime) -> HoldChanges:
    """Set or lift the holds and flags of tasks that were served, or are held and looked at again by themselves.

    A hold keeps its `since` while its code stays.
    """
    # Who is merely put off (a lost answer, a limit) keeps the hold and the flags it had: nothing was found out.
    ended = [v for v in verdicts if v.next_at is None or v.hold is not None]
    changes = _changes(tx, connection, ended)
    _clear(tx, connection, ended)
    holds = [_hold_row(connection, v, v.hold, now) for v in ended if v.hold is not None]
    if holds:
        tx.execute(_hold(tx.dialect.name), holds)
    waits = [_key(connection, v) | {"trigger": t} for v in ended for t in dict.fromkeys(v.waits_for)]
    if waits:
        tx.execute(upsert(tx, schema.wait, (*_KEY, "trigger")), waits)
    flags = [_key(connection, v) | {"flag": f, "since": ms(now)} for v in ended for f in dict.fromkeys(v.flags)]
    if flags:
        tx.execute(upsert(tx, schema.flag, (*_KEY, "flag")), flags)
    return changes


def _changes(tx: Connection, connection: str, verdicts: Sequence[Verdict]) -> HoldChanges:
    """What becomes of the holds that stand. `verdicts` are about different tasks."""
    changes = HoldChanges()
    codes = _codes(tx, connection, verdicts)
    for verdict in verdicts:
        flow, name, hold = verdict.task.flow, str(verdict.task.ref), verdict.hold
        before = codes.get((flow, name), "")
        if before and (hold is None or hold.code != before):
            changes.released.append((name, {"flow": flow, "code": before, "verdict": verdict.text}))
        if hold is not None and hold.code != before:
            amount = "" if hold.amount is None else f"{hold.amount:f}"
            detail = {"flow": flow, "code": hold.code, "amount": amount, "currency": hold.currency}
            changes.held.append((name, detail))
    return changes


def _codes(tx: Connection, connection: str, verdicts: Sequence[Verdict]) -> dict[tuple[str, str], str]:
    names: dict[str, list[str]] = {}
    for verdict in verdicts:
        names.setdefault(verdict.task.flow, []).append(str(verdict.task.ref))
    codes: dict[tuple[str, str], str] = {}
    for flow, refs in names.items():
        for some in portions(refs):
            rows = tx.execute(_CODES, {"p_connection": connection, "p_flow": flow, "p_refs": some})
            codes |= {(flow, row.ref): row.code for row in rows}
    return codes


_CODES = select(schema.hold.c.ref, schema.hold.c.code).where(
    schema.hold.c.connection == bindparam("p_connection"),
    schema.hold.c.flow == bindparam("p_flow"),
    schema.hold.c.ref.in_(bindparam("p_refs", expanding=True)),
)
_KEY = ("connection", "flow", "ref")


@cache
def _hold(dialect: str) -> Any:
    put = insert_of(dialect, schema.hold)
    same = schema.hold.c.code == put.excluded.code
    kept = {name: put.excluded[name] for name in ("code", "facts", "amount", "currency")}
    kept["since"] = case((same, schema.hold.c.since), else_=put.excluded.since)
    return put.on_conflict_do_update(index_elements=_KEY, set_=kept)


@cache
def _drop(table: Table) -> Delete:
    mine = (table.c.connection == bindparam("p_connection")) & (table.c.flow == bindparam("p_flow"))
    return delete(table).where(mine, table.c.ref.in_(bindparam("p_refs", expanding=True)))


def _key(connection: str, verdict: Verdict) -> dict[str, object]:
    return {"connection": connection, "flow": verdict.task.flow, "ref": str(verdict.task.ref)}


def _clear(tx: Connection, connection: str, verdicts: Sequence[Verdict]) -> None:
    refs: dict[str, list[str]] = {}
    free: dict[str, list[str]] = {}
    for verdict in verdicts:
        refs.setdefault(verdict.task.flow, []).append(str(verdict.task.ref))
        if verdict.hold is None:
            free.setdefault(verdict.task.flow, []).append(str(verdict.task.ref))
    # What it waits for and its flags are put down anew; a hold that stays is only renewed, it keeps its age.
    for table, by_flow in ((schema.wait, refs), (schema.flag, refs), (schema.hold, free)):
        for flow, names in by_flow.items():
            for some in portions(names):
                tx.execute(_drop(table), {"p_connection": connection, "p_flow": flow, "p_refs": some})


def _hold_row(connection: str, verdict: Verdict, hold: Hold, now: datetime) -> dict[str, object]:
    return _key(connection, verdict) | {
        "code": hold.code,
        "facts": msgspec.json.encode(dict(hold.facts)).decode(),
        "amount": "" if hold.amount is None else f"{hold.amount:f}",
        "currency": hold.currency,
        "since": ms(now),
    }


class Holds(Base):
    """What is held and flagged now; set and lifted by `put_holds`, where tasks are settled."""

    def holds(self, connection: str) -> list[HeldRow]:
        """All open holds, by code and age."""
        table = schema.hold
        query = select(table).where(table.c.connection == connection)
        with self.begin() as tx:
            rows = tx.execute(query.order_by(table.c.code, table.c.since, table.c.ref)).all()
        return [
            HeldRow(
                flow=r.flow,
                ref=ref_of(r.ref),
                code=r.code,
                facts=facts_of(r.facts),
                amount=amount_of(r.amount),
                currency=r.currency,
                since=instant(r.since),
            )
            for r in rows
        ]

    def flags(self, connection: str) -> list[tuple[str, Ref, str]]:
        """Flow, record and flag of everything that is done but listed for review."""
        table = schema.flag
        query = select(table).where(table.c.connection == connection).order_by(table.c.flag, table.c.ref)
        with self.begin() as tx:
            return [(row.flow, ref_of(row.ref), row.flag) for row in tx.execute(query)]
