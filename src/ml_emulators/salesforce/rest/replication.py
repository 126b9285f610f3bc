"""`/updated` and `/deleted` (salesforce reference 2.7)."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from itertools import islice

from ml_emulators.salesforce import times
from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Grave

_MOST = 600_000
_UPDATED_DAYS = 30
_DELETED_DAYS = 15
_MINUTE = timedelta(minutes=1)


def _wrong(message: str) -> ApiError:
    return ApiError("INVALID_REPLICATION_DATE", message)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _bound(call: Call, name: str) -> datetime:
    text = call.params.get(name)
    instant = times.parse_instant(text.replace(" ", "+")) if text else None
    if instant is None:
        raise _wrong(f"{name} is missing or not a date and time: {text or ''}")
    return _minute(instant)


def _window(call: Call, days: int) -> tuple[datetime, datetime]:
    """Start and end, cut to the minute."""
    start, end = _bound(call, "start"), _bound(call, "end")
    if start >= end:
        raise _wrong("startDate must chronologically precede endDate by at least one minute")
    if start < _minute(call.world.clock.now()) - timedelta(days=days):
        raise _wrong(f"startDate cannot be more than {days} days ago")
    return start, end


def _covered(call: Call, end: datetime) -> str:
    return times.stamp(min(end, _minute(call.world.clock.now())) - _MINUTE)


def _check_count(count: int) -> None:
    if count > _MOST:
        raise ApiError("EXCEEDED_ID_LIMIT", "too many ids in the window: ask for a shorter one")


def _when(grave: Grave) -> str:
    return grave.when


def updated(call: Call, kind: SObject) -> Answer:
    """`/updated`: ids by SystemModstamp in start <= t < end, whole minutes. Raises for a bad window (2.7)."""
    call.only("GET")
    start, end = _window(call, _UPDATED_DAYS)
    stamps = call.world.state.tables[kind.name].stamps
    low, high = times.stamp(start), times.stamp(end)
    _check_count(stamps.count(low, high))
    ids = [record_id for bucket in stamps.buckets(low, high) for record_id in bucket]
    return Answer(200, {"ids": ids, "latestDateCovered": _covered(call, end)})


def deleted(call: Call, kind: SObject) -> Answer:
    """`/deleted`: what went in the window and did not come back, as far as the log still goes (reference 2.7)."""
    call.only("GET")
    start, end = _window(call, _DELETED_DAYS)
    low, high = times.stamp(start), times.stamp(end)
    table = call.world.state.tables[kind.name]
    kept = call.world.earliest_delete(kind)
    first = bisect_left(table.graves, max(low, kept), key=_when)
    last = bisect_left(table.graves, high, key=_when)
    dug = islice(table.graves, first, max(first, last))
    deletions = {grave.id: grave.when for grave in dug if grave.id not in table.live}
    _check_count(len(deletions))
    body = {
        "deletedRecords": [{"id": record_id, "deletedDate": when} for record_id, when in deletions.items()],
        "earliestDateAvailable": kept,
        "latestDateCovered": _covered(call, end),
    }
    return Answer(200, body)
