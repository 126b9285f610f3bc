"""Runs a query: finds the rows, orders and cuts them, and says how each is shown."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import islice
from typing import Any

from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.meetings import meet
from ml_emulators.salesforce.schema import Field
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Actor, World

from .access import Access
from .conditions import Conditions, Test, check_filterable
from .groups import Grouping, is_aggregate, is_bare_count
from .parse import parse
from .rows import Selection, child_scope
from .scope import Getter, Scope, find_kind
from .tree import Call, Operand, Ordering, Path, Query, malformed

_MOST_OFFSET = 2000
_MOST_CHILDREN = 20
_FEW = 5000
_LONG_TEXT_PAGE = 200
_LED = frozenset({"Id", "SystemModstamp"})
_LED_BACKWARD = frozenset({"CreatedDate", "LastModifiedDate"})


@dataclass(frozen=True)
class Result:
    """All rows of a query in order, not yet shown; `total` counts them (COUNT() has a total and no rows)."""

    total: int
    rows: list[Any]
    show: Callable[[Any], dict[str, Any]]
    page_limit: int

    def __reduce__(self) -> tuple[Any, ...]:
        """Kept with the org's state, the rows are kept as they are shown: `show` belongs to the running program."""
        return Result, (self.total, [self.show(row) for row in self.rows], _as_kept, self.page_limit)


def run(world: World, actor: Actor, text: str, version: str, *, deleted: bool = False) -> Result:
    """Parse and run. Raises `ApiError`."""
    query = parse(text)
    kind = find_kind(world, actor, text, query.source, query.place)
    wide = deleted or query.all_rows
    return _Run(Scope(world, actor, text, kind, query.alias, version, wide), query).result()


class _Run:
    def __init__(self, scope: Scope, query: Query) -> None:
        self.scope = scope
        self.query = query
        self._semi_joins: dict[int, set[Any]] = {}
        self._conditions = Conditions(scope, self._read, self._semi_join)
        self._access = Access(scope, self._conditions, self._semi_join)

    def _read(self, operand: Operand) -> tuple[Field, Getter]:
        if isinstance(operand, Call):
            raise malformed(f"unexpected function in WHERE: {operand.function}")
        column = self.scope.column(operand)
        return column.field, column.value

    def _semi_join(self, query: Query) -> set[Any]:
        if id(query) not in self._semi_joins:
            self._semi_joins[id(query)] = self._values(query)
        return self._semi_joins[id(query)]

    def _values(self, query: Query) -> set[Any]:
        what = query.items[0].what
        if len(query.items) != 1 or not isinstance(what, Path):
            raise malformed("The inner select must select exactly one field")
        kind = self.scope.find_kind(query.source, query.place)
        inner = replace(self.scope, kind=kind, alias=query.alias)
        column = inner.column(what)
        if column.field.type not in ("id", "reference"):
            raise malformed("The inner select field must be an id or a reference")
        rows = _Run(inner, query).rows()
        return {value for row in rows if (value := column.value(row)) is not None}

    def result(self) -> Result:
        if self.query.offset > _MOST_OFFSET:
            text = "Maximum SOQL offset allowed is 2000"
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", text)
        if is_bare_count(self.query):
            return Result(self._count(), [], _no_row, 2000)
        if is_aggregate(self.query):
            return self._grouped()
        return self._plain()

    def _count(self) -> int:
        if self.query.where is None and not self.scope.deleted and self.query.limit is None:
            return len(self.scope.table(self.scope.kind.name).live)
        return len(self.rows())

    def _plain(self) -> Result:
        subqueries = [item for item in self.query.items if isinstance(item.what, Query)]
        if len(subqueries) > _MOST_CHILDREN:
            raise malformed("a query may have at most 20 child queries")
        show = Selection(self.scope, _children).render(self.query)
        rows = self.rows()
        for row in rows if self.scope.world.record_faults else ():
            meet(self.scope.world, "list", self.scope.kind.name, row)
        limit = _LONG_TEXT_PAGE if self._long_texts() > 1 else 2000
        return Result(len(rows), rows, show, limit)

    def _long_texts(self) -> int:
        paths = [item.what for item in self.query.items if isinstance(item.what, Path)]
        return sum(self.scope.field(path).long_text for path in paths)

    def _grouped(self) -> Result:
        grouping = Grouping(self.scope, self.query)
        show = grouping.render()
        groups = grouping.groups(self._matching())
        if self.query.having is not None:
            test = Conditions(self.scope, grouping.read, self._semi_join).test(self.query.having)
            groups = [group for group in groups if test(group)]
        rows = _cut(_sorted(groups, self.query.order, grouping.read), self.query)
        return Result(len(rows), rows, show, 2000)

    def _test(self) -> Test | None:
        return None if self.query.where is None else self._conditions.test(self.query.where)

    def _matching(self) -> Iterator[Record]:
        """All matching records, by the shortest way; in the order of ids unless an index was used."""
        test = self._test()
        indexed = self._access.candidates(self.query.where)
        live = self.scope.table(self.scope.kind.name).live
        low, high = self._access.stamp_range(self.query.where)
        rows: Iterable[Record]
        if indexed is not None:
            rows = (live[record_id] for record_id in indexed.ids())
        elif low or high != "9999":
            rows = (live[record_id] for second in self._access.by_stamp(low, high) for record_id in second)
        else:
            rows = self._in_id_order()
        yield from rows if test is None else filter(test, rows)
        if self.scope.deleted:
            gone = self.scope.table(self.scope.kind.name).gone.values()
            yield from gone if test is None else filter(test, gone)

    def _in_id_order(self, *, backward: bool = False) -> Iterator[Record]:
        table = self.scope.table(self.scope.kind.name)
        low, high = self._access.id_range(self.query.where)
        live = table.live
        for record_id in table.ordered.span(low, high, after=False, upto=True, backward=backward):
            record = live.get(record_id)
            if record is not None:
                yield record

    def rows(self) -> list[Record]:
        """Matching records in order, cut to LIMIT and OFFSET."""
        most = None if self.query.limit is None else self.query.limit + self.query.offset
        if most is not None and not self.scope.deleted:
            early = self._stop_early(most)
            if early is not None:
                return early
        rows = list(self._matching())
        if self.scope.world.switches.unstable_order:
            random.Random(self.scope.world.secret(16)).shuffle(rows)  # noqa: S311  # no secret: an order
        return _cut(_sorted(rows, self.query.order, self._read), self.query)

    def _stop_early(self, most: int) -> list[Record] | None:
        """With a LIMIT, rows that come in the asked order already need not all be read."""
        if self.scope.world.switches.unstable_order:
            return None
        indexed = self._access.candidates(self.query.where)
        first = self._leading()
        if not self.query.order:
            return list(islice(self._matching(), most))[self.query.offset :]
        if first is None or (indexed is not None and indexed.count <= _FEW):
            return None
        test = self._test() or _yes
        backward = self.query.order[0].descending
        if first == "Id":
            rows = (row for row in self._in_id_order(backward=backward) if test(row))
            return list(islice(rows, most))[self.query.offset :]
        if first == "SystemModstamp":
            kept = self._until(test, most, newest_first=backward)
        else:
            kept = self._newest(test, most, first)
        return _cut(_sorted(kept, self.query.order, self._read), self.query)

    def _until(self, test: Test, most: int, *, newest_first: bool) -> list[Record]:
        live = self.scope.table(self.scope.kind.name).live
        kept: list[Record] = []
        low, high = self._access.stamp_range(self.query.where)
        for second in self._access.by_stamp(low, high, newest_first=newest_first):
            kept.extend(row for record_id in second if test(row := live[record_id]))
            if len(kept) >= most:
                break
        return kept

    def _newest(self, test: Test, most: int, name: str) -> list[Record]:
        """The latest by a stamp that is never after SystemModstamp; it ends where only earlier ones can follow."""
        live = self.scope.table(self.scope.kind.name).live
        kept: list[Record] = []
        best: list[str] = []
        low, high = self._access.stamp_range(self.query.where)
        for second in self._access.by_stamp(low, high, newest_first=True):
            if second and len(best) >= most and (not best or live[second[0]]["SystemModstamp"] < best[0]):
                break
            for row in filter(test, map(live.__getitem__, second)):
                kept.append(row)
                heappush(best, row[name])
                if len(best) > most:
                    heappop(best)
        return kept

    def _leading(self) -> str | None:
        """The first field of ORDER BY when an index has its order, or nearly."""
        first = self.query.order[0] if self.query.order else None
        if first is None or not isinstance(first.operand, Path):
            return None
        column = self.scope.column(first.operand)
        known = _LED | _LED_BACKWARD if first.descending else _LED
        return column.field.name if not column.steps and column.field.name in known else None


