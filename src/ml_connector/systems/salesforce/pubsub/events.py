"""What a change event says, as far as routing needs it: its header, read with the writer's schema (reference 5.6, 6).

A payload is a raw Avro datum whose first field is the header, so the fields of the record, which may hold personal
data, are not even decoded. Only of a line of an order one is: the order that it belongs to.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import fastavro
import msgspec

from ml_connector.model.errors import BadAnswer

from ..arrivals import OWNERS

HEADER = "ChangeEventHeader"
OVERFLOW = "GAP_OVERFLOW"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIMPLE = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_ITEMS = ("int", "long", "string")
_MAPS = ("changedFields", "nulledFields", "diffFields")
_QUIET = frozenset({"LastModifiedDate", "LastModifiedById", "Latitude", "Longitude", "GeocodeAccuracy"})
"""Stamps, and what the platform adds to an address by itself: no flow reads them."""
_LONGEST = 4_000_000


class BadEvent(BadAnswer):
    """An event that cannot be read: not Avro, or not by its schema."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Salesforce sent {what} that cannot be read.", "What it may have told is read by a sweep.")


class Notice(msgspec.Struct, frozen=True):
    """The header of one change event. `ids` are as they came: 15, 18 or wildcard.

    `fields` names what has changed, `Parent.Part` for parts of a compound; None where the event does not tell. `owner`
    is the record of which the changed one is a part, blank where it is none or not named.
    """

    kind: str
    ids: tuple[str, ...]
    change: str
    origin: str
    at: datetime
    transaction: str
    fields: frozenset[str] | None = None
    owner: str = ""

    @property
    def quiet(self) -> bool:
        """Whether only stamps and co-ordinates have moved: nothing that a flow reads (reference 6.4)."""
        if self.change != "UPDATE" or not self.fields:
            return False
        return all(name.rpartition(".")[2] in _QUIET for name in self.fields)


class EventSchema:
    """The schema that an event was written with. Raises `BadEvent` where it is none of a change event."""

    def __init__(self, text: str) -> None:
        schema = _json(text)
        fields = schema.get("fields")
        if schema.get("type") != "record" or not isinstance(fields, list) or not fields:
            raise BadEvent("a schema")
        if not isinstance(fields[0], Mapping) or fields[0].get("name") != HEADER or not _header_is_plain(fields[0]):
            raise BadEvent("a schema")
        self._names = _names(fields)
        self._schema = schema
        self._prefixes: dict[str, Any] = {HEADER: self._upto(0)}

    def notice(self, payload: bytes) -> Notice:
        """Raises `BadEvent`."""
        header = _read(payload, self._prefixes[HEADER]).get(HEADER)
        if not isinstance(header, Mapping):
            raise BadEvent("an event")
        try:
            notice = msgspec.convert(_plain(header), type=_Header)
            at = _EPOCH + timedelta(milliseconds=notice.commitTimestamp)
        except (msgspec.ValidationError, OverflowError):
            raise BadEvent("an event") from None
        owner = self._owner(notice.entityName, payload)
        maps = [text for name in _MAPS for text in getattr(notice, name)]
        return Notice(
            notice.entityName,
            notice.recordIds,
            notice.changeType,
            notice.changeOrigin,
            at,
            notice.transactionKey,
            self._changed(maps),
            owner,
        )

    def _changed(self, maps: Iterable[str]) -> frozenset[str] | None:
        """The names behind bitmaps; None where there are none, or one that this schema does not explain."""
        try:
            names = frozenset(name for text in maps for name in self._named(text))
        except (ValueError, IndexError):
            return None
        return names or None

    def _named(self, text: str) -> Iterator[str]:
        parent, inner, digits = text.rpartition("-")
        if not inner:
            yield from (self._names[place][0] for place in places(digits))
        elif parent.isdecimal():
            name, parts = self._names[int(parent)]
            yield from (f"{name}.{parts[place]}" for place in places(digits))
        else:
            raise ValueError(text)

    def _owner(self, kind: str, payload: bytes) -> str:
        field = OWNERS[kind][0] if kind in OWNERS else ""
        names = [name for name, _ in self._names]
        if not field or field not in names:
            return ""
        if field not in self._prefixes:
            self._prefixes[field] = self._upto(names.index(field))
        value = _read(payload, self._prefixes[field]).get(field)
        return value if isinstance(value, str) else ""

    def _upto(self, place: int) -> Any:
        """The schema up to that field: what comes after it is not read."""
        return _parsed({**self._schema, "fields": self._schema["fields"][: place + 1]})


