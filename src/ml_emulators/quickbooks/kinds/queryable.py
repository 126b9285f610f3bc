"""Which fields of a record can be asked for in a query, and the comparable form of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ml_emulators.quickbooks.kinds import fields as readers
from ml_emulators.quickbooks.values import Json, Unreadable, fold, parse_day, parse_instant, seconds

FieldType = Literal["id", "text", "day", "time", "number", "flag", "ref", "email"]
NOTHING = Decimal("-Infinity")


def _inner(name: str, part: str) -> Callable[[Json], Any]:
    def get(data: Json) -> Any:
        outer = data.get(name)
        return outer.get(part) if isinstance(outer, dict) else None

    return get


def _plain(name: str) -> Callable[[Json], Any]:
    return lambda data: data.get(name)


@dataclass(frozen=True)
class QueryField:
    """A property of one kind; `sortable` and `filterable` as section 3 of the reference lists them."""

    name: str
    type: FieldType
    filterable: bool = True
    sortable: bool = True

    def raw(self, data: Json) -> Any:
        """The value as it stands in a record, or None."""
        if self.type == "ref":
            return _inner(self.name, "value")(data)
        if self.type == "email":
            return _inner(self.name, "Address")(data)
        if self.type == "time":
            return _inner("MetaData", self.name.partition(".")[2])(data)
        return data.get(self.name)

    def key(self, data: Json) -> Any:
        """The comparable form of a record's value; a missing one sorts first."""
        value = self.raw(data)
        if self.type == "id":
            return int(value)
        if self.type == "number":
            return NOTHING if value is None else Decimal(value)
        if self.type == "flag":
            return bool(value)
        if self.type == "time":
            return seconds(parse_instant(value))
        return fold(value) if value else ""

    def literal(self, text: str) -> Any:
        """The comparable form of a text in a query; raises Unreadable when it cannot be one."""
        if self.type == "id":
            return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1
        if self.type == "number":
            return readers.decimal(text)
        if self.type == "flag":
            return _truth(text)
        if self.type == "time":
            return seconds(parse_instant(text))
        if self.type == "day":
            return parse_day(text)
        return fold(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise Unreadable(text)
    return text.lower() == "true"


COMMON = (
    QueryField("Id", "id"),
    QueryField("MetaData.LastUpdatedTime", "time"),
    QueryField("MetaData.CreateTime", "time"),
)


def texts(*names: str) -> tuple[QueryField, ...]:
    """Fields whose texts can be filtered and sorted by."""
    return tuple(QueryField(name, "text") for name in names)


def numbers(*names: str) -> tuple[QueryField, ...]:
    """Fields whose numbers can be filtered and sorted by."""
    return tuple(QueryField(name, "number") for name in names)


def unqueryable(*names: str) -> tuple[QueryField, ...]:
    """Fields that are answered, and refused in WHERE and ORDERBY (reference 3)."""
    return tuple(QueryField(name, "text", filterable=False, sortable=False) for name in names)


ACTIVE = QueryField("Active", "flag")
SALES = (
    *texts("DocNumber"),
    QueryField("TxnDate", "day"),
    QueryField("CustomerRef", "ref"),
    *numbers("Balance", "TotalAmt"),
    QueryField("DueDate", "day"),
    QueryField("ProjectRef", "ref"),
)
