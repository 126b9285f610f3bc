"""Arrivals become tasks: one transaction, then the source may be told that we have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from ml_connector.model.continuity import BEGINNING, Cause, Claim
from ml_connector.model.errors import BadAnswer, NoPosition, ReadRefused
from ml_connector.model.plans import Flow
from ml_connector.model.reading import Sweep
from ml_connector.model.refs import Change, Ref
from ml_connector.model.triggers import TriggerKind, table_changed, table_of

from .corridor import Connection, Runtime

SKEW = timedelta(minutes=5)
"""How far a vendor's clock may be from ours, and how late what it has committed may show."""

DELETIONS_MISSING = "deletions may be missing"
FULL_FEED = "a feed was full to the last place"
"""Why ids are compared."""
POLL = timedelta(hours=1)
"""How often a table that no sweep watches is read because somebody waits for it to change."""


def listeners(flows: Iterable[Flow], ref: Ref) -> list[tuple[str, Ref]]:
    """The tasks that a knock on `ref` raises: flows of its kind, and flows whose records it may change."""
    return [
        (flow.name, ref)
        for flow in flows
        if flow.system == ref.system and (flow.kind == ref.kind or ref.kind in flow.changed_by)
    ]


def receive(
    connection: Connection,
    runtime: Runtime,
    changes: Sequence[Change],
    source: str,
    *,
    position: str | None = None,
    covered_to: datetime | None = None,
    claim: Claim | None = None,
    flows: Sequence[Flow] | None = None,
    arrivals: Sequence[int] = (),
) -> int:
    """Store knocks, and with them the position of their source and what it claims to have covered.

    Returns the number of tasks knocked on.

    Without `flows`, those are knocked on that a change alone means something to. `arrivals` are the numbers of those
    that the knocks stood in until now.

    A thousand knocks on one record are one task. Raises `StateTrouble`; then nothing may be acknowledged.
    """
    listening = [flow for flow in runtime.flows if flow.swept] if flows is None else flows
    knocks = [knock for change in changes for knock in listeners(listening, change.ref)]
    return runtime.store.intake(
        connection.id,
        knocks,
        source,
        runtime.clock.now(),
        changed=[change.ref for change in changes],
        position=position,
        covered_to=covered_to,
        claim=claim,
        arrivals=arrivals,
    )


def swept_kinds(runtime: Runtime, system: str) -> list[str]:
    """The kinds of a system whose changes matter to some flow, or to a reference table."""
    flows = [flow for flow in runtime.flows if flow.system == system and flow.swept]
    kinds = [kind for flow in flows for kind in (flow.kind, *flow.changed_by)]
    return list(dict.fromkeys([*kinds, *runtime.systems[system].reference_kinds]))


def listed_kinds(runtime: Runtime, system: str) -> list[str]:
    """The kinds that a backfill lists: those that flows are about."""
    own = [flow.kind for flow in runtime.flows if flow.system == system and flow.swept]
    return list(dict.fromkeys(own))


def compared_kinds(runtime: Runtime, system: str) -> list[str]:
    """The kinds of which a deleted record means something: those that are listed, and those that are only linked."""
    own = [flow.kind for flow in runtime.flows if flow.system == system]
    return list(dict.fromkeys([*listed_kinds(runtime, system), *own]))


async def sweep(connection: Connection, runtime: Runtime, system: str, only: Sequence[str] | None = None) -> int:
    """Ask a system what changed since the last sweep (everything, the first time) and take it in.

    `only` names the kinds that are asked for, where the others are told of otherwise; not the first time.
    A position that is none was not put there by us: everything is asked for, and an event says why.

    Raises `ReadRefused` where the vendor refuses to list some kinds, after all others were taken in. Those are asked
    for from where they stood.
    """
    try:
        return await _sweep(connection, runtime, system, only)
    except NoPosition as error:
        source, now = f"sweep:{system}", runtime.clock.now()
        runtime.store.forget_position(connection.id, source)
        runtime.store.audit(connection.id, "ml-connector", "position", source, {"what": error.sentence}, now)
        return await _sweep(connection, runtime, system, only)


