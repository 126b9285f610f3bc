"""Statements of the QuickBooks query language (reference section 3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

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
MOST_SOUGHT = 2 * PAGE
"""Values of one search. Most of them find nothing, as the numbers of entries to come, and an answer has pages."""
PATTERNS = 20
"""Most searches by pattern for one question: with more of them the whole list is cheaper."""
_ID = re.compile(r"[0-9]{1,20}")
_UNASKABLE = re.compile(r"[^\x20-\x7e\xa0-\xff]+")
"""Letters that a statement may not have: QuickBooks has been seen to refuse it, code 4000 (reference section 3)."""

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


def select(kind: str, *conditions: str, start: int = 1, size: int = PAGE, what: str = "*") -> str:
    """One page, ordered by Id, inactive entries of name lists included."""
    return f"{_from(kind, what, conditions)} ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}"


def count(kind: str, *conditions: str) -> str:
    """How many records of a kind, inactive ones too, meet these conditions."""
    return _from(kind, "count(*)", conditions)


def among(field: str, values: Iterable[str]) -> str:
    """The condition that a field has one of these values, at least one."""
    return f"{field} IN ({', '.join(map(quoted, values))})"


def is_id(text: str) -> bool:
    """Whether a record can have this id; for another one QuickBooks refuses the whole question (code 2030)."""
    return _ID.fullmatch(text) is not None


class Search(NamedTuple):
    """The conditions of a list. `exact`: it brings what was asked for, and no others."""

    conditions: tuple[str, ...]
    exact: bool


def having(field: str, values: Iterable[str]) -> list[Search]:
    """Lists that together bring all records whose `field` has one of these values, and perhaps some others.

    A value with letters that a statement may not have is asked for by a pattern of its other letters; where there are
    too many of them, or nothing is left of one, everything is listed. Whoever asks compares.
    """
    asked = list(dict.fromkeys(values))
    if field == "Id" or field.endswith("Ref"):
        return [Search((among(field, portion),), True) for portion in portions(filter(is_id, asked))]
    patterns = {_UNASKABLE.sub("%", value) for value in asked if _UNASKABLE.search(value)}
    plain = [value for value in asked if not _UNASKABLE.search(value)]
    if len(patterns) > PATTERNS or any(not pattern.strip("% ") for pattern in patterns):
        return [Search((), False)]
    likes = [Search((f"{field} LIKE {quoted(pattern)}",), False) for pattern in sorted(patterns)]
    return [*(Search((among(field, portion),), True) for portion in portions(plain, MOST_SOUGHT)), *likes]


def _from(kind: str, what: str, conditions: Sequence[str]) -> str:
    return " ".join(["SELECT", what, "FROM", kind, *_where(kind, conditions)])


def _where(kind: str, conditions: Sequence[str]) -> list[str]:
    every = [*conditions, *(["Active IN (true, false)"] if kind in NAME_LISTS else [])]
    return ["WHERE", " AND ".join(every)] if every else []


def portions(values: Iterable[str], most: int = PAGE) -> Iterator[list[str]]:
    """Each value once, in lists short enough for one statement: of `most` values, and a bound on their text."""
    portion: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        if portion and (len(portion) == most or length + len(value) > LONGEST_LIST):
            yield portion
            portion, length = [], 0
        portion.append(value)
        length += len(value) + 4
    if portion:
        yield portion
