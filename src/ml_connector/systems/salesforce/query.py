"""SOQL as text: literals, `IN` lists cut to the vendor's limits, and the SELECT of each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ml_connector.model.errors import ReadRefused

from .records import FEATURES, SHAPES

STATEMENT_MAX = 100_000
"""Longest statement in characters (salesforce reference 2.4)."""

LITERAL_MAX = 4_000
"""Longest text in a WHERE; nothing longer can be stored in a field that may be compared."""

PAGE = 2_000
"""Most rows of one page of an answer."""

_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_CODED = (*map(chr, range(0x20)), "@", "\x7f")
_ESCAPED = str.maketrans({**{char: f"\\u{ord(char):04x}" for char in _CODED}, **_ESCAPES})

Seen = Mapping[str, frozenset[str]]
"""By kind, the fields that the user may see. A kind that is not in it was not asked about: all is
assumed, unless only some orgs have it."""


def literal(text: str) -> str:
    """A quoted text. `@` is written by its code: inside a composite request `@{...}` would be replaced."""
    return f"'{text.translate(_ESCAPED)}'"


def moment(at: datetime) -> str:
    """An unquoted instant, to the second, in UTC (date literals like TODAY follow the user's zone; these do not)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def select(kind: str, seen: Seen, where: str = "", order: str = "Id") -> str:
    """The query for every visible field of `kind`, its parents and child lists.

    Raises `ReadRefused` if the user may not see the object at all.
    """
    return statement(columns(kind, seen), kind, where, order)


def hidden(name: str) -> ReadRefused:
    """What is said, without asking, of a field or an object that the description of the org does not show."""
    sentence = f"The Salesforce user may not see {name}, or the org does not have it."
    remedy = "Give the integration user read rights on it, then see  ml-connector doctor --fit"
    return ReadRefused(sentence, remedy, "not visible", sentence)


def columns(kind: str, seen: Seen) -> list[str]:
    """Every visible field of `kind`, its parents and child lists. Raises as `select`."""
    names = visible_fields(kind, seen)
    if not names:
        raise hidden(kind)
    return [*names, *_subqueries(kind, seen)]


def statement(columns: Sequence[str], source: str, where: str = "", order: str = "Id") -> str:
    """A query of `columns` from an object or a child list; always in a fixed order, since the vendor's own is not."""
    parts = ["SELECT", ", ".join(columns), "FROM", source, *(["WHERE", where] if where else []), "ORDER BY", order]
    return " ".join(parts)


def visible_fields(kind: str, seen: Seen) -> list[str]:
    """The fields of the kind's SELECT that the user may see, parents' fields as `Parent.Field`."""
    return [name for name in SHAPES[kind].fields if _is_visible(kind, name, seen)]


def _is_visible(kind: str, name: str, seen: Seen) -> bool:
    parent, dot, field = name.partition(".")
    if dot:
        return _is_visible(kind, f"{parent}Id", seen) and _is_visible(parent, field, seen)
    if kind not in seen:
        return kind not in FEATURES
    return name in seen[kind] or (name == "Id" and bool(seen[kind]))


def _subqueries(kind: str, seen: Seen) -> Iterator[str]:
    for child_list, (child, names) in SHAPES[kind].children.items():
        shown = [name for name in names if _is_visible(child, name, seen)]
        if shown:
            yield f"({statement(shown, child_list, SHAPES[kind].only.get(child_list, ''))})"


def in_lists(field: str, literals: Sequence[str], room: int) -> Iterator[str]:
    """Conditions `field IN (...)` that together hold all literals; none longer than `room`, none of over 2,000."""
    group: list[str] = []
    used = fixed = len(field) + len(" IN ()")
    for item in literals:
        if group and (used + len(item) + 1 > room or len(group) == PAGE):
            yield f"{field} IN ({','.join(group)})"
            group, used = [], fixed
        group.append(item)
        used += len(item) + 1
    if group:
        yield f"{field} IN ({','.join(group)})"


def selects(kind: str, seen: Seen, field: str, literals: Sequence[str]) -> list[str]:
    """As many queries as it takes to ask for `field IN (...)` within the longest statement."""
    room = STATEMENT_MAX - len(select(kind, seen, where="x")) - 10
    return [select(kind, seen, where) for where in in_lists(field, literals, room)]