def _as_kept(row: dict[str, Any]) -> dict[str, Any]:
    return row


def _yes(_record: Record) -> bool:
    return True


def _no_row(_row: Any) -> dict[str, Any]:
    return {}


def _cut(rows: list[Any], query: Query) -> list[Any]:
    last = None if query.limit is None else query.offset + query.limit
    return rows[query.offset : last] if query.offset or last is not None else rows


def _sort_key(field: Field, value: Getter, *, nulls_last_in_order: bool) -> Callable[[Any], tuple[bool, Any]]:
    fold = not field.exact and field.type not in ("date", "datetime")

    def key(row: Any) -> tuple[bool, Any]:
        here = value(row)
        if here is None:
            return (nulls_last_in_order, "")
        return (not nulls_last_in_order, here.lower() if fold and isinstance(here, str) else here)

    return key


def _sorted(rows: list[Any], order: tuple[Ordering, ...], read: Callable[[Operand], tuple[Field, Getter]]) -> list[Any]:
    """Nulls come first unless NULLS LAST, whichever the direction."""
    for ordering in reversed(order):
        field, value = read(ordering.operand)
        if field.long_text or field.type in ("address", "complexvalue"):
            raise ApiError("INVALID_FIELD", f"field '{field.name}' can not be sorted in a query call")
        key = _sort_key(field, value, nulls_last_in_order=ordering.nulls_last != ordering.descending)
        rows.sort(key=key, reverse=ordering.descending)
    return rows


def _children(scope: Scope, query: Query) -> Callable[[Record], Any]:
    """A child query: for each parent its children as a small answer of its own, or null."""
    inner, field = child_scope(scope, query)
    sub = _Run(inner, query)
    if is_aggregate(query):
        raise malformed("a child query cannot be an aggregate query")
    show = Selection(inner, _children).render(query)
    test = sub._test() or _yes  # noqa: SLF001  # one module, two roles of a run
    check_filterable(field)
    table = scope.table(inner.kind.name)

    def children(record: Record) -> dict[str, Any] | None:
        ids = sorted(table.indexes[field.name].find(record["Id"]))
        matching = [row for child_id in ids if test(row := table.live[child_id])]
        rows = _cut(_sorted(matching, query.order, sub._read), query)  # noqa: SLF001  # as above
        if not rows:
            return None
        for row in rows:
            meet(scope.world, "list", inner.kind.name, row)
        return {"totalSize": len(rows), "done": True, "records": [show(row) for row in rows]}

    return children
