"""Change data capture (reference section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from heapq import merge
from itertools import islice
from typing import Any

from msgspec import Raw

from ml_emulators.quickbooks import faults, trouble
from ml_emulators.quickbooks.kinds.catalog import KINDS, PATHS
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.state import Table
from ml_emulators.quickbooks.values import Json, Unreadable, from_seconds, parse_instant, seconds, stamp

MOST = 1000
_UPDATED = 1


def capture(context: WriteContext, entities: str, since_text: str) -> Json:
    """All changes since an instant: one element for each entity asked, `{}` where nothing changed. Raises Fault."""
    names = [name for part in entities.split(",") if (name := part.strip())]
    kinds = list(dict.fromkeys(map(_kind, names)))
    if not kinds:
        raise faults.Fault([faults.missing("entities")])
    since = _since(context, since_text)
    parts: list[Json] = []
    left = MOST
    for kind in kinds:
        part = _changes(context, kind, since, left if context.switches.cdc_cap == "total" else MOST)
        left -= part.get("maxResults", 0)
        parts.append(part)
    return {"CDCResponse": [{"QueryResponse": parts}]}


def _kind(name: str) -> str:
    kind = PATHS.get(name.lower())
    if kind is None or not KINDS[kind].in_cdc:
        raise faults.unsupported(f"cdc for {name[:60]}")
    return kind


def _since(context: WriteContext, text: str) -> int:
    try:
        since = parse_instant(text)
    except Unreadable as error:
        raise faults.Fault([faults.illegal_date("changedSince", text)]) from error
    if since < context.now - timedelta(days=context.switches.cdc_days):
        detail = f"changedSince: a date older than {context.switches.cdc_days} days is not supported"
        raise faults.Fault([faults.unsupported_value("changedSince", detail)])
    return seconds(since)


def _changes(context: WriteContext, kind: str, since: int, most: int) -> Json:
    table = context.books.tables[kind]
    events = list(islice(merge(_living(table, since), _deleted(table, since)), most))
    if not events:
        return {}
    alive = [place for place, (_, _, gone) in enumerate(events) if not gone]
    flipped = (
        set(alive[len(alive) - context.switches.false_cdc_deletes :]) if context.switches.false_cdc_deletes else set()
    )
    whole = {
        number: Raw(context.books.wire(kind, number))
        for place, (_, number, gone) in enumerate(events)
        if not gone and place not in flipped
    }
    trouble.refuse_unanswerable(context, kind, whole, whole.values())
    shown: list[Any] = [whole[number] if number in whole else _stub(number, at) for at, number, _ in events]
    return {kind: shown, "startPosition": 1, "maxResults": len(shown)}


def _living(table: Table, since: int) -> Iterator[tuple[int, int, bool]]:
    index = table.all[_UPDATED]
    for number in index.ids(index.rank((since, -1))):
        yield table.rows[number].keys[_UPDATED], number, False


def _deleted(table: Table, since: int) -> Iterator[tuple[int, int, bool]]:
    for number in table.gone_order.ids(table.gone_order.rank((since, -1))):
        yield table.gone[number], number, True


def _stub(number: int, at: int) -> Json:
    updated = {"LastUpdatedTime": stamp(from_seconds(at))}
    return {"domain": "QBO", "status": "Deleted", "Id": str(number), "MetaData": updated}
