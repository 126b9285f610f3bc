"""Running a query over the indexes of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from msgspec import Raw

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks.kinds.queryable import NOTHING, QueryField
from ml_emulators.quickbooks.ordered import Ordered
from ml_emulators.quickbooks.query.parse import Condition, Query
from ml_emulators.quickbooks.state import Books, Row, Table
from ml_emulators.quickbooks.values import Json, fold

_LAST = 10**19
_HIGHEST = chr(0x10FFFF)
_EMPTY = ("", NOTHING)


def select(books: Books, query: Query, *, exact_case: bool = False) -> list[int]:
    """The ids of one page of hits, in order."""
    hits, passed = _hits(books, query, exact_case)
    first = query.start - 1 - passed
    return list(islice(hits, first, first + query.limit))


def count(books: Books, query: Query, *, exact_case: bool = False) -> int:
    """How many records `SELECT COUNT(*)` counts; from the indexes alone where they decide."""
    table = books.tables[query.kind.name]
    conditions, indexes = _scope(table, query.conditions)
    if not conditions:
        return len(indexes[0])
    known = conditions[0].field
    place = table.kind.place.get(known.name)
    if place is not None and not exact_case:
        first, stop, covered = _bounds(indexes[place], known, conditions)
        if len(covered) == len(conditions):
            return stop - first
    return sum(1 for _ in _filtered(books, table, conditions, _candidates(table, conditions, indexes)[0], exact_case))


def _hits(books: Books, query: Query, exact_case: bool) -> tuple[Iterator[int], int]:
    """The hits in order, and how many of the first ones were passed over without looking."""
    table = books.tables[query.kind.name]
    conditions, indexes = _scope(table, query.conditions)
    order = query.order or (_default_order(table),)
    in_order = _in_order(table, conditions, indexes, order)
    if in_order is not None:
        return _skipping(books, table, query, conditions, in_order, exact_case)
    hits = list(_filtered(books, table, conditions, _candidates(table, conditions, indexes)[0], exact_case))
    for known, down in reversed(order):
        hits.sort(key=_sort_key(books, table, known), reverse=down)
    return iter(hits), 0


def _skipping(
    books: Books, table: Table, query: Query, conditions: list[Condition], in_order: _Stretch, exact_case: bool
) -> tuple[Iterator[int], int]:
    """Walk an index; where no condition is left, the rows before the page are passed over without looking."""
    left = [condition for condition in conditions if condition not in in_order.covered]
    if left or exact_case:
        return _filtered(books, table, conditions if exact_case else left, in_order.ids(0), exact_case), 0
    passed = min(query.start - 1, in_order.stop - in_order.first)
    return in_order.ids(passed), passed


class _Stretch:
    """A stretch of one index, read upward or downward, and the conditions that it fulfils by itself."""

    def __init__(self, index: Ordered, first: int, stop: int, down: bool, covered: list[Condition]) -> None:
        self.index, self.first, self.stop, self.down, self.covered = index, first, max(first, stop), down, covered

    def ids(self, skip: int) -> Iterator[int]:
        if self.down:
            return self.index.ids(self.first, self.stop - skip, reverse=True)
        return self.index.ids(self.first + skip, self.stop)


def _scope(table: Table, conditions: tuple[Condition, ...]) -> tuple[list[Condition], list[Ordered]]:
    """Conditions on `Active` choose the indexes; the others remain."""
    left = [condition for condition in conditions if condition.field.name != "Active"]
    states = {True, False}
    for condition in conditions:
        if condition.field.name == "Active" and condition.operator in ("=", "IN"):
            states &= set(condition.keys)
        elif condition.field.name == "Active":
            left.append(condition)
    if states == {True}:
        return left, table.live
    return left if states == {True, False} else [*left, *_actives(conditions)], table.all


def _actives(conditions: tuple[Condition, ...]) -> list[Condition]:
    return [condition for condition in conditions if condition.field.name == "Active"]


def _default_order(table: Table) -> tuple[QueryField, bool]:
    name, down = table.kind.default_sort
    return table.kind.query_fields[name.casefold()], down


def _in_order(
    table: Table, conditions: list[Condition], indexes: list[Ordered], order: tuple[tuple[QueryField, bool], ...]
) -> _Stretch | None:
    """The stretch that yields rows already in order, if one key decides and no condition picks few rows."""
    known, down = order[0]
    place = table.kind.place.get(known.name)
    single = len(order) == 1 or known.name == "Id"
    if (
        place is None
        or not single
        or any(
            condition.operator in ("=", "IN") and condition.field.name in table.kind.place for condition in conditions
        )
    ):
        return None
    first, stop, covered = _bounds(indexes[place], known, conditions)
    best = _candidates(table, conditions, indexes)[1]
    if best is not None and best * 4 < stop - first:
        return None
    return _Stretch(indexes[place], first, stop, down, covered)


def _bounds(index: Ordered, known: QueryField, conditions: list[Condition]) -> tuple[int, int, list[Condition]]:
    first, stop = 0, len(index)
    covered = [
        condition
        for condition in conditions
        if condition.field.name == known.name and condition.operator in ("<", "<=", ">", ">=")
    ]
    for condition in covered:
        low, high = _range(index, condition)
        first, stop = max(first, low), min(stop, high)
    return first, max(first, stop), covered


def _range(index: Ordered, condition: Condition) -> tuple[int, int]:
    """The ranks that fulfil a comparison; rows without a value stand first and never match `<`."""
    key = condition.keys[0]
    if condition.operator == ">":
        return index.rank((key, _LAST)), len(index)
    if condition.operator == ">=":
        return index.rank((key, -1)), len(index)
    low = index.rank((_nothing_like(key), _LAST)) if _has_nothing(key) else 0
    return low, index.rank((key, _LAST if condition.operator == "<=" else -1))


def _has_nothing(key: Any) -> bool:
    return not isinstance(key, int)


def _nothing_like(key: Any) -> Any:
    return "" if isinstance(key, str) else NOTHING


def _candidates(table: Table, conditions: list[Condition], indexes: list[Ordered]) -> tuple[Iterable[int], int | None]:
    """The smallest set of rows that an index offers, and its size (None: every row)."""
    best: tuple[Iterable[int], int] | None = None
    for condition in conditions:
        offer = _offer(table, condition, indexes, conditions)
        if offer is not None and (best is None or offer[1] < best[1]):
            best = offer
    return best if best is not None else (indexes[0].ids(), None)


def _offer(
    table: Table, condition: Condition, indexes: list[Ordered], conditions: list[Condition]
) -> tuple[Iterable[int], int] | None:
    """The rows that an index offers for a condition (with all others on the same field), and how many."""
    place = table.kind.place.get(condition.field.name)
    if place is None:
        return None
    index = indexes[place]
    if condition.operator == "LIKE":
        return _offer_prefix(index, fold(condition.texts[0]).partition("%")[0])
    if condition.operator not in ("=", "IN"):
        low, high, _ = _bounds(index, condition.field, conditions)
        return index.ids(low, high), high - low
    if place == 0:
        hits = [key for key in dict.fromkeys(condition.keys) if key in table.rows]
        return [key for key in hits if indexes is table.all or table.rows[key].active], len(condition.keys)
    spans = [(index.rank((key, -1)), index.rank((key, _LAST))) for key in dict.fromkeys(condition.keys)]
    return (hit for low, high in spans for hit in index.ids(low, high)), sum(high - low for low, high in spans)


def _offer_prefix(index: Ordered, prefix: str) -> tuple[Iterable[int], int] | None:
    if not prefix:
        return None
    low, high = index.rank((prefix, -1)), index.rank((prefix + _HIGHEST, _LAST))
    return index.ids(low, high), high - low


def _filtered(
    books: Books, table: Table, conditions: list[Condition], ids: Iterable[int], exact_case: bool
) -> Iterator[int]:
    tests = [_test(table, condition, exact_case) for condition in conditions]
    needs_data = any(test.needs_data for test in tests)
    for number in ids:
        row = table.rows[number]
        data = loads(books.wire(table.kind.name, number)) if needs_data else None
        if all(test(row, data) for test in tests):
            yield number


class _test:  # noqa: N801 - used like a function
    """Whether a row fulfils one condition, from its index keys where there are some."""

    def __init__(self, table: Table, condition: Condition, exact_case: bool) -> None:
        self.condition = condition
        self.place = table.kind.place.get(condition.field.name)
        self.exact = exact_case and condition.field.type in ("text", "email") and condition.operator in ("=", "IN")
        self.needs_data = self.place is None or self.exact
        self.holds: Callable[[Any], bool] = _comparison(condition)

    def __call__(self, row: Row, data: Json | None) -> bool:
        if self.exact and data is not None:
            return self.condition.field.raw(data) in self.condition.texts
        key = self.condition.field.key(data or {}) if self.place is None else row.keys[self.place]
        return self.holds(key)


def _comparison(condition: Condition) -> Callable[[Any], bool]:
    asked = condition.keys[0]
    if condition.operator == "IN":
        return frozenset(condition.keys).__contains__
    return {
        "=": lambda key: key == asked,
        "<": lambda key: key not in _EMPTY and key < asked,
        "<=": lambda key: key not in _EMPTY and key <= asked,
        ">": lambda key: key > asked,
        ">=": lambda key: key >= asked,
        "LIKE": lambda key: asked.fullmatch(key) is not None,
    }[condition.operator]


def _sort_key(books: Books, table: Table, known: QueryField) -> Callable[[int], Any]:
    place = table.kind.place.get(known.name)
    if place is not None:
        return lambda number: table.rows[number].keys[place]
    return lambda number: known.key(loads(books.wire(table.kind.name, number)))


def page(books: Books, query: Query, ids: list[int]) -> list[Raw | Json]:
    """The records of a page as they are answered."""
    name = query.kind.name
    if query.columns is None:
        return [Raw(books.wire(name, number)) for number in ids]
    names = {"domain", "Id", *query.columns}
    return [_cut(loads(books.wire(name, number)), names) for number in ids]


def _cut(data: Json, names: set[str]) -> Json:
    return {key: True if key == "sparse" else value for key, value in data.items() if key == "sparse" or key in names}
