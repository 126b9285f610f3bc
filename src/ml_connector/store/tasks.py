"""Tasks: what is due, and how its service ended.

A task is two counters. A knock raises `noticed`, service sets `served` to what `noticed` was when the page was taken:
so a knock that comes during the work leaves the task due, and a thousand of them cost one more look. Nothing is
deleted or queued, so nothing can be lost between two lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from ml_connector.model.continuity import Claim
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import AWAITING_APPROVAL, Knock, Task, Verdict
from ml_connector.model.triggers import Trigger, TriggerKind, day_begins, fired_by, prefix_of, record_changed

from . import schema
from . import task_queries as queries
from .arrivals import drop_arrivals
from .audit import Audit
from .base import keep_fired, late, lock
from .database import insert_of, instant, ms, portions, upsert
from .holds import put_holds
from .ledger import note_claim
from .links import put_links
from .stored import ref_of
from .task_queries import Which
from .told import heard_from, note_heard

BACKFILL = "backfill:"
# Built once: a statement that is built anew for each call costs more than its answer.
_task, _wait, _cursor = schema.task, schema.wait, schema.cursor
_CONNECTION: BindParameter[str] = bindparam("p_connection")
_OURS, _WAITS = _task.c.connection == _CONNECTION, _wait.c.connection == _CONNECTION
_WAITING = (
    select(_wait.c.flow, _wait.c.ref)
    .where(_WAITS, _wait.c.trigger.in_(bindparam("p_triggers", expanding=True)))
    .distinct()
)
_DAYS = (
    select(_wait.c.trigger)
    .where(_WAITS, _wait.c.trigger.like(f"{prefix_of(TriggerKind.DAY)}%"), _wait.c.trigger <= bindparam("p_today"))
    .distinct()
)
_SOURCE = (_cursor.c.connection == _CONNECTION) & (_cursor.c.source == bindparam("p_source"))
_POSITION = select(_cursor.c.position).where(_SOURCE)
_SWEPT = select(_cursor.c.source, _cursor.c.covered_to).where(_cursor.c.connection == _CONNECTION)
_UNTICKED = _OURS & (_task.c.noticed > _task.c.served)
_NEXT_DUE = select(func.min(_task.c.next_at)).where(_UNTICKED)
_UNSERVED = select(_task.c.flow, func.count()).where(_UNTICKED).group_by(_task.c.flow)
_RESTING = select(_task.c.flow, _task.c.ref).where(
    _UNTICKED, _task.c.next_at > bindparam("p_now"), _task.c.ref.in_(bindparam("p_refs", expanding=True))
)
_PLANNED = select(func.count()).where(_OURS, _task.c.verdict.in_(AWAITING_APPROVAL))
_served = bindparam("p_served", type_=BigInteger)
_END = (
    update(_task)
    .where(_OURS, _task.c.flow == bindparam("p_flow"), _task.c.ref == bindparam("p_ref"))
    .values(
        # Never lower: who is put off comes with 0, and keeps what was served before.
        served=case((_served > _task.c.served, _served), else_=_task.c.served),
        next_at=bindparam("p_next"),
        attempts=bindparam("p_attempts"),
        verdict=bindparam("p_verdict"),
    )
)


def knock(tx: Connection, connection: str, knocks: Iterable[Knock], source: str, now: datetime) -> int:
    """Raise `noticed` of these tasks, making them where they are new. Returns how many different tasks.

    Those of a source `backfill:...` are served when nothing else is due.
    """
    next_at = queries.LEISURE if source.startswith(BACKFILL) else 0
    rows = [
        {"connection": connection, "flow": flow, "ref": str(ref), "source": source, "first_at": ms(now)}
        | {"noticed_at": ms(now), "noticed": 1, "next_at": next_at}
        for flow, ref in sorted(set(knocks))
    ]
    if rows:
        tx.execute(_knock(tx.dialect.name), rows)
    return len(rows)


@cache
def _knock(dialect: str) -> Any:
    table, put = schema.task, insert_of(dialect, schema.task)
    settled = table.c.served >= table.c.noticed
    return put.on_conflict_do_update(
        index_elements=["connection", "flow", "ref"],
        set_={
            "noticed": table.c.noticed + 1,
            "noticed_at": put.excluded.noticed_at,
            "source": put.excluded.source,
            # News overrules a pause: what changed may be just what was waited for. What is live already stays so.
            "next_at": case((settled | (table.c.next_at != 0), put.excluded.next_at), else_=0),
            # One more knock makes a wait no younger: a day of failing counts from the first.
            "first_at": case((settled, put.excluded.first_at), else_=table.c.first_at),
        },
    )


def fire(tx: Connection, connection: str, triggers: Iterable[Trigger], now: datetime) -> None:
    """Knock on every task whose hold waits for one of these triggers.

    In the transaction of what fired them: between the two a crash would leave a hold that nothing releases any more.
    """
    for some in portions(list(dict.fromkeys(triggers))):
        waiting = tx.execute(_WAITING, {"p_connection": connection, "p_triggers": some}).all()
        knock(tx, connection, [(row.flow, ref_of(row.ref)) for row in waiting], "released", now)


class Tasks(Audit):
    """What is due. A task is due while it was noticed more often than served, from `next_at` on."""

    def intake(
        self,
        connection: str,
        knocks: Sequence[Knock],
        source: str,
        now: datetime,
        *,
        changed: Sequence[Ref] = (),
        position: str | None = None,
        covered_to: datetime | None = None,
        claim: Claim | None = None,
        arrivals: Sequence[int] = (),
    ) -> int:
        """Knocks, the position of their source and what it claims to have covered, in one transaction.

        Only afterwards may they be acknowledged. What waits for one of the `changed` records is looked at again.
        `arrivals` are those that the knocks stood in until now.
        """
        with self.recording() as recording:
            tx = recording.tx
            # Before the first task is touched: two arrivals that lock the same tasks in another order would wait for
            # each other for ever, and what a drain settles meanwhile must not miss what fires here.
            lock(tx, connection)
            count = knock(tx, connection, knocks, source, now)
            triggers = [record_changed(ref) for ref in changed]
            awaited = set(_awaited(tx, connection, TriggerKind.RECORD)) if triggers else set()
            fire(tx, connection, awaited.intersection(triggers), now)
            keep_fired(tx, connection, triggers)
            if position is not None and covered_to is not None:
                self._advance(tx, connection, source, position, covered_to)
            if claim is not None:
                note_claim(recording, connection, claim, now)
            if changed and (system := heard_from(source, claim)):
                note_heard(tx, connection, system, len(changed), now)
            if arrivals:
                drop_arrivals(tx, arrivals)
            return count

    def _advance(self, tx: Connection, connection: str, source: str, position: str, to: datetime) -> None:
        put = upsert(tx, schema.cursor, ("connection", "source"), ("position", "covered_to"))
        tx.execute(put, {"connection": connection, "source": source, "position": position, "covered_to": ms(to)})

    def position(self, connection: str, source: str) -> str | None:
        """Up to where this source was read, in its own words; None before its first reading."""
        with self.begin() as tx:
            return tx.execute(_POSITION, {"p_connection": connection, "p_source": source}).scalar()

    def forget_position(self, connection: str, source: str) -> None:
        """The next sweep of this source starts from the beginning."""
        table = schema.cursor
        with self.begin() as tx:
            tx.execute(delete(table).where(table.c.connection == connection, table.c.source == source))

    def swept(self, connection: str) -> dict[str, datetime]:
        """Up to when each source has been read."""
        with self.begin() as tx:
            rows = tx.execute(_SWEPT, {"p_connection": connection}).all()
        return {row.source: instant(row.covered_to) for row in rows}

    def verdict(self, connection: str, flow: str, ref: Ref) -> str:
        """How the task of this flow and record ended last time; empty if there is none."""
        table = schema.task
        mine = (table.c.connection == connection) & (table.c.flow == flow) & (table.c.ref == str(ref))
        with self.begin() as tx:
            return tx.execute(select(table.c.verdict).where(mine)).scalar() or ""

    def due(
        self,
        connection: str,
        flow: str,
        now: datetime,
        limit: int,
        *,
        after: str = "",
        planned: bool = False,
        other_kinds_than: tuple[str, str] | None = None,
        live: bool = False,
    ) -> list[Task]:
        """Due tasks of a flow that have no open write, oldest first; with `after`, by name beyond that one.

        With `planned` also those that were served but wait for an approval. With `other_kinds_than` (system and kind)
        only those whose record is of another kind. With `live` none that only a backfill has knocked on.
        """
        asked: dict[str, object] = {"p_connection": connection, "p_flow": flow, "p_limit": limit}
        which: Which = "all"
        if other_kinds_than is not None:
            which, asked["p_own"] = "others", "{}:{}:".format(*other_kinds_than)
        elif after:
            which, asked["p_after"] = "after", after
        rows: list[Any] = []
        with self.begin() as tx:
            for between in _live(now) if live else [{"p_from": 0, "p_now": ms(now)}]:
                rows += tx.execute(queries.due(which, planned), asked | between).all()
        return [Task(flow, ref_of(r.ref), r.noticed, r.attempts, instant(r.first_at)) for r in rows[:limit]]

    def flows_due(self, connection: str, flows: Sequence[str], now: datetime) -> tuple[int, set[str], bool]:
        """A mark (what fires from now on is later than it), those of these flows that have a task for `due` now, and
        whether those are live: as long as any flow has one that is, those of a backfill wait.
        """
        asked = {"p_connection": connection, "p_now": ms(now)}
        asked |= {f"p_flow_{number}": flow for number, flow in enumerate(flows)}
        question = queries.flows_due(len(flows))
        with self.begin() as tx:
            rows = tx.execute(question, asked).all()
        mark = next(row.value for row in rows if row.number < 0)
        live = {row.number for row in rows if row.number >= 0 and row.value}
        numbers = live or {row.number for row in rows if row.number >= 0}
        return mark, {flows[number] for number in numbers}, bool(live)

    def next_due(self, connection: str) -> datetime | None:
        """When the earliest unserved task wants to be looked at; None when all are served."""
        with self.begin() as tx:
            earliest = tx.execute(_NEXT_DUE, {"p_connection": connection}).scalar()
        return None if earliest is None else instant(earliest)

    def resting(self, connection: str, tasks: Collection[Knock], now: datetime) -> set[Knock]:
        """Those of these tasks, each a flow and its record, that are not due yet."""
        with self.begin() as tx:
            asked = {"p_connection": connection, "p_now": ms(now)}
            rows = [
                row
                for refs in portions(sorted({str(ref) for _, ref in tasks}))
                for row in tx.execute(_RESTING, asked | {"p_refs": refs})
            ]
        return {(row.flow, ref_of(row.ref)) for row in rows}.intersection(tasks)

    def unserved(self, connection: str) -> Mapping[str, int]:
        """How many tasks wait, by flow."""
        with self.begin() as tx:
            rows = tx.execute(_UNSERVED, {"p_connection": connection}).all()
        return {row[0]: row[1] for row in rows}

    def planned(self, connection: str) -> int:
        """How many records wait for an approval."""
        with self.begin() as tx:
            return tx.execute(_PLANNED, {"p_connection": connection}).scalar() or 0

    def counts(self, connection: str) -> dict[str, int]:
        """How many records each flow has ever been knocked on."""
        table = schema.task
        query = select(table.c.flow, func.count()).where(table.c.connection == connection).group_by(table.c.flow)
        with self.begin() as tx:
            return {row[0]: row[1] for row in tx.execute(query)}

    def verdicts(self, connection: str, flow: str) -> dict[Ref, str]:
        """How every task of a flow ended last time."""
        table = schema.task
        with self.begin() as tx:
            rows = tx.execute(
                select(table.c.ref, table.c.verdict).where(table.c.connection == connection, table.c.flow == flow)
            ).all()
        return {ref_of(row.ref): row.verdict for row in rows}

    def settle(
        self, connection: str, fencing_token: int, verdicts: Sequence[Verdict], now: datetime, since: int | None = None
    ) -> None:
        """One transaction: links renewed, holds set or lifted, tasks served (up to what was noticed when taken).

        A task that waits from now on for what has fired after the mark `since` is looked at again at once.
        """
        with self.recording() as recording:
            tx = recording.tx
            self.guard(tx, connection, fencing_token, now)
            put_links(tx, self.marker, connection, [link for verdict in verdicts for link in verdict.links], now)
            self._end_tasks(tx, connection, verdicts)
            changes = put_holds(tx, connection, verdicts, now)
            recording.add(connection, "ml-connector", "release", changes.released, now)
            recording.add(connection, "ml-connector", "hold", changes.held, now)
            # After `_end_tasks`: a knock on one of these very tasks must make it due now, whatever pause it has got.
            fire(tx, connection, fired_by(link for v in verdicts for link in v.links), now)
            knock(tx, connection, [task for v in verdicts for task in v.knocks], "needed", now)
            if since is not None:
                # It fired after the page was read and before this hold was on record: nobody could be told of it.
                fired = late(tx, connection, (name for v in verdicts for name in v.waits_for), since)
                again = [(v.task.flow, v.task.ref) for v in verdicts if fired.intersection(v.waits_for)]
                knock(tx, connection, again, "released", now)

    def _end_tasks(self, tx: Connection, connection: str, verdicts: Sequence[Verdict]) -> None:
        rows = [
            {
                "p_connection": connection,
                "p_flow": v.task.flow,
                "p_ref": str(v.task.ref),
                # What was noticed when it was taken, not what is by now: a knock during the work must stay due.
                "p_served": v.task.noticed if v.next_at is None else 0,
                "p_next": 0 if v.next_at is None else ms(v.next_at),
                "p_attempts": 0 if v.next_at is None else v.task.attempts + 1,
                "p_verdict": v.text,
            }
            for v in verdicts
        ]
        if rows:
            tx.execute(_END, rows)

    def fire(self, connection: str, triggers: Sequence[Trigger], now: datetime) -> None:
        """Look again at what waits for these triggers, and at what a run at work is about to hold for one of them."""
        with self.begin() as tx:
            lock(tx, connection)
            fire(tx, connection, triggers, now)
            keep_fired(tx, connection, triggers)

    def awaited(self, connection: str, kind: TriggerKind) -> list[Trigger]:
        """The different triggers of this kind that some hold waits for."""
        with self.begin() as tx:
            return _awaited(tx, connection, kind)

    def days_due(self, connection: str, today: date, now: datetime) -> None:
        """Release what waited for a day that has come; `today` is the company's."""
        with self.begin() as tx:
            lock(tx, connection)
            names = tx.execute(_DAYS, {"p_connection": connection, "p_today": day_begins(today)}).scalars()
            fire(tx, connection, list(names), now)


def _awaited(tx: Connection, connection: str, kind: TriggerKind) -> list[Trigger]:
    return list(tx.execute(_of_kind(kind), {"p_connection": connection}).scalars())


@cache
def _of_kind(kind: TriggerKind) -> Select[Any]:
    """The question of `awaited`."""
    trigger = schema.wait.c.trigger
    query = select(trigger).where(_WAITS, trigger.startswith(prefix_of(kind), autoescape=True))
    return query.distinct().order_by(trigger)


def _live(now: datetime) -> list[dict[str, int]]:
    """The stretches of `next_at` that are live now. Two, so that the index finds both however much a backfill waits."""
    return [{"p_from": 0, "p_now": 0}, {"p_from": queries.LEISURE + 1, "p_now": ms(now)}]
