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
    except (ValueError, TypeError):  # a text is compared as it stands
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
        return "{" + ", ".join(f"{key} = {plain(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(plain, value)) + "]"
    return value.isoformat() if isinstance(value, date) else str(value)


def _equal(expected: Any, actual: Any) -> bool:
    if expected in (None, "", [], {}) or actual in (None, "", [], {}):
        return plain(expected) == plain(actual)
    if isinstance(actual, int | Decimal) and not isinstance(actual, bool):
        return _number(expected) == _number(actual)
    if isinstance(expected, list) and isinstance(actual, Sequence) and not isinstance(actual, str):
        return len(expected) == len(actual) and all(matches(w, f) for w, f in zip(expected, actual, strict=True))
    if isinstance(expected, Decimal | int) and not isinstance(expected, bool):
        return _number(expected) == _number(actual)
    return plain(expected) == plain(actual)


def _least(expected: Any, actual: Any) -> bool:
    left, right = _number(expected), _number(actual)
    return plain(actual) >= plain(expected) if left is None or right is None else right >= left


def _most(expected: Any, actual: Any) -> bool:
    left, right = _number(expected), _number(actual)
    return plain(actual) <= plain(expected) if left is None or right is None else right <= left


def _text(actual: Any) -> str:
    return "" if actual in (None, "") else plain(actual)


COMPARISONS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "contains": (
        lambda expected, actual: plain(expected).casefold() in _text(actual).casefold(),
        "has this text in it",
    ),
    "starts_with": (lambda expected, actual: _text(actual).startswith(plain(expected)), "begins with this text"),
    "ends_with": (lambda expected, actual: _text(actual).endswith(plain(expected)), "ends with this text"),
    "matches": (
        lambda expected, actual: re.search(str(expected), _text(actual)) is not None,
        "fits this regular expression",
    ),
    "one_of": (lambda expected, actual: any(_equal(choice, actual) for choice in expected), "is one of this list"),
    "not": (lambda expected, actual: not matches(expected, actual), "is anything else"),
    "at_least": (_least, "is this or more"),
    "at_most": (_most, "is this or less"),
    "length": (lambda expected, actual: len(_text(actual)) == expected, "has so many characters"),
    "blank": (lambda expected, actual: (_text(actual) == "") is expected, "`true`: is blank, `false`: is not"),
}
"""Comparisons by name, with what they ask of a value."""


def matches(expected: Any, actual: Any) -> bool:
    """Whether an actual value is what is expected: a value, a table of comparisons, or a table of fields."""
    if isinstance(expected, Mapping) and expected and set(expected) <= set(COMPARISONS):
        return all(COMPARISONS[name][0](value, actual) for name, value in expected.items())
    if isinstance(expected, Mapping) and expected:
        return isinstance(actual, Mapping) and fits(expected, actual)
    return _equal(expected, actual)


def fits(expected: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether all fields of a record, named by path, are as expected."""
    return all(matches(value, field(record, path)) for path, value in expected.items())


def differing(expected: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, str]:
    """Both sides in words: all expected fields, and what the record says in them."""
    actual = {path: field(record, path) for path in expected}
    return _said(expected), _said(actual)


def _said(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{path} {plain(value)}" for path, value in fields.items()) or "(nothing)"
