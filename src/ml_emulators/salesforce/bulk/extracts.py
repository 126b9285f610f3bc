"""Query jobs: what they refuse, and a query's rows as CSV (salesforce reference 4.4)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from ml_emulators.salesforce.query import run
from ml_emulators.salesforce.query.parse import parse
from ml_emulators.salesforce.query.scope import Scope, find_kind
from ml_emulators.salesforce.query.tree import Call, Path, Query

from ..errors import ApiError
from ..numbers import on_wire
from ..world import Actor, World
from .jobs import Job, Outcome
from .sheets import line


def _refused(what: str) -> ApiError:
    return ApiError("FUNCTIONALITY_NOT_ENABLED", f"{what} is not supported in Bulk Query")


def check(world: World, actor: Actor, text: str, version: str) -> tuple[str, list[tuple[str, ...]]]:
    """The object a query reads and the path of each column. Raises `ApiError` for what a job may not ask."""
    query = parse(text)
    kind = find_kind(world, actor, text, query.source, query.place)
    if query.group:
        raise _refused("GROUP BY")
    if query.offset:
        raise _refused("OFFSET")
    scope = Scope(world, actor, text, kind, query.alias, version)
    return kind.name, [_path(scope, item.what) for item in query.items]


def _path(scope: Scope, what: Path | Call | Query) -> tuple[str, ...]:
    if isinstance(what, Query):
        raise _refused("A nested query")
    if isinstance(what, Call):
        raise _refused(f"The function {what.function}")
    column = scope.column(what)
    if column.field.type == "address":
        raise _refused("Selecting compound data")
    return (*(str(step.relationship) for step in column.steps), column.field.name)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        value = on_wire(value)
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)


def _reader(world: World, kind: str, path: tuple[str, ...]) -> Callable[[dict[str, Any]], str]:
    """How a column is read from a row as the API shows it. Instants end in `Z` here."""
    here = world.schema.objects[kind]
    for name in path[:-1]:
        here = world.schema.objects[here.parents[name.lower()].refers_to[0]]
    is_instant = here.by_name[path[-1]].type == "datetime"

    def read(row: dict[str, Any]) -> str:
        value: Any = row
        for name in path:
            value = None if value is None else value[name]
        text = _cell(value)
        return text.replace("+0000", "Z") if is_instant else text

    return read


def extract(world: World, job: Job) -> Outcome:
    """Run the query of a job as it is due. Raises `ApiError` when the org has changed so that it cannot run."""
    kind, paths = check(world, job.actor, job.query, job.version)
    result = run(world, job.actor, job.query, job.version, deleted=job.operation == "queryAll")
    readers = [_reader(world, kind, path) for path in paths]
    shape = (job.delimiter, job.line_end)
    shown = (result.show(row) for row in result.rows)
    lines = tuple(line([read(row) for read in readers], *shape) for row in shown)
    return Outcome(len(lines), header=line([".".join(path) for path in paths], *shape), lines=lines)
