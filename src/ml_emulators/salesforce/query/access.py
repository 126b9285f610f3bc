"""Which records a condition can only be true of: read from indexes, so that a query need not scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Table

from .conditions import Conditions, constants
from .scope import Column, Scope
from .tree import AllOf, AnyOf, Compare, Condition, Literal, Member, Path, Query

_LAST = "9999"
_STAMPED = frozenset({"SystemModstamp", "LastModifiedDate", "CreatedDate"})


@dataclass(frozen=True)
class Candidates:
    """A superset of the matching live ids; `count` is an upper bound."""

    count: int
    ids: Callable[[], Iterable[str]]


class Access:
    """Finds candidates for one query."""

    def __init__(self, scope: Scope, conditions: Conditions, subquery: Callable[[Query], set[Any]]) -> None:
        self._scope = scope
        self._conditions = conditions
        self._subquery = subquery
        self._table = scope.table(scope.kind.name)

    def candidates(self, condition: Condition | None) -> Candidates | None:
        """None when no index helps."""
        if isinstance(condition, AllOf):
            indexed = [chosen for part in condition.parts if (chosen := self.candidates(part))]
            return min(indexed, key=lambda chosen: chosen.count) if indexed else None
        if isinstance(condition, AnyOf):
            return _union([self.candidates(part) for part in condition.parts])
        if isinstance(condition, Compare) and condition.operator == "=":
            return self._equal(condition.operand, (condition.value,))
        if isinstance(condition, Member) and not condition.negated:
            return self._member(condition)
        return None

    def _column(self, operand: Any) -> Column | None:
        return self._scope.column(operand) if isinstance(operand, Path) else None

    def _equal(self, operand: Any, values: tuple[Literal, ...]) -> Candidates | None:
        column = self._column(operand)
        if column is None or column.field.type in ("date", "datetime") or not _usable(column):
            return None
        return self._by_keys(column, constants(column.field, values))

    def _member(self, condition: Member) -> Candidates | None:
        if not isinstance(condition.options, Query):
            return self._equal(condition.operand, condition.options)
        column = self._column(condition.operand)
        if column is None or not _usable(column):
            return None
        return self._by_keys(column, frozenset(self._subquery(condition.options)))

    def _by_keys(self, column: Column, keys: frozenset[Any]) -> Candidates | None:
        if None in keys:
            return None
        ids_here: Iterable[str] = _ids_of(self._scope.table(column.kind.name), column.field, keys)
        for step, kind in zip(reversed(column.steps), self._kinds(column), strict=True):
            index = self._scope.table(kind.name).indexes[step.name]
            ids_here = list(chain.from_iterable(index.find(parent) for parent in ids_here))
        ids = sorted(set(ids_here))
        return Candidates(len(ids), lambda: ids)

    def _kinds(self, column: Column) -> list[SObject]:
        """The objects that hold the steps, nearest to the field first."""
        above = [self._scope.world.schema.objects[step.refers_to[0]] for step in column.steps[:-1]]
        return [self._scope.kind, *above][len(column.steps) - 1 :: -1] if column.steps else []

    def stamp_range(self, condition: Condition | None) -> tuple[str, str]:
        """Bounds of SystemModstamp that the condition implies. The other stamps are never later than it."""
        if not isinstance(condition, AllOf | AnyOf):
            return self._stamp_bounds(condition)
        bounds = [self.stamp_range(part) for part in condition.parts]
        lows, highs = [low for low, _ in bounds], [high for _, high in bounds]
        return (max(lows), min(highs)) if isinstance(condition, AllOf) else (min(lows), max(highs))

    def _stamp_bounds(self, part: Condition | None) -> tuple[str, str]:
        if not isinstance(part, Compare) or not isinstance(part.operand, Path):
            return "", _LAST
        column = self._scope.column(part.operand)
        if column.steps or column.field.name not in _STAMPED:
            return "", _LAST
        low, high = self._bounds(column.field, part)
        return low, high if column.field.name == "SystemModstamp" else _LAST

    def _bounds(self, field: Field, part: Compare) -> tuple[str, str]:
        span = self._conditions.span(field, part.value)
        if span is None:
            value = next(iter(constants(field, (part.value,))))
            if value is None:
                return "", _LAST
            span = (value, value + "~")
        start, end = span
        low = start if part.operator in ("=", ">=") else end if part.operator == ">" else ""
        high = end if part.operator in ("=", "<=") else start if part.operator == "<" else _LAST
        return low, high

    def by_stamp(self, low: str, high: str, *, newest_first: bool = False) -> Iterator[list[str]]:
        """Ids in the order of SystemModstamp, one list a second."""
        for bucket in self._table.stamps.buckets(low, high, newest_first=newest_first):
            yield list(bucket)

    def id_range(self, condition: Condition | None) -> tuple[str | None, str | None]:
        """Bounds (inclusive) of Id that the condition implies."""
        low: str | None = None
        high: str | None = None
        parts = condition.parts if isinstance(condition, AllOf) else (condition,)
        for part in parts:
            if not isinstance(part, Compare):
                continue
            column = self._column(part.operand)
            if column is None or column.steps or column.field.type != "id":
                continue
            value = next(iter(constants(column.field, (part.value,))))
            if part.operator in (">", ">=") and value is not None:
                low = max(low or value, value)
            if part.operator in ("<", "<=") and value is not None:
                high = min(high or value, value)
        return low, high


def _usable(column: Column) -> bool:
    """Whether every step and the field have an index."""
    indexed = {field.name for field in column.kind.indexed} | {"Id"}
    steps = all(len(step.refers_to) == 1 and "User" not in step.refers_to for step in column.steps)
    return steps and column.field.name in indexed


def _ids_of(table: Table, field: Field, keys: frozenset[Any]) -> list[str]:
    if field.type == "id":
        return [key for key in keys if key in table.live]
    index = table.indexes[field.name]
    return list(chain.from_iterable(index.find(key) for key in keys))


def _union(parts: list[Candidates | None]) -> Candidates | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    count = sum(part.count for part in known)
    return Candidates(count, lambda: sorted(set(chain.from_iterable(part.ids() for part in known))))
