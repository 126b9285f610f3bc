"""From a change to the bytes of its event: one raw Avro datum (salesforce reference 5.6)."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import fastavro
import msgspec

from ml_emulators.salesforce import times

from .bitmaps import bitmaps
from .changes import Change
from .schemas import EventSchema, Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=256)
def _parsed(json: str) -> Any:
    return fastavro.parse_schema(msgspec.json.decode(json))


def _whole_seconds(moment: datetime) -> int:
    """Milliseconds since 1970, cut to whole seconds."""
    return (moment - _EPOCH) // _SECOND * 1000


def _day(text: str) -> int:
    return (date.fromisoformat(text) - _EPOCH.date()).days * 86_400_000


def _double(value: Decimal) -> Any:
    return value.__float__()


def _moment(text: str) -> int:
    return (times.moment(text) - _EPOCH) // timedelta(milliseconds=1)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "date": _day,
    "datetime": _moment,
    **dict.fromkeys(("double", "currency", "percent"), _double),
}


def _maps(places: Mapping[str, Place], names: Iterable[str]) -> list[str]:
    top: list[int] = []
    nested: dict[int, list[int]] = {}
    for name in names:
        place = places[name]
        if place.part:
            nested.setdefault(place.index, []).append(place.nested)
        else:
            top.append(place.index)
    return bitmaps(top, nested)


def _body_of(schema: EventSchema, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the event; nulls are left to the schema's defaults."""
    body: dict[str, Any] = {}
    for name, value in values.items():
        place = schema.places.get(name)
        if place is None or value is None:
            continue
        convert = _CONVERT.get(place.type)
        shown = convert(value) if convert else value
        if place.part:
            body.setdefault(place.name, {})[place.part] = shown
        else:
            body[place.name] = shown
    return body


def _header(schema: EventSchema, change: Change, seen: Callable[[Iterable[str]], list[str]]) -> dict[str, Any]:
    return {
        "entityName": change.kind,
        "recordIds": list(change.ids),
        "changeType": change.change_type,
        "changeOrigin": change.origin,
        "transactionKey": change.transaction_key,
        "sequenceNumber": change.sequence,
        "commitTimestamp": _whole_seconds(change.instant),
        "commitNumber": change.commit_number,
        "commitUser": change.user_id,
        "nulledFields": _maps(schema.places, seen(change.nulled)),
        "diffFields": _maps(schema.places, seen(change.diffs)),
        "changedFields": _maps(schema.places, seen(change.changed)),
    }


def encode(
    schema: EventSchema,
    change: Change,
    *,
    hidden: Collection[str] = (),
    enriched: Mapping[str, Any] | None = None,
    hidden_bits: bool = False,
) -> bytes:
    """The payload of the change for a user who may not read the `hidden` fields."""

    def seen(names: Iterable[str]) -> list[str]:
        return [name for name in names if name in schema.places and (hidden_bits or name not in hidden)]

    values = {name: value for name, value in {**(enriched or {}), **change.values}.items() if name not in hidden}
    datum = {"ChangeEventHeader": _header(schema, change, seen), **_body_of(schema, values)}
    return datum_bytes(schema, datum)


def datum_bytes(schema: EventSchema, datum: Mapping[str, Any]) -> bytes:
    """A datum by the schemaless writer. Raises `ValueError` when it does not fit."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(schema.json), datum)
    return out.getvalue()
