"""Salesforce records as the flows see them: the vendor's field names, exact decimals, nested parents and child lists.

An `SObject` is made from the wire by `decode`, or in a test from plain values:
`SObject("Order", "801...", {"Status": "Activated", "Account": SObject("Account", "001...", {"Name": "Acme"})})`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.refs import Json, Ref
from ml_connector.systems.wire import UNREAD

from .fields import known_names

SYSTEM = "salesforce"

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_READ_AGAIN = "Nothing was changed by it; the record is read again. If it stays, report it with the name of the field."


class SObject(msgspec.Struct, frozen=True):
    """One record. `id` has 18 characters (blank for a parent that was read without its id).

    `fields` holds, by vendor name: text, `Decimal` for every number, `bool`, `None`, an `SObject` for a parent,
    a tuple of `SObject` for a child list. Days and instants stay text; `day` and `instant` read them. What stands there
    for a number that cannot be read is for comparing only; whoever asks for it by name gets an error.
    """

    kind: str
    id: str
    fields: Mapping[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The value of a field, a parent, or a child list.

        `None` for a field that ml-connector asks for but the org does not show (docs/salesforce-fields.md);
        `KeyError` for a name that is in no list of fields, because that is a slip of the pen.
        Raises `BadAnswer` for a number that cannot be read exactly.
        """
        if name in self.fields:
            return self._readable(name)
        if name in known_names(self.kind):
            return None
        raise KeyError(f"{self.kind}.{name}")

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field, or `default` where the record does not have it. Raises `BadAnswer` as above."""
        return self._readable(name) if name in self.fields else default

    def children(self, name: str) -> list[SObject]:
        """The records of a child list (`OrderItems`, `Contacts`); empty when there are none. Raises `BadAnswer`."""
        listed = self[name] or ()
        if not isinstance(listed, tuple) or not all(isinstance(child, SObject) for child in listed):
            raise self._unreadable(name, "a list of records")
        return list(listed)

    def text(self, name: str) -> str:
        """A text field, blank for an empty one."""
        value = self[name]
        return "" if value is None else str(value)

    def amount(self, name: str) -> Decimal | None:
        """A number, in the record's currency where it is money. Raises `BadAnswer` if it is none."""
        value = self[name]
        if value is None or isinstance(value, Decimal):
            return value
        raise self._unreadable(name, "a number")

    def day(self, name: str) -> date | None:
        """An accounting day, without a zone. Raises `BadAnswer` if it is none."""
        value = self[name]
        if value is None or type(value) is date:
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self._unreadable(name, "a day") from None

    def instant(self, name: str) -> datetime | None:
        """An aware UTC instant. Raises `BadAnswer` if it is none."""
        value = self[name]
        if value is None:
            return None
        try:
            return instant(value)
        except (TypeError, ValueError):
            raise self._unreadable(name, "an instant") from None

    def merged(self, changes: Mapping[str, Any]) -> SObject:
        """This record with some fields replaced (vendor names; numbers become `Decimal`)."""
        return SObject(self.kind, self.id, {**self.fields, **{k: _value(v) for k, v in changes.items()}})

    @property
    def ref(self) -> Ref:
        """The record's name in our words."""
        return Ref(SYSTEM, self.kind, self.id)

    @property
    def version(self) -> str:
        """The newest `SystemModstamp` of the record and its child lists; blank if none was read.

        Children count because a change of an order's line need not touch the order itself.
        """
        stamps = [self.fields.get("SystemModstamp")]
        for value in self.fields.values():
            if isinstance(value, tuple):
                stamps += [child.version for child in value if isinstance(child, SObject)]
        return max((stamp for stamp in stamps if isinstance(stamp, str)), default="")

    def leaf(self, path: str) -> Any:
        """The value under `Name` or `Parent.Name` as it came, also one that cannot be read; None for none."""
        parent, dot, field = path.partition(".")
        inner = self.fields.get(parent)
        return (inner.fields.get(field) if isinstance(inner, SObject) else None) if dot else inner

    def _readable(self, name: str) -> Any:
        value = self.fields[name]
        if value is UNREAD:
            raise self._unreadable(name, "a number that can be read exactly")
        return value

    def _unreadable(self, name: str, what: str) -> BadAnswer:
        return BadAnswer(f"Field {name} of {self.ref} is not {what}.", _READ_AGAIN)


def instant(text: str) -> datetime:
    """Read `2026-01-05T12:00:00.000+0000` into an aware UTC instant. Raises `ValueError` or `TypeError`."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not MINYEAR < at.year < MAXYEAR:
        raise ValueError("an instant without a zone, or at the end of time")
    return at.astimezone(UTC)


def long_id(text: str) -> str:
    """The 18-character form of an id (salesforce reference 2.1). Raises `WrongUse` for what is no id."""
    if not _ID.fullmatch(text):
        raise WrongUse("A Salesforce id has 15 or 18 letters and digits.", "Copy the id from the record's address.")
    if len(text) == 18:
        return text
    return text + "".join(_suffix_char(text[start : start + 5]) for start in (0, 5, 10))


def sound_id(text: str, prefix: str = "") -> str:
    """The 18-character form of what may be an id: right in length, letters, suffix and `prefix`; else empty.

    What people typed or a program found in a text is no id because it looks like one, and Salesforce refuses the whole
    question with MALFORMED_ID for one that is none.
    """
    if not _ID.fullmatch(text) or not text.startswith(prefix):
        return ""
    sound = long_id(text[:15])
    return sound if text in (sound, text[:15]) else ""


def _suffix_char(block: str) -> str:
    return _SUFFIX[sum(1 << place for place, char in enumerate(block) if "A" <= char <= "Z")]


def decode(wire: Json, kind: str = "") -> SObject:
    """A record from the decoded JSON of an answer. `kind` is used where the answer does not name it.

    Raises `BadAnswer` if the record has no usable form. Unknown fields are kept.
    """
    if not isinstance(wire, Mapping):
        raise BadAnswer("Salesforce answered something that is no record.", _READ_AGAIN)
    attributes = wire.get("attributes")
    named, url = _attributes(attributes)
    fields = {name: _value(value) for name, value in wire.items() if name != "attributes"}
    return SObject(named or kind, _own_id(wire.get("Id"), url), fields)


def _attributes(attributes: Any) -> tuple[str, str]:
    if not isinstance(attributes, Mapping):
        return "", ""
    named, url = attributes.get("type"), attributes.get("url")
    return (named if isinstance(named, str) else ""), (url if isinstance(url, str) else "")


def _own_id(given: Any, url: str) -> str:
    """The id from the `Id` field, else from the address of the record (parents are read without `Id`)."""
    if given is None:
        given = url.rpartition("/")[2]
        return long_id(given) if _ID.fullmatch(given) else ""
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise BadAnswer("Salesforce answered a record whose id is none.", _READ_AGAIN)
    return long_id(given)


def _value(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str | Decimal | SObject):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        raise BadAnswer("A number came as binary floating point.", "Report this: amounts must be read as decimals.")
    if isinstance(value, Mapping):
        return _nested(value)
    return tuple(_value(item) for item in value) if isinstance(value, Sequence) else value


def _nested(value: Mapping[str, Any]) -> Any:
    """A child list, a parent, or a compound value such as an address (kept as it is)."""
    rows = value.get("records")
    if isinstance(rows, Sequence) and not isinstance(rows, str):
        return tuple(decode(row) for row in rows)
    return decode(dict(value)) if "attributes" in value else dict(value)
