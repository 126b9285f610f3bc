"""Aggregates: GROUP BY, HAVING, and the rows called AggregateResult."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.numbers import MOST_PLACES, on_wire, tidy
from ml_emulators.salesforce.schema import Field
from ml_emulators.salesforce.state import Record

from .scope import Getter, Scope
from .tree import Call, Operand, Path, Query, malformed

Group = list[Record]
_PLACES = 12
_FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_COUNTED = Field("count", "int")
_AVERAGE = Field("average", "double", precision=28, scale=_PLACES)


def is_aggregate(query: Query) -> bool:
    """Whether the answer has rows of type AggregateResult: GROUP BY, or an aggregate function."""
    called = any(isinstance(item.what, Call) and item.what.function in _FUNCTIONS for item in query.items)
    return bool(query.group) or called


def is_bare_count(query: Query) -> bool:
    """Whether it is `SELECT COUNT()`: the answer has a size and no rows (reference 2.4)."""
    what = query.items[0].what
    return len(query.items) == 1 and isinstance(what, Call) and what.function == "COUNT" and what.path is None


class Grouping:
    """Compiles an aggregate query."""

    def __init__(self, scope: Scope, query: Query) -> None:
        self._scope = scope
        self._query = query
        self._keys = [self._plain(operand) for operand in query.group]
        self._names = {scope.column(operand).field.name for operand in query.group if isinstance(operand, Path)}
        self._aliases = {item.alias.lower(): item.what for item in query.items if item.alias}

    def _plain(self, operand: Operand) -> Getter:
        if isinstance(operand, Call):
            raise malformed(f"unexpected function in GROUP BY: {operand.function}")
        column = self._scope.column(operand)
        if not groupable(column.field):
            raise ApiError("INVALID_FIELD", f"field '{column.field.name}' can not be grouped in a query call")
        return column.value

    def groups(self, rows: Iterable[Record]) -> list[Group]:
        """The rows by the values of GROUP BY, in the order of the first of each; without it all are one group."""
        if not self._keys:
            return [list(rows)]
        groups: dict[tuple[Any, ...], Group] = {}
        for row in rows:
            key = tuple(_group_key(value(row)) for value in self._keys)
            groups.setdefault(key, []).append(row)
        return list(groups.values())

    def read(self, operand: Operand) -> tuple[Field, Getter]:
        """What an operand of HAVING, ORDER BY or SELECT means for a group."""
        if isinstance(operand, Path) and len(operand.names) == 1:
            named = self._aliases.get(operand.names[0].lower())
            if isinstance(named, Call) or (isinstance(named, Path) and named != operand):
                return self.read(named)
        if isinstance(operand, Call):
            return self._aggregate(operand)
        if not any(isinstance(grouped, Path) and _same(grouped, operand) for grouped in self._query.group):
            raise malformed(f"Field must be grouped or aggregated: {operand.text}")
        column = self._scope.column(operand)
        return column.field, lambda group: column.value(group[0])

    def _aggregate(self, call: Call) -> tuple[Field, Getter]:
        if call.function not in _FUNCTIONS:
            raise malformed(f"unexpected function: {call.function}")
        if call.path is None:
            if call.function != "COUNT":
                raise malformed(f"{call.function} needs a field")
            return _COUNTED, len
        column = self._scope.column(call.path)
        value = self._converted(column.field, column.value)
        if call.function == "COUNT":
            return _COUNTED, lambda group: sum(value(row) is not None for row in group)
        if call.function == "COUNT_DISTINCT":
            return _COUNTED, lambda group: len({_group_key(value_here) for value_here in _present(value, group)})
        if call.function in ("SUM", "AVG"):
            return _summing(call.function, column.field, value)
        _check_comparable(column.field)
        pick: Callable[..., Any] = max if call.function == "MAX" else min
        return column.field, lambda group: pick(_present(value, group), default=None)

    def _converted(self, field: Field, value: Getter) -> Getter:
        """Amounts of several currencies meet in the corporate one, unless they are grouped by currency."""
        if field.type != "currency" or "CurrencyIsoCode" in self._names:
            return value
        rates = {row["IsoCode"]: row["ConversionRate"] for row in self._scope.table("CurrencyType").live.values()}

        def in_corporate(row: Record) -> Any:
            amount, rate = value(row), rates.get(row.get("CurrencyIsoCode"))
            return amount if amount is None or rate in (None, 1) else tidy(amount / rate, field.scale)

        return in_corporate

    def render(self) -> Callable[[Group], dict[str, Any]]:
        """How a group is shown: the aliases as keys, `expr0`, `expr1`, ... for what has none (reference 2.4)."""
        columns = [(name, self.read(what)[1]) for name, what in self._named()]

        def row(group: Group) -> dict[str, Any]:
            shown: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
            for name, value in columns:
                shown[name] = _shown(value(group))
            return shown

        return row

    def _named(self) -> Iterable[tuple[str, Operand]]:
        count = 0
        for item in self._query.items:
            if isinstance(item.what, Query):
                raise malformed("a child query cannot stand in an aggregate query")
            if item.alias:
                yield item.alias, item.what
            elif isinstance(item.what, Path):
                yield self._scope.column(item.what).field.name, item.what
            else:
                yield f"expr{count}", item.what
                count += 1


def _same(first: Path, other: Path) -> bool:
    return first.text.lower() == other.text.lower()


def _present(value: Getter, group: Group) -> list[Any]:
    return [here for row in group if (here := value(row)) is not None]


def _group_key(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _shown(value: Any) -> Any:
    return on_wire(value) if isinstance(value, Decimal) else value


def groupable(field: Field) -> bool:
    """Whether GROUP BY takes the field, as describe says: no numbers with decimals, instants, long texts, compounds."""
    if field.type in ("datetime", "double", "currency", "percent", "address", "complexvalue"):
        return False
    return not field.long_text


def _check_comparable(field: Field) -> None:
    if field.type in ("boolean", "address", "complexvalue") or field.long_text:
        raise malformed(f"field {field.name} does not support aggregate operator")


def _summing(function: str, field: Field, value: Getter) -> tuple[Field, Getter]:
    if field.type not in ("int", "double", "currency", "percent"):
        raise malformed(f"field {field.name} does not support aggregate operator {function}")

    def total(group: Group) -> Any:
        amounts = _present(value, group)
        if not amounts:
            return None
        if function == "AVG":
            return tidy(sum(amounts, Decimal(0)) / len(amounts), _PLACES)
        return sum(amounts) if field.type == "int" else tidy(sum(amounts, Decimal(0)), MOST_PLACES)

    return (field if function == "SUM" else _AVERAGE), total