async def _sweep(connection: Connection, runtime: Runtime, system: str, only: Sequence[str] | None) -> int:
    source = f"sweep:{system}"
    position = runtime.store.position(connection.id, source)
    if position is None:
        return await _list_all(connection, runtime, system)
    names = runtime.systems[system].reference_kinds
    changed: set[str] = set()
    count = 0

    def take(changes: Sequence[Change]) -> None:
        nonlocal count
        changed.update(names[change.ref.kind] for change in changes if change.ref.kind in names)
        count += receive(connection, runtime, changes, source)

    kinds = list(only or swept_kinds(runtime, system))
    found = await runtime.systems[system].sweep(kinds, position, runtime.clock.now(), take)
    # Before the position: after a crash between the two the comparison is merely asked for again.
    ask_comparison(connection, runtime, system, found.truncated, DELETIONS_MISSING, known=True)
    ask_comparison(connection, runtime, system, found.doubtful, FULL_FEED, known=True)
    changed.update(names[change.ref.kind] for change in found.changes if change.ref.kind in names)
    # One position for all kinds stays where it was, or a refused kind would never be asked for from there.
    moves = found.by_kind or not found.refused
    position_now = found.position if moves else None
    claim = claim_of(runtime, system, found, "sweep")
    count += receive(
        connection, runtime, found.changes, source, position=position_now, covered_to=found.covered_to, claim=claim
    )
    for name in sorted(changed):
        runtime.tables.forget(system, name)
    if changed:
        triggers = [table_changed(name, system) for name in sorted(changed)]
        runtime.store.fire(connection.id, triggers, runtime.clock.now())
    if found.refused:
        raise _unlisted(system, found.refused)
    return count


def receive_all(
    connection: Connection,
    runtime: Runtime,
    system: str,
    changes: Sequence[Change],
    source: str,
    *,
    position: str | None = None,
    covered_to: datetime | None = None,
    claim: Claim | None = None,
) -> int:
    """As `receive`, and what waits for a reference table is looked at again where one of its kinds has changed.

    First: after a crash between the two, the same changes come again.
    """
    names = runtime.systems[system].reference_kinds
    tables = sorted({names[change.ref.kind] for change in changes if change.ref.kind in names})
    for name in tables:
        runtime.tables.forget(system, name)
    if tables:
        runtime.store.fire(connection.id, [table_changed(name, system) for name in tables], runtime.clock.now())
    return receive(connection, runtime, changes, source, position=position, covered_to=covered_to, claim=claim)


async def _list_all(connection: Connection, runtime: Runtime, system: str) -> int:
    """List everything there is, page by page, and go on where an earlier list was cut off.

    Where all was listed before, its knocks are served when nothing else is due. The first time they are like others:
    orders rest on customers and invoices that were served before them. What changed since the first of its pages, the
    next sweep asks for.
    """
    listed_before = any(row.ended_at for row in runtime.store.backfills(connection.id) if row.system == system)
    knocks = f"{'backfill' if listed_before else 'sweep'}:{system}"
    kinds, now = listed_kinds(runtime, system), runtime.clock.now()
    # Tasks that are there already: a list says what is there, and not what was deleted of what we know.
    known = _knows(connection, runtime, system)
    rows = runtime.store.begin_backfill(connection.id, system, kinds, now)
    resume = {row.kind: (row.listed, row.last) for row in rows if row.listed}
    count = 0

    def take(changes: Sequence[Change]) -> None:
        nonlocal count
        count += receive(connection, runtime, changes, knocks)
        runtime.store.backfill_went_on(connection.id, system, _counted(changes))

    # A system is told only of what there is to go on from.
    found = await runtime.systems[system].sweep(kinds, None, now, take, **({"resume": resume} if resume else {}))
    take(found.changes)
    for name in set(runtime.systems[system].reference_kinds.values()):
        runtime.tables.forget(system, name)
    listed = [kind for kind in kinds if kind not in found.refused]
    ask_comparison(connection, runtime, system, listed, DELETIONS_MISSING, known=known)
    if resume:  # what was listed by an earlier process is known as of then
        begun = min(row.begun_at for row in rows) - SKEW
        position = runtime.systems[system].position_at(list(found.asked), begun)
        found = msgspec.structs.replace(found, position=position, covered_to=begun)
    claim = claim_of(runtime, system, found, "backfill", again=known)
    moves = found.by_kind or not found.refused
    position_now = found.position if moves else None
    source, upto = f"sweep:{system}", found.covered_to
    receive(connection, runtime, [], source, position=position_now, covered_to=upto, claim=claim)
    if moves:
        runtime.store.end_backfill(connection.id, system, runtime.clock.now())
    if found.refused:
        raise _unlisted(system, found.refused)
    return count


def _counted(changes: Sequence[Change]) -> dict[str, tuple[int, str]]:
    """How many of each kind, and the id of the last."""
    counts: dict[str, tuple[int, str]] = {}
    for change in changes:
        counts[change.ref.kind] = (counts.get(change.ref.kind, (0, ""))[0] + 1, change.ref.id)
    return counts


