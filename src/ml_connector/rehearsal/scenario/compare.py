"""Whether a field says what it must: plain values, and tables of comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.model import money

from .names import field


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        return money.exact(value.replace(",", "") if isinstance(value, str) else value)
    except (ValueError, TypeError):
        return None


def plain(value: Any) -> str:
    """A value as text: dates in ISO form, amounts without exponent, nothing for what is blank."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value in (None, "", [], {}):
        return "(blank)"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {plain(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(plain, value)) + "]"
    return value.isoformat() if isinstance(value, date) else str(value)


def _equal(wanted: Any, found: Any) -> bool:
    if wanted in (None, "", [], {}) or found in (None, "", [], {}):
        return plain(wanted) == plain(found)
    if isinstance(found, int | Decimal) and not isinstance(found, bool):
        return _number(wanted) == _number(found)
    if isinstance(wanted, list) and isinstance(found, Sequence) and not isinstance(found, str):
        return len(wanted) == len(found) and all(matches(w, f) for w, f in zip(wanted, found, strict=True))
    if isinstance(wanted, Decimal | int) and not isinstance(wanted, bool):
        return _number(wanted) == _number(found)
    return plain(wanted) == plain(found)


def _least(wanted: Any, found: Any) -> bool:
    left, right = _number(wanted), _number(found)
    return plain(found) >= plain(wanted) if left is None or right is None else right >= left


def _most(wanted: Any, found: Any) -> bool:
    left, right = _number(wanted), _number(found)
    return plain(found) <= plain(wanted) if left is None or right is None else right <= left


def _text(found: Any) -> str:
    return "" if found in (None, "") else plain(found)


COMPARISONS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "contains": (lambda wanted, found: plain(wanted).casefold() in _text(found).casefold(), "has this text in it"),
    "starts_with": (lambda wanted, found: _text(found).startswith(plain(wanted)), "begins with this text"),
    "ends_with": (lambda wanted, found: _text(found).endswith(plain(wanted)), "ends with this text"),
    "matches": (lambda wanted, found: re.search(str(wanted), _text(found)) is not None, "fits this regular expression"),
    "one_of": (lambda wanted, found: any(_equal(each, found) for each in wanted), "is one of this list"),
    "not": (lambda wanted, found: not matches(wanted, found), "is anything else"),
    "at_least": (_least, "is this or more"),
    "at_most": (_most, "is this or less"),
    "length": (lambda wanted, found: len(_text(found)) == wanted, "has so many characters"),
    "blank": (lambda wanted, found: (_text(found) == "") is wanted, "`true`: is blank, `false`: is not"),
}
"""Comparisons by name, with what they ask of a value."""


def matches(wanted: Any, found: Any) -> bool:
    """Whether a found value is what is wanted: a value, a table of comparisons, or a table of fields."""
    if isinstance(wanted, Mapping) and wanted and set(wanted) <= set(COMPARISONS):
        return all(COMPARISONS[name][0](value, found) for name, value in wanted.items())
    if isinstance(wanted, Mapping) and wanted:
        return isinstance(found, Mapping) and fits(wanted, found)
    return _equal(wanted, found)


def fits(wanted: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether all fields of a record, named by path, are what is wanted."""
    return all(matches(value, field(record, path)) for path, value in wanted.items())


def differing(wanted: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, str]:
    """Both sides in words: all wanted fields, and what the record says in them."""
    found = {path: field(record, path) for path in wanted}
    return _said(wanted), _said(found)


def _said(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{path} {plain(value)}" for path, value in fields.items()) or "(nothing)"
