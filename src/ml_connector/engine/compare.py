"""A comparison of all ids: what we know and the vendor lists no more, and what it lists and we never heard of.

Feeds of changes tell of deletions for some weeks only, and a full one hides some. What a comparison finds is knocked on
as if somebody had told of it: the record is read fresh, and what it means is decided as ever.

Where too much of a kind has vanished at once, it was most probably not deleted: rights were lost, or another company
or org is connected. Nothing of it is knocked on until it is listed again or a person says that it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from ml_connector.model.plans import Flow
from ml_connector.model.reading import IdPage, id_key
from ml_connector.model.refs import Change, Ref
from ml_connector.store.rows import Comparison

from .corridor import Connection, Runtime
from .intake import FULL_FEED, compared_kinds, listed_kinds, listeners, receive

PAGE = 1_000
"""Ids of ours that are in memory at once, beside a page of the vendor's."""
ACTOR = "ml-connector"
NO_HURRY = timedelta(days=1)
"""How long a comparison may wait that is most probably not needed."""
EVERY = timedelta(days=7)
"""How often ids are compared without a special reason (accounting-rules section H: weekly)."""


def due(connection: Connection, runtime: Runtime, systems: Sequence[str]) -> list[Comparison]:
    """The comparisons of these systems that are to be done now, or are under way.

    The comparison of a kind whose last one is a week old, or that never had one, is asked for first.
    """
    rows = runtime.store.comparisons(connection.id)
    asked = [ask_weekly(connection, runtime, system, rows) for system in systems]
    if any(asked):
        rows = runtime.store.comparisons(connection.id)
    return pending(runtime, systems, rows)


def ask_weekly(connection: Connection, runtime: Runtime, system: str, rows: Sequence[Comparison]) -> bool:
    """Ask for the comparison of the kinds whose last one is a week old, or that never had one; whether there are any.

    `rows` are all comparisons as they are on record.
    """
    now = runtime.clock.now()
    known = {row.kind: row for row in rows if row.system == system}
    old = [
        kind
        for kind in compared_kinds(runtime, system)
        if kind not in known or (not known[kind].why and not _lasts(known[kind], now))
    ]
    runtime.store.ask_comparison(connection.id, system, old, "weekly", now)
    return bool(old)


def _lasts(row: Comparison, now: datetime) -> bool:
    """What is withheld is looked for again every day: access may be back."""
    # An end that lies ahead was written by a clock that was.
    return row.ended_at is not None and abs(now - row.ended_at) < (NO_HURRY if row.withheld else EVERY)


def pending(runtime: Runtime, systems: Sequence[str], rows: Sequence[Comparison]) -> list[Comparison]:
    """Those of these comparisons that are to be done now, or are under way, system after system."""
    now = runtime.clock.now()
    waiting = [row for row in rows if row.why and not _may_wait(row, now)]
    kinds = {system: compared_kinds(runtime, system) for system in systems}
    return [row for system in systems for row in waiting if row.system == system and row.kind in kinds[system]]


def _may_wait(row: Comparison, now: datetime) -> bool:
    """A full feed has most probably hidden nothing, and a busy day is no time to pay for finding out."""
    begun = row.begun_at if row.why == FULL_FEED and not row.position else None
    return begun is not None and abs(now - begun) < NO_HURRY


def estimate(connection: Connection, runtime: Runtime, system: str) -> int:
    """About how many calls the comparison of all kinds of a system takes: one for a thousand ids that we know."""
    return sum(
        runtime.store.count_known(connection.id, listening(runtime, system, kind), (system, kind)) // PAGE + 1
        for kind in compared_kinds(runtime, system)
    )


def listening(runtime: Runtime, system: str, kind: str) -> list[str]:
    """The flows that have tasks of this kind."""
    return [flow.name for flow in runtime.flows if flow.system == system and kind in (flow.kind, *flow.changed_by)]


def _told(runtime: Runtime, ref: Ref) -> list[Flow]:
    """The flows that a deletion is told to: where none listens to changes, those that the record is linked by."""
    swept = [flow for flow in runtime.flows if flow.swept]
    return swept if listeners(swept, ref) else list(runtime.flows)


