"""Names of a query: which field a path means, and how its value is read from a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record, Table
from ml_emulators.salesforce.world import Actor, World

from .tree import Path, at

Getter = Callable[[Any], Any]
_ADVICE = (
    "If you are attempting to use a custom {what}, be sure to append the '__c' after the {where} name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
_DEEPEST = 5


@dataclass(frozen=True)
class Column:
    """A field reached over `steps` of references. `value` reads it from a record of the first kind."""

    steps: tuple[Field, ...]
    kind: SObject
    field: Field
    value: Getter


@dataclass(frozen=True)
class Scope:
    """Who asks, in which text, about which object."""

    world: World
    actor: Actor
    text: str
    kind: SObject
    alias: str | None
    version: str
    deleted: bool = False
    level: int = 1

    def visible(self, kind: SObject, field: Field) -> bool:
        """Whether the user who asks may read the field."""
        return field.name not in rights.hidden_of(self.world, self.actor, kind.name)

    def table(self, kind: str) -> Table:
        """The records of an object, whatever the user may see."""
        return self.world.state.tables[kind]

    def find_kind(self, name: str, place: tuple[int, int]) -> SObject:
        """The object of that name, if this user may see it."""
        return find_kind(self.world, self.actor, self.text, name, place)

    def names(self, path: Path) -> tuple[str, ...]:
        """The path without the alias of the object itself."""
        names = path.names
        if len(names) == 1:
            return names
        own = {self.kind.name.lower(), (self.alias or "").lower()}
        if names[0].lower() in own and not self._is_step(names[0]):
            return names[1:]
        return names

    def _is_step(self, name: str) -> bool:
        return name.lower() in self.kind.parents and name.lower() != (self.alias or "").lower()

    def field(self, path: Path) -> Field:
        """The field that the path means, where it need not be read. Raises INVALID_FIELD."""
        if len(path.names) == 1:
            field = self.kind.find(path.names[0])
            if field is not None and self.visible(self.kind, field):
                return field
        return self.column(path).field

    def column(self, path: Path) -> Column:
        """What the path means. Raises INVALID_FIELD."""
        *parents, last = self.names(path)
        kind, steps = self.kind, []
        for name in parents:
            step = kind.parents.get(name.lower())
            if step is None or not self.visible(kind, step) or not self._sees(step):
                text = f"Didn't understand relationship '{name}' in field path."
                raise self._invalid(path, text)
            steps.append(step)
            kind = self.world.schema.objects[step.refers_to[0]]
        if len(steps) > _DEEPEST:
            raise self._invalid(path, "SOQL relationships may go at most 5 levels up.")
        field = kind.find(last)
        if field is None or not self.visible(kind, field):
            advice = _ADVICE.format(what="field", where="custom field")
            raise self._invalid(path, f"No such column '{last}' on entity '{kind.name}'. {advice}")
        return Column(tuple(steps), kind, field, self._getter(tuple(steps), kind, field))

    def _sees(self, step: Field) -> bool:
        return rights.sees_object(self.world, self.actor, step.refers_to[0])

    def _invalid(self, path: Path, message: str) -> ApiError:
        return ApiError("INVALID_FIELD", at(self.text[:500], path.line, path.column, message))

    def _getter(self, steps: tuple[Field, ...], kind: SObject, field: Field) -> Getter:
        name = field.name
        plain: Getter = compound_getter(kind, field) or (lambda record: record.get(name))
        if not steps:
            return plain
        return lambda record: _climb(self, record, steps, plain)

    def parent(self, record: Record, step: Field) -> Record | None:
        """The record a reference points at, deleted or not."""
        target = record.get(step.name)
        if target is None:
            return None
        kind = self.world.schema.by_prefix.get(target[:3])
        return self.world.state.tables[kind.name].get(target) if kind else None


def _climb(scope: Scope, record: Record | None, steps: tuple[Field, ...], last: Getter) -> Any:
    for step in steps:
        record = scope.parent(record, step) if record is not None else None
    return None if record is None else last(record)


def compound_getter(kind: SObject, field: Field) -> Getter | None:
    """A compound address is shown as an object of its parts, or null when all of them are."""
    parts = kind.compounds.get(field.name)
    if parts is None:
        return None

    def whole(record: Record) -> dict[str, Any] | None:
        shown = {key: record.get(name) for key, name in parts.items()}
        return shown if any(value is not None for value in shown.values()) else None

    return whole


def find_kind(world: World, actor: Actor, text: str, name: str, place: tuple[int, int]) -> SObject:
    """The object named after FROM. Raises INVALID_TYPE."""
    kind = world.schema.find(name)
    if kind is None or not rights.sees_object(world, actor, kind.name):
        advice = _ADVICE.format(what="object", where="entity")
        message = f"sObject type '{name}' is not supported. {advice}"
        raise ApiError("INVALID_TYPE", at(text[:500], *place, message))
    return kind
