"""A hole in the continuity is read again: what changed since it began is listed, and knocked on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml_connector.model.continuity import BEGINNING, Cause, Hole
from ml_connector.model.refs import Change

from .corridor import Connection, Runtime
from .intake import DELETIONS_MISSING, SKEW, ask_comparison, claim_of, compared_kinds, receive_all


def to_mend(runtime: Runtime, system: str, holes: Sequence[Hole]) -> list[Hole]:
    """Those of the open holes of a system that a list of what changed closes.

    What is refused is asked for by each sweep. What is committed late is listed late: a hole that ended a moment ago
    waits.
    """
    over = runtime.clock.now() - SKEW
    return [
        hole
        for hole in holes
        if hole.source == system
        and not hole.cause.compares
        and hole.cause is not Cause.REFUSED
        and hole.span.until <= over
    ]


async def mend(connection: Connection, runtime: Runtime, system: str, holes: Sequence[Hole]) -> int:
    """List what changed since the first of these holes began, in one sweep, and take it in. Tasks knocked on.

    What that covers, the ledger closes. Where the list cannot show deletions any more, the holes stay open for a
    comparison of ids, which is asked for. Pages are taken in as they come, so a long list needs no more memory; after
    a crash it begins anew, and knocks twice do no harm.
    """
    kinds = list(dict.fromkeys(hole.kind for hole in holes))
    since, now = min(hole.span.since for hole in holes), runtime.clock.now()
    asked = runtime.systems[system]
    position = None if since == BEGINNING else asked.position_at(kinds, since)
    source, count = f"mend:{system}", 0

    def take(changes: Sequence[Change]) -> None:
        nonlocal count
        count += receive_all(connection, runtime, system, changes, source)

    found = await asked.sweep(kinds, position, now, take)
    ask_comparison(connection, runtime, system, found.truncated, DELETIONS_MISSING, known=True)
    claim = claim_of(runtime, system, found, "backfill", again=position is None)
    return count + receive_all(connection, runtime, system, found.changes, source, claim=claim)


def ask_for_what_is_missing(
    connection: Connection, runtime: Runtime, system: str, holes: Sequence[Hole], now: datetime
) -> list[str]:
    """Ask for the comparison of the kinds that have an open hole for it and none under way. Which kinds."""
    possible = compared_kinds(runtime, system)
    waiting = [hole.kind for hole in holes if hole.source == system and hole.cause.compares and hole.kind in possible]
    if not waiting:
        return []
    rows = {row.kind for row in runtime.store.comparisons(connection.id) if row.system == system and row.why}
    kinds = [kind for kind in dict.fromkeys(waiting) if kind not in rows]
    if kinds:
        runtime.store.ask_comparison(connection.id, system, kinds, DELETIONS_MISSING, now)
    return kinds
