"""CustomObject by the Tooling API: an object of ones own, with a name, an owner and the fields that are added later."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ml_emulators.salesforce.rules.rule import undeletable

from ..errors import ApiError
from ..schema import Field, SObject
from ..schema.tooling import CUSTOM_OBJECT
from ..schema.words import currency_code, deleted_flag, owner, record_id, stamps, text
from ..state import Record
from ..world import Actor, World
from .channels import ChannelBook
from .metadata import wrong
from .storage import drop_rows, made_id, put_row

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c\Z")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NUMBERED = 10


class Objects:
    """The custom objects of the org."""

    kind = CUSTOM_OBJECT.name

    def __init__(self, org: World, tooling: World) -> None:
        self._org = org
        self._tooling = tooling
        self.book: ChannelBook | None = None

    def sync(self) -> None:
        """A row for each custom object of the org."""
        made, _ = self._org.set_up
        for kind in made:
            row: Record = {"DeveloperName": kind.name.removesuffix("__c"), "Metadata": _metadata_of(kind)}
            put_row(self._tooling, CUSTOM_OBJECT, kind.name, row)
        drop_rows(self._tooling, CUSTOM_OBJECT, {kind.name for kind in made})

    def create(self, body: dict[str, Any], actor: Actor) -> str:
        """Add an object `Name__c` with a name field and an owner. Raises for a bad name, DUPLICATE_DEVELOPER_NAME."""
        name = body.get("FullName")
        if not isinstance(name, str) or not _NAME.match(name) or len(name) > 43:
            raise wrong(f"the name of a custom object holds letters and digits and ends with __c: {name}", "FullName")
        if self._org.state.schema.find(name) is not None:
            text = f"There is already an object named {name}"
            raise ApiError("DUPLICATE_DEVELOPER_NAME", text, fields=["DeveloperName"])
        made, customs = self._org.set_up
        self._org.customise(((*made, _object(name, body.get("Metadata"), self._prefix())), customs))
        return made_id(CUSTOM_OBJECT, name)

    def _prefix(self) -> str:
        """`a00`, `a01`, ...: the first that is free."""
        taken = {kind.prefix for kind in self._org.state.schema.objects.values()}
        every = (f"a{first}{two}" for first in _DIGITS for two in _DIGITS)
        free = next((prefix for prefix in every if prefix not in taken), None)
        if free is None:
            raise ApiError("LIMIT_EXCEEDED", "the org can have no more custom objects", fields=())
        return free

    def update(self, row: Record, body: dict[str, Any]) -> None:
        """Another label and plural."""
        made, customs = self._org.set_up
        old = self._org.state.schema.objects[row["FullName"]]
        label, plural, _ = _words(body.get("Metadata"))
        again = tuple(replace(kind, label=label, plural=plural) if kind.name == old.name else kind for kind in made)
        self._org.customise((again, customs))

    def delete(self, row: Record) -> None:
        """With its records, its fields and its place on channels."""
        name = row["FullName"]
        if [child for child in self._org.state.schema.children(name) if child.kind != name]:
            raise undeletable(f"Fields of other objects refer to {name}")
        made, customs = self._org.set_up
        others = tuple((kind, fields) for kind, fields in customs if kind != name)
        self._org.customise((tuple(kind for kind in made if kind.name != name), others))
        for channel in list(self.book.listed()) if self.book else ():
            if self.book is not None:
                self.book.deselect(name, channel)


def _words(given: Any) -> tuple[str, str, dict[str, Any]]:
    """Label, plural and name field of `Metadata`. Raises REQUIRED_FIELD_MISSING."""
    known = given if isinstance(given, dict) else {}
    missing = [name for name in ("label", "pluralLabel") if not isinstance(known.get(name), str) or not known[name]]
    if missing:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", fields=missing)
    name_field = known.get("nameField", {"type": "Text", "label": "Name"})
    if not isinstance(name_field, dict) or name_field.get("type") not in ("Text", "AutoNumber"):
        raise wrong("the nameField of a custom object is of type Text or AutoNumber", "nameField")
    return known["label"], known["pluralLabel"], name_field


def _object(name: str, given: Any, prefix: str) -> SObject:
    label, plural, name_field = _words(given)
    numbered = name_field["type"] == "AutoNumber"
    return SObject(
        name,
        prefix,
        (
            record_id(name),
            owner("User", "Group"),
            deleted_flag(),
            _name(name_field, numbered),
            currency_code(),
            *stamps(),
        ),
        label=label,
        plural=plural,
        auto_number_width=_NUMBERED if numbered else 0,
    )


def _name(name_field: dict[str, Any], numbered: bool) -> Field:
    label = str(name_field.get("label") or "Name")
    usual = text("Name", 80, label=label, name_field=True, defaulted=True)
    if not numbered:
        return usual
    return replace(usual, createable=False, updateable=False, auto_number=True, nillable=False)


def _metadata_of(kind: SObject) -> dict[str, Any]:
    name = kind.by_name["Name"]
    name_field = {"label": name.label, "type": "AutoNumber" if name.auto_number else "Text"}
    metadata = {"label": kind.label, "pluralLabel": kind.plural, "nameField": name_field}
    return metadata | {"deploymentStatus": "Deployed", "sharingModel": "ReadWrite"}
