"""`/query?...&columns=true`: what the columns of a query are, and no records (salesforce reference, added 2026-11-30).

Values of `apexType` are from memory.
"""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.schema.model import NUMBERS, TEXTS
from ml_emulators.salesforce.world import Actor, World

from .groups import is_aggregate
from .parse import parse
from .rows import Selection, child_scope
from .scope import Scope, find_kind
from .tree import Call, Query, malformed

_APEX = {
    **dict.fromkeys(TEXTS, "String"),
    **dict.fromkeys(NUMBERS, "Double"),
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "date": "Date",
    "datetime": "Datetime",
}
Column = dict[str, Any]


def columns(world: World, actor: Actor, text: str, version: str) -> dict[str, Any]:
    """Raises `ApiError` for what the query itself would be refused for."""
    query = parse(text)
    kind = find_kind(world, actor, text, query.source, query.place)
    scope = Scope(world, actor, text, kind, query.alias, version)
    shown = _columns(scope, query)
    return {
        "columnMetadata": shown,
        "entityName": kind.name,
        "groupBy": is_aggregate(query) and bool(query.group),
        "idSelected": any(column["columnName"] == "Id" for column in shown),
        "keyPrefix": kind.prefix,
    }


def _columns(scope: Scope, query: Query) -> list[Column]:
    shown: dict[str, Column] = {}
    unnamed = 0
    for item in query.items if is_aggregate(query) else Selection(scope, _no_rows).expanded(query):
        if isinstance(item.what, Query):
            inner, back = child_scope(scope, item.what)
            name = str(back.children)
            shown[name] = _column(name, joined=_columns(inner, item.what))
        elif isinstance(item.what, Call):
            name = item.alias or f"expr{unnamed}"
            unnamed += not item.alias
            shown[name] = _aggregate(scope, name, item.what)
        else:
            scope.field(item.what)
            _add(scope.kind, shown, scope.names(item.what), scope)
    return list(shown.values())


def _no_rows(_scope: Scope, _query: Query) -> Any:
    raise malformed("the columns of a query have no rows")


def _aggregate(scope: Scope, name: str, call: Call) -> Column:
    field = scope.field(call.path) if call.path is not None else None
    counted = field is None or call.function.startswith("COUNT")
    return _column(name) | {
        "aggregate": True,
        "apexType": "Integer" if counted or field is None else _APEX.get(field.type),
        "displayName": call.text,
        "numberType": counted or (field is not None and field.type in NUMBERS | {"int"}),
    }


def _add(kind: SObject, shown: dict[str, Column], names: tuple[str, ...], scope: Scope) -> None:
    """A field, or a parent with its fields in `joinColumns`."""
    if len(names) == 1:
        field = kind.by_lower[names[0].lower()]
        shown[field.name] = _of_field(field)
        return
    step = kind.parents[names[0].lower()]
    name = str(step.relationship)
    parent = shown.setdefault(name, _column(name, key=step.name))
    below = {column["columnName"]: column for column in parent["joinColumns"]}
    _add(scope.world.schema.objects[step.refers_to[0]], below, names[1:], scope)
    parent["joinColumns"] = list(below.values())


def _of_field(field: Field) -> Column:
    return _column(field.name) | {
        "apexType": _APEX.get(field.type),
        "booleanType": field.type == "boolean",
        "custom": field.custom,
        "insertable": field.createable,
        "numberType": field.type in NUMBERS or field.type == "int",
        "textType": field.type in TEXTS,
        "updatable": field.updateable,
    }


def _column(name: str, *, key: str | None = None, joined: list[Column] | None = None) -> Column:
    return {
        "aggregate": False,
        "apexType": None,
        "booleanType": False,
        "columnName": name,
        "custom": False,
        "displayName": name,
        "foreignKeyName": key,
        "insertable": False,
        "joinColumns": joined or [],
        "numberType": False,
        "textType": False,
        "updatable": False,
    }
