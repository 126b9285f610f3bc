"""The free-text fields of both vendors, found in what their emulators take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from inspect import getclosurevars
from typing import Any

import msgspec

from ml_connector.systems.quickbooks.query import KINDS as READ
from ml_connector.systems.salesforce.records import DESCRIBED
from ml_emulators.quickbooks.kinds import lines
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.fields import Reader, anything
from ml_emulators.quickbooks.kinds.schema_words import EXTRA
from ml_emulators.salesforce.schema import Schema
from ml_emulators.salesforce.schema.model import TEXTS

Json = dict[str, Any]
_NO_TEXTS = ("Id", "Type")
"""Ends of the names of fields that are texts on the wire only: ids and values of lists."""
_KEPT, _OWN = 100, 31
"""How many characters are put into properties that QuickBooks keeps as they come, and into custom fields."""


class Field(msgspec.Struct, frozen=True):
    """A free-text field: the names on the way to it, and how many characters it takes."""

    path: tuple[str, ...]
    most: int
    is_email: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def put(self, body: Json, text: str) -> Json:
        """The body with the text in this field; in each entry of a list."""
        return _put(body, self.path, text)


def _put(body: Json, path: Sequence[str], text: str) -> Json:
    name, *further = path
    if not further:
        return {**body, name: text}
    inner = body.get(name)
    if isinstance(inner, list):
        return {**body, name: [_put(entry, further, text) for entry in inner]}
    return {**body, name: _put(inner or {}, further, text)}


def quickbooks() -> Mapping[str, Sequence[Field]]:
    """By kind that ml-connector reads, all free-text fields that QuickBooks takes."""
    return {kind: (*_in_fields(KINDS[kind].fields, ()), *_further(kind)) for kind in READ if not KINDS[kind].read_only}


def _further(kind: str) -> Iterator[Field]:
    """Properties that QuickBooks keeps as they come."""
    fields = KINDS[kind].fields
    for name in EXTRA.get(kind, ()):
        if name in fields and fields[name] is anything and not name.endswith(_NO_TEXTS):
            yield Field((name,), _KEPT)


def _in_fields(fields: Mapping[str, Reader], path: tuple[str, ...]) -> Iterator[Field]:
    for name, reader in fields.items():
        yield from _in_field(name, reader, (*path, name))


def _in_field(name: str, reader: Reader, path: tuple[str, ...]) -> Iterator[Field]:
    if name == "CustomField":
        yield Field((*path, "StringValue"), _OWN)
        return
    made_by, known = reader.__qualname__.partition(".")[0], getclosurevars(reader).nonlocals
    if made_by == "text" and not name.endswith(_NO_TEXTS):
        yield Field(path, known["limit"], "Email" in "".join(path))
    elif made_by in ("group", "objects"):
        yield from _in_fields(known["fields"], path)
    elif made_by == "form_lines":
        yield from _in_fields(lines._HEAD, path)


def salesforce(schema: Schema) -> Mapping[str, Sequence[Field]]:
    """By kind that ml-connector reads or writes, all free-text fields that people may fill."""
    return {
        name: tuple(
            Field((field.name,), field.length, field.type == "email")
            for field in kind.fields
            if field.type in TEXTS and field.createable and not field.restricted and field.name != "CurrencyIsoCode"
        )
        for name in DESCRIBED
        if (kind := schema.find(name)) is not None
    }
