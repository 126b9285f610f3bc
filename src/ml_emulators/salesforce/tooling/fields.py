"""CustomField by the Tooling API: a field that is made is there at once, and hidden until somebody grants it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import rights
from ..errors import ApiError, integrity
from ..schema import Field, Schema, SObject
from ..schema.tooling import CUSTOM_FIELD
from ..state import Record
from ..world import Actor, World
from .metadata import check_name, field_of, metadata_of, type_of, wrong
from .storage import drop_rows, made_id, put_row

_MOST_KEYS = 25


class Fields:
    """The custom fields of the org."""

    kind = CUSTOM_FIELD.name

    def __init__(self, org: World, tooling: World) -> None:
        self._org = org
        self._tooling = tooling
        self._seen: Schema | None = None

    def sync(self) -> None:
        """A row for each custom field of the org; nothing to do while the schema is the same."""
        if self._seen is self._org.schema:
            return
        self._seen = self._org.schema
        rows = {f"{kind.name}.{field.name}": _field_row(kind, field) for kind, field in self._all()}
        for name, row in rows.items():
            put_row(self._tooling, CUSTOM_FIELD, name, row)
        drop_rows(self._tooling, CUSTOM_FIELD, set(rows))

    def forget(self) -> None:
        """The rows were replaced: look at them anew."""
        self._seen = None

    def _all(self) -> Iterator[tuple[SObject, Field]]:
        whole = self._org.state.schema.objects
        for name in self._org.schema.objects:
            for custom in whole[name].customs:
                yield whole[name], custom

    def create(self, body: dict[str, Any], actor: Actor) -> str:
        """Add a field `Object.Name__c`. Raises for a bad name or metadata, DUPLICATE_DEVELOPER_NAME (reference 8.3)."""
        kind, name = self._named(body.get("FullName"))
        check_name(name)
        if kind.find(name) is not None:
            text = f"There is already a field named {name.removesuffix('__c')} on {kind.name}."
            raise ApiError("DUPLICATE_DEVELOPER_NAME", text, fields=["DeveloperName"])
        field = field_of(name, body.get("Metadata"), self._org.schema)
        self._change(kind, (*kind.customs, field))
        if not self._org.switches.new_fields_visible:
            rights.hide_from_all(self._org, kind.name, name)
        return made_id(CUSTOM_FIELD, f"{kind.name}.{name}")

    def _named(self, full_name: Any) -> tuple[SObject, str]:
        if not isinstance(full_name, str) or not full_name:
            raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName]", fields=["FullName"])
        owner, _, name = full_name.partition(".")
        kind = self._org.schema.find(owner)
        if kind is None or not kind.createable:
            raise wrong(f"Entity Enumeration Or ID: bad value for restricted picklist field: {owner}", "TableEnumOrId")
        return self._org.state.schema.objects[kind.name], name

    def update(self, row: Record, body: dict[str, Any]) -> None:
        """Change a field but for its type. Raises when it would be unique and values are not."""
        kind, name = self._named(row["FullName"])
        old = kind.by_name[name]
        field = field_of(name, body.get("Metadata"), self._org.schema)
        if type_of(field) != type_of(old):
            raise wrong("the type of a field is not changed here", "type")
        if field.unique and not old.unique:
            self._check_unique(kind, field)
        self._change(kind, tuple(field if custom.name == name else custom for custom in kind.customs))

    def _check_unique(self, kind: SObject, field: Field) -> None:
        values = [row.get(field.name) for row in self._org.state.tables[kind.name].live.values()]
        keys = [field.index_key(value) for value in values if value is not None]
        if len(set(keys)) < len(keys):
            raise wrong("The field cannot be unique: records share values", "unique")

    def delete(self, row: Record) -> None:
        """Remove a field with its values and all that was granted of it."""
        kind, name = self._named(row["FullName"])
        self._change(kind, tuple(custom for custom in kind.customs if custom.name != name))
        rights.forget_field(self._org, kind.name, name)

    def _change(self, kind: SObject, customs: tuple[Field, ...]) -> None:
        set_customs(self._org, kind, customs)


def set_customs(org: World, kind: SObject, customs: tuple[Field, ...]) -> None:
    """Give an object of the org these custom fields; the values of those that are gone go with them."""
    if sum(custom.external_id for custom in customs) > _MOST_KEYS:
        raise integrity(f"{kind.name} can have at most {_MOST_KEYS} external ids", "ExternalId")
    made, known = org.set_up
    org.customise((made, tuple(sorted({**dict(known), kind.name: customs}.items()))))


def _field_row(kind: SObject, field: Field) -> Record:
    return {
        "TableEnumOrId": kind.name,
        "DeveloperName": field.name.removesuffix("__c"),
        "Length": field.length or None,
        "Precision": field.precision or None,
        "Scale": field.scale if field.precision else None,
        "Metadata": metadata_of(field),
    }
