"""Statements of the QuickBooks query language (reference section 3). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .records import (
    Account,
    Class,
    CreditMemo,
    Customer,
    Department,
    Employee,
    Entity,
    Estimate,
    Invoice,
    Item,
    JournalEntry,
    Named,
    Payment,
    Term,
    Vendor,
)

PAGE = 1000
OVERLAP = 25
"""Rows read again at the start of the next page, so that a deletion between two pages hides nothing."""

LONGEST_LIST = 60_000
KINDS: dict[str, type[Entity]] = {
    kind.KIND: kind
    for kind in (
        Customer, Vendor, Employee, Item, Account, Department, Class, Term,
        Invoice, Estimate, Payment, CreditMemo, JournalEntry,
    )
}  # fmt: skip
NAME_LISTS = frozenset(name for name, kind in KINDS.items() if issubclass(kind, Named))


def quoted(value: str) -> str:
    """A text as a literal: quotes and backslashes are escaped with a backslash."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def select(kind: str, *conditions: str, start: int = 1) -> str:
    """One page, ordered by Id, inactive entries of name lists included."""
    return f"{_from(kind, '*', conditions)} ORDERBY Id STARTPOSITION {start} MAXRESULTS {PAGE}"


def count(kind: str, *conditions: str) -> str:
    return _from(kind, "count(*)", conditions)


def among(field: str, values: Iterable[str]) -> str:
    return f"{field} IN ({', '.join(map(quoted, values))})"


def _from(kind: str, what: str, conditions: Sequence[str]) -> str:
    return " ".join(["SELECT", what, "FROM", kind, *_where(kind, conditions)])


def _where(kind: str, conditions: Sequence[str]) -> list[str]:
    every = [*conditions, *(["Active IN (true, false)"] if kind in NAME_LISTS else [])]
    return ["WHERE", " AND ".join(every)] if every else []


def portions(values: Iterable[str]) -> Iterator[list[str]]:
    """Each value once, in lists short enough for one statement: 1,000 values, and a bound on their text."""
    portion: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        if portion and (len(portion) == PAGE or length + len(value) > LONGEST_LIST):
            yield portion
            portion, length = [], 0
        portion.append(value)
        length += len(value) + 4
    if portion:
        yield portion