async def compare(connection: Connection, runtime: Runtime, row: Comparison) -> None:
    """Go on with a comparison to its end, a page of the vendor's ids at a time.

    A page is on record after its knocks are: after a crash it is compared again. Ends where another process goes on.
    Raises what a read raises; it goes on from the same page later.
    """
    while row.why:
        await runtime.crash("compare")
        begun = row.begun_at if row.position else runtime.clock.now()
        page = await runtime.systems[row.system].ids(row.kind, row.position)
        after = _hidden(row) if page is None else _compared(connection, runtime, row, page)
        after = msgspec.structs.replace(after, begun_at=begun)
        if page is not None and not after.why:
            after = _ended(connection, runtime, after)
        listed = [] if page is None else _refs(row, page.ids)
        if not runtime.store.went_on(connection.id, row, after, listed, ACTOR, runtime.clock.now()):
            return
        row = after


def _hidden(row: Comparison) -> Comparison:
    """A kind that is not shown: nothing can be said of its records."""
    return msgspec.structs.replace(row, why="", position="")


def _compared(connection: Connection, runtime: Runtime, row: Comparison, page: IdPage) -> Comparison:
    """Compare a page with what we know between the last id of the page before and its own last; after the last page
    there is nothing."""
    beyond = id_key(row.after, page.order)
    # QuickBooks pages by place, so a page repeats some of the one before: they are compared already.
    listed = [record_id for record_id in page.ids if not row.after or id_key(record_id, page.order) > beyond]
    last = listed[-1] if listed else row.after
    upto = last if page.position else None
    unknown, vanished, count = dict.fromkeys(listed), 0, 0
    there = frozenset(listed)
    flows = listening(runtime, row.system, row.kind)
    if upto != row.after or not row.after:
        pages = runtime.store.known_ids(connection.id, flows, (row.system, row.kind), page.order, row.after, upto, PAGE)
        for known in pages:
            vanished += _keep_missed(connection, runtime, _refs(row, [key for key in known if key not in there]))
            count += len(known)
            for key in known:
                unknown.pop(key, None)
    if row.kind not in listed_kinds(runtime, row.system):
        unknown = {}  # only linked: a record that nothing is linked to is none of ours
    _knock(connection, runtime, _refs(row, unknown))
    return msgspec.structs.replace(
        row,
        why=row.why if page.position else "",
        position=page.position,
        after=last if page.position else "",
        reads=row.reads + 1,
        listed=row.listed + len(listed),
        vanished=row.vanished + vanished,
        unknown=row.unknown + len(unknown),
        known=row.known + count,
    )


def _refs(row: Comparison, ids: Iterable[str]) -> list[Ref]:
    return [Ref(row.system, row.kind, record_id) for record_id in ids]


def _keep_missed(connection: Connection, runtime: Runtime, refs: Sequence[Ref]) -> int:
    """Keep those that were not missed before. How many."""
    new = runtime.store.not_missed_yet(connection.id, refs)
    runtime.store.keep_missed(connection.id, new, runtime.clock.now())
    return len(new)


def _ended(connection: Connection, runtime: Runtime, row: Comparison) -> Comparison:
    """Knock on what has vanished, unless it is too much to be believed."""
    kind, rules = (row.system, row.kind), connection.settings
    missing = runtime.store.count_untold(connection.id, kind)
    before = runtime.store.count_missed(connection.id, kind) - missing
    there = row.known - before
    if missing > rules.vanish_limit and missing * 100 > rules.vanish_limit_pct * there:
        return msgspec.structs.replace(row, withheld=missing, known=there)
    tell_vanished(connection, runtime, row)
    return msgspec.structs.replace(row, withheld=0, known=there)


def tell_vanished(connection: Connection, runtime: Runtime, row: Comparison) -> None:
    """Knock on all of a kind that were missed and not knocked on, a page at a time."""
    while refs := runtime.store.untold(connection.id, (row.system, row.kind), PAGE):
        _knock(connection, runtime, refs)
        runtime.store.tell(connection.id, refs)


def _knock(connection: Connection, runtime: Runtime, refs: Sequence[Ref]) -> None:
    now = runtime.clock.now()
    if refs:
        receive(
            connection,
            runtime,
            [Change(ref, "compare", now) for ref in refs],
            f"compare:{refs[0].system}",
            flows=_told(runtime, refs[0]),
        )