class _Header(msgspec.Struct, frozen=True):
    entityName: str  # noqa: N815  # as the vendor spells it
    recordIds: tuple[str, ...]  # noqa: N815
    changeType: str  # noqa: N815
    commitTimestamp: int  # noqa: N815
    changeOrigin: str = ""  # noqa: N815
    transactionKey: str = ""  # noqa: N815
    changedFields: tuple[str, ...] = ()  # noqa: N815
    nulledFields: tuple[str, ...] = ()  # noqa: N815
    diffFields: tuple[str, ...] = ()  # noqa: N815


def places(text: str) -> list[int]:
    """The places that a bitmap names: `0x06` is 1 and 2 (reference 6.3). Raises `ValueError` for what is none."""
    if not text.startswith("0x") or len(text) > 1_000:
        raise ValueError(text)
    number = int.from_bytes(bytes.fromhex(text[2:]), "big")
    return [place for place in range(number.bit_length()) if number >> place & 1]


def _json(text: str) -> dict[str, Any]:
    if len(text) > _LONGEST:
        raise BadEvent("a schema")
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise BadEvent("a schema") from None


def _header_is_plain(field: Mapping[str, Any]) -> bool:
    record = field.get("type")
    fields = record.get("fields") if isinstance(record, Mapping) else None
    return isinstance(fields, list) and all(isinstance(f, Mapping) and _is_plain(f.get("type")) for f in fields)


def _is_plain(kind: Any) -> bool:
    """Texts, numbers and lists of them only: a list of nothings would be read for ever."""
    if isinstance(kind, str):
        return kind in _SIMPLE
    if isinstance(kind, list):
        return all(_is_plain(branch) for branch in kind)
    inner = kind.get("type") if isinstance(kind, Mapping) else None
    if inner == "array":
        return kind.get("items") in _ITEMS
    return inner == "enum" or (isinstance(inner, str) and inner in _SIMPLE)


def _names(fields: Iterable[Any]) -> list[tuple[str, list[str]]]:
    """The names of the fields, each with those of its parts: a compound is defined once, then referred to by name."""
    compounds: dict[str, list[str]] = {}
    return [_named_parts(field, compounds) for field in fields]


def _named_parts(field: Any, compounds: dict[str, list[str]]) -> tuple[str, list[str]]:
    if not isinstance(field, Mapping):
        raise BadEvent("a schema")
    kind = field.get("type")
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, Mapping) and isinstance(branch.get("fields"), list):
            parts = [str(part.get("name")) for part in branch["fields"] if isinstance(part, Mapping)]
            compounds[str(branch.get("name"))] = parts
            return str(field.get("name")), parts
        if isinstance(branch, str) and branch.rpartition(".")[2] in compounds:
            return str(field.get("name")), compounds[branch.rpartition(".")[2]]
    return str(field.get("name")), []


def _parsed(schema: Mapping[str, Any]) -> Any:
    try:
        return fastavro.parse_schema(dict(schema), named_schemas={})
    except Exception:  # noqa: BLE001  # a schema may be wrong in any way; the library names none of its errors
        raise BadEvent("a schema") from None


def _read(payload: bytes, schema: Any) -> dict[str, Any]:
    try:
        datum: Any = fastavro.schemaless_reader(io.BytesIO(payload), schema, None)
    except Exception:  # noqa: BLE001  # bytes may be wrong in any way; the library names none of its errors
        raise BadEvent("an event") from None
    if not isinstance(datum, dict):
        raise BadEvent("an event")
    return datum


def _plain(header: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is null: the defaults stand for it."""
    return {name: value for name, value in header.items() if value is not None}
