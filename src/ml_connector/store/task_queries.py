"""The questions that are asked of the tasks after every page, built once: a statement built anew costs more than its
answer."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Exists,
    Select,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    select,
    union_all,
)

from ml_connector.model.tasks import AWAITING_APPROVAL

from . import schema

Which = Literal["all", "after", "others"]
LEISURE = 1
"""The `next_at` of a task that a backfill has knocked on: due at once, and after all that is live."""
_task = schema.task


@cache
def due(which: Which, planned: bool) -> Select[Any]:
    """The question of `Tasks.due`, for tasks that wanted to be looked at between two instants.

    The index `task_due` has the order in which tasks are taken: however many wait, only a page of them is read.
    """
    table = schema.task
    query = (
        select(table.c.ref, table.c.noticed, table.c.attempts, table.c.first_at)
        .where(
            table.c.connection == bindparam("p_connection"),
            table.c.flow == bindparam("p_flow"),
            (table.c.noticed > table.c.served) | (table.c.verdict.in_(AWAITING_APPROVAL) if planned else false()),
            _between(),
            ~_has_open_write(),
        )
        .limit(bindparam("p_limit", type_=BigInteger))
    )
    if which == "after":
        return query.where(table.c.ref > bindparam("p_after")).order_by(table.c.ref)
    if which == "others":
        own = bindparam("p_own", type_=schema.Words)
        query = query.where(func.substr(table.c.ref, 1, func.length(own)) != own)
    return query.order_by(table.c.next_at, table.c.first_at, table.c.ref)


@cache
def flows_due(count: int) -> CompoundSelect[Any]:
    """The question of `flows_due`: of most flows nothing is due, and so they are asked together.

    Rows of a number of a flow and whether its tasks are live, and one of -1 and the mark of what fired last. Two
    stretches of `next_at` are live, so that the index finds both however much a backfill waits.
    """
    fired = schema.fired
    mark = select(literal_column("-1").label("number"), func.coalesce(func.max(fired.c.id), 0).label("value"))
    unserved = (_task.c.connection == bindparam("p_connection")) & (_task.c.noticed > _task.c.served)
    waits = unserved & ~_has_open_write()
    at, now = _task.c.next_at, bindparam("p_now", type_=BigInteger)
    stretches = (("1", at == 0), ("1", at.between(LEISURE + 1, now)), ("0", at == LEISURE))
    return union_all(
        mark.where(fired.c.connection == bindparam("p_connection")),
        *(
            select(literal_column(str(number)), literal_column(live)).where(
                exists().where(waits, stretch, _task.c.flow == bindparam(f"p_flow_{number}"))
            )
            for number in range(count)
            for live, stretch in stretches
        ),
    )


def _between() -> Any:
    return _task.c.next_at.between(bindparam("p_from", type_=BigInteger), bindparam("p_now", type_=BigInteger))


def _has_open_write() -> Exists:
    w, t = schema.write, schema.task
    return exists().where(
        w.c.connection == t.c.connection, w.c.flow == t.c.flow, w.c.source == t.c.ref, w.c.state == "open"
    )
