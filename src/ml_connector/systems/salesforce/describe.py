"""What the org shows of an object to this user. Hidden and missing look the same (salesforce reference 2.3)."""

from __future__ import annotations

from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer


class Choice(msgspec.Struct, frozen=True):
    """One value of a picklist."""

    value: str | None = None
    active: bool = True


class Field(msgspec.Struct, frozen=True, rename="camel"):
    """One field. `scale` counts the decimals of a number; `length` the characters of a text."""

    name: str
    type: str = ""
    length: int = 0
    scale: int = 0
    case_sensitive: bool = False
    external_id: bool = False
    unique: bool = False
    createable: bool = False
    updateable: bool = False
    picklist_values: tuple[Choice, ...] = ()


class Object(msgspec.Struct, frozen=True, rename="camel"):
    """One object. Without any field it is not there, or the user has no right to it."""

    name: str
    fields: tuple[Field, ...] = ()
    createable: bool = False
    updateable: bool = False
    queryable: bool = False
    replicateable: bool = False

    @property
    def names(self) -> frozenset[str]:
        return frozenset(field.name for field in self.fields)

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def choices(self, name: str) -> list[str]:
        """The active values of a picklist, in the org's order; empty if the field is hidden."""
        field = self.field(name)
        return [choice.value for choice in field.picklist_values if choice.active and choice.value] if field else []


def read_object(body: Any) -> Object:
    """An `Object` from the decoded JSON of a describe. Raises `BadAnswer`; unknown keys are ignored."""
    try:
        return msgspec.convert(body, Object)
    except msgspec.ValidationError:
        raise BadAnswer(
            "Salesforce described an object in a form that cannot be read.", "Nothing was changed; it is tried again."
        ) from None
