"""SELECT as a function from a record to the object in the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.meetings import meet
from ml_emulators.salesforce.numbers import is_plain, on_wire
from ml_emulators.salesforce.rights import sees_object
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record

from .scope import Scope, compound_getter
from .tree import Call, Item, Path, Query, malformed

_MOST_PARENTS = 55
_LEVELS = 5
_LEVELS_FROM = 58
Row = dict[str, Any]
Render = Callable[[Record], Row]
Children = Callable[[Scope, Query], Callable[[Record], Any]]


def address_of(version: str, kind: str) -> str:
    """The address of an object's records, to which an id is added: `attributes.url`, `Location`."""
    return f"/services/data/{version}/sobjects/{kind}/"


def plain_render(scope: Scope, kind: SObject, fields: Iterable[Field]) -> Render:
    """Rows of plain fields; the quick way that most queries take."""
    base = address_of(scope.version, kind.name)
    chosen = list(fields)
    names = [field.name for field in chosen if field.type != "address"]
    compounds = [(field.name, compound_getter(kind, field)) for field in chosen if field.type == "address"]
    numbers = [name for name in names if name in kind.numbers] if scope.world.switches.java_numbers else []
    ordered = [field.name for field in chosen]

    def render(record: Record) -> Row:
        row: Row = {"attributes": {"type": kind.name, "url": base + record["Id"]}}
        get = record.get
        for name in ordered:
            row[name] = get(name)
        for name in numbers:
            value = row[name]
            if value is not None and not is_plain(value):
                row[name] = on_wire(value)
        for name, getter in compounds:
            row[name] = getter(record) if getter else None
        return row

    return render


class Selection:
    """Compiles the items of a plain (not aggregate) SELECT."""

    def __init__(self, scope: Scope, children: Children) -> None:
        self._scope = scope
        self._children = children

    def render(self, query: Query) -> Render:
        """How a record is shown. Raises for unknown fields, a field twice, more than 55 parents (reference 2.4)."""
        items = self.expanded(query)
        paths = [self._scope.names(item.what) for item in items if isinstance(item.what, Path)]
        for item in items:
            if isinstance(item.what, Path):
                self._scope.field(item.what)
        _refuse_twice(paths, self._scope.kind)
        if len({path[:end] for path in map(_lower, paths) for end in range(1, len(path))}) > _MOST_PARENTS:
            raise malformed("a query may follow at most 55 relationships to parents")
        subqueries = [item.what for item in items if isinstance(item.what, Query)]
        render = self._tree(self._scope.kind, paths)
        return self._with_children(render, subqueries) if subqueries else render

    def expanded(self, query: Query) -> list[Item]:
        """The items, with `FIELDS(...)` and functions replaced by the fields that they stand for."""
        items: list[Item] = []
        for item in query.items:
            if isinstance(item.what, Call):
                items += self._called(item.what, query)
            else:
                items.append(item)
        return items

    def _called(self, call: Call, query: Query) -> list[Item]:
        if call.function == "TOLABEL" and call.path is not None:
            return [Item(call.path)]
        if call.function != "FIELDS" or call.path is None:
            raise malformed(f"unexpected function: {call.function}")
        which = call.path.text.upper()
        if which not in ("ALL", "STANDARD", "CUSTOM"):
            raise malformed(f"FIELDS({call.path.text}) is not known")
        if which != "STANDARD" and not (query.limit is not None and query.limit <= 200):
            raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        kind = self._scope.kind
        fields = [field for field in kind.fields if self._scope.visible(kind, field)]
        return [Item(Path((field.name,))) for field in fields if which == "ALL" or field.custom == (which == "CUSTOM")]

    def _tree(self, kind: SObject, paths: list[tuple[str, ...]]) -> Render:
        """Rows of `kind`; longer paths become nested rows at the place of their first mention."""
        own = [field for path in paths if len(path) == 1 and (field := kind.find(path[0]))]
        plain = plain_render(self._scope, kind, own)
        if len(own) == len(paths):
            return plain
        order = list(dict.fromkeys(self._key(kind, path) for path in paths))
        nested = {key: self._nested(kind, paths, key) for key in order if key.lower() in kind.parents}

        def render(record: Record) -> Row:
            flat = plain(record)
            row: Row = {"attributes": flat["attributes"]}
            for key in order:
                row[key] = nested[key](record) if key in nested else flat[key]
            return row

        return render

    def _key(self, kind: SObject, path: tuple[str, ...]) -> str:
        if len(path) == 1:
            field = kind.find(path[0])
            return field.name if field else path[0]
        return str(kind.parents[path[0].lower()].relationship)

    def _nested(self, kind: SObject, paths: list[tuple[str, ...]], key: str) -> Callable[[Record], Row | None]:
        step = kind.parents[key.lower()]
        inner = [path[1:] for path in paths if len(path) > 1 and path[0].lower() == key.lower()]
        target = self._scope.world.schema.objects[step.refers_to[0]]
        render = self._tree(target, inner)

        def parent(record: Record) -> Row | None:
            above = self._scope.parent(record, step)
            if above is None:
                return None
            meet(self._scope.world, "list", target.name, above)
            return render(above)

        return parent

    def _with_children(self, render: Render, subqueries: list[Query]) -> Render:
        below = []
        for query in subqueries:
            child = self._scope.world.schema.child_named(self._scope.kind.name, query.source)
            if child is None:
                text = f"Didn't understand relationship '{query.source}' in FROM part of query call."
                raise ApiError("INVALID_TYPE", text)
            below.append((str(child.field.children), self._children(self._scope, query)))

        def complete(record: Record) -> Row:
            row = render(record)
            for name, children in below:
                row[name] = children(record)
            return row

        return complete


def _lower(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in path)


def _refuse_twice(paths: list[tuple[str, ...]], kind: SObject) -> None:
    seen: set[tuple[str, ...]] = set()
    for path in paths:
        lower = tuple(name.lower() for name in path)
        if lower in seen:
            raise ApiError("INVALID_FIELD", f"duplicate field selected: {'.'.join(path)} on {kind.name}")
        seen.add(lower)


def child_scope(scope: Scope, query: Query) -> tuple[Scope, Field]:
    """The scope of a child subquery, and the reference that points back."""
    child = scope.world.schema.child_named(scope.kind.name, query.source)
    if child is None or not sees_object(scope.world, scope.actor, child.kind):
        raise ApiError("INVALID_TYPE", f"Didn't understand relationship '{query.source}'")
    _check_level(scope)
    kind = scope.world.schema.objects[child.kind]
    return replace(scope, kind=kind, alias=query.alias, level=scope.level + 1), child.field


def _check_level(scope: Scope) -> None:
    """One level of children before v58, five in all from then on (salesforce reference 2.4)."""
    number = int(scope.version[1:].split(".")[0])
    if scope.level >= (_LEVELS if number >= _LEVELS_FROM else 2):
        raise malformed("the child query is nested too deeply")