def claim_of(runtime: Runtime, system: str, found: Sweep, way: str, *, again: bool = False) -> Claim:
    """What a sweep says of the continuity of its source.

    Deletions are missed of kinds only that ids are compared of. `again`: it has listed everything there is of what we
    knew already, so that what was deleted since the last reading is not in it.
    """
    whole = [kind for kind, since in found.asked.items() if since == BEGINNING] if again else []
    missing = dict.fromkeys(found.doubtful, Cause.FULL_FEED) | dict.fromkeys(found.truncated, Cause.DELETIONS)
    missing |= dict.fromkeys(whole, Cause.DELETIONS)
    compared = compared_kinds(runtime, system)
    missing = {kind: cause for kind, cause in missing.items() if kind in compared}
    missing |= dict.fromkeys(found.refused, Cause.REFUSED)
    return Claim(source=system, since=found.asked, upto=found.covered_to, way=way, missing=missing)


def _unlisted(system: str, refused: Mapping[str, ReadRefused]) -> ReadRefused:
    first = next(iter(refused.values()))
    error = ReadRefused(
        f"{system} does not list what changed of: {', '.join(refused)} ({first.code}).",
        "Everything else goes on; it is asked again from where it stood. " + first.remedy,
        first.code,
        first.words,
        tuple(refused),
    )
    error.system = system
    return error


async def forget_changed(runtime: Runtime, tables: Mapping[str, tuple[str, ...]]) -> None:
    """Let go of those of these reference tables that may have changed since they were read.

    `tables` are the beginnings of their names by system. A system is asked once what changed; of tables whose changes
    it does not tell, and of those that it cannot be sure about, none is kept. Nothing is taken in: the next sweep
    hears of the same changes.
    """
    for name, beginnings in tables.items():
        system = runtime.systems[name]
        kept = runtime.tables.kept(name, beginnings)
        told = {kind: table for kind, table in system.reference_kinds.items() if table in kept}
        changed = set(kept) - set(told.values())
        if told:
            oldest = min(kept[table] for table in told.values())
            heard = await system.sweep(list(told), system.position_at(list(told), oldest), runtime.clock.now())
            changed |= {told[kind] for kind in (*heard.truncated, *heard.doubtful, *heard.refused) if kind in told}
            changed |= {
                table
                for change in heard.changes
                if (table := told.get(change.ref.kind)) and change.at >= kept[table] - SKEW
            }
        for table in changed:
            runtime.tables.forget(name, table)


def _knows(connection: Connection, runtime: Runtime, system: str) -> bool:
    counts = runtime.store.counts(connection.id)
    return any(counts.get(flow.name) for flow in runtime.flows if flow.system == system)


def ask_comparison(
    connection: Connection, runtime: Runtime, system: str, kinds: Sequence[str], why: str, *, known: bool
) -> None:
    """Deletions of these kinds may be missing. Of what was listed whole while we knew nothing, none can be.

    One full feed after the other does not put off the comparison that the first has asked for.
    """
    mine = [kind for kind in kinds if kind in listed_kinds(runtime, system)]
    if mine and len(mine) == len(
        listed_kinds(runtime, system)
    ):  # no feed tells of the others: now they are as doubtful
        mine = compared_kinds(runtime, system)
    if mine and why == FULL_FEED:
        rows = runtime.store.comparisons(connection.id)
        asked = {row.kind for row in rows if row.system == system and row.why and not row.position}
        mine = [kind for kind in mine if kind not in asked]
    if not mine:
        return
    now = runtime.clock.now()
    if known:
        runtime.store.ask_comparison(connection.id, system, mine, why, now)
    else:
        runtime.store.count_as_compared(connection.id, system, mine, now)


async def release(
    connection: Connection, runtime: Runtime, may_ask: Callable[[str], bool] = lambda system: True
) -> None:
    """Knock on what waits for a day that has come, and for reference tables that no sweep watches.

    Those are read once an hour and compared with what they were: a right that is given back, a stage that is added.
    Tables of a system that may not be asked now are left for the next time.
    """
    now = runtime.clock.now()
    runtime.store.days_due(connection.id, connection.today(now), now)
    versions = {}
    for trigger in runtime.store.awaited(connection.id, TriggerKind.REFERENCE):
        name, table = table_of(trigger)
        system = runtime.systems[name]
        if table not in system.reference_kinds.values() and may_ask(name):
            with suppress(BadAnswer):  # who asks for it is held with the reason; here it has not changed
                versions[name, table] = (await runtime.tables.get(system, table, now, good_for=POLL)).version
    changed = runtime.store.changed_references(connection.id, versions)
    runtime.store.fire(connection.id, [table_changed(name, system) for system, name in changed], now)
