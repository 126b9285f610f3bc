"""Departments and classes: from text in Salesforce to an id in QuickBooks (accounting-rules F, B.4).

The id is the identity, a name is a label. Nothing is guessed and nothing is created in QuickBooks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import msgspec
from rapidfuzz import fuzz

from ml_connector.systems.quickbooks.records import Named, plain_path

Dim = Literal["department", "class"]
KINDS: Mapping[Dim, str] = {"department": "Department", "class": "Class"}
"""The QuickBooks kind of a dimension."""
TABLES: Mapping[Dim, str] = {"department": "departments", "class": "classes"}
"""Its reference table."""
FIELDS: Mapping[Dim, str] = {"department": "Department__c", "class": "Class__c"}
"""Its text field on the records of Salesforce."""
MAX_TEXT = 255
ALIAS_DAYS = 90
_BY_ID = re.compile(r".*\[#(?P<id>[^\[\]]+)\]", re.DOTALL)


class Alias(msgspec.Struct, frozen=True):
    """Another text for an id: chosen by a person, or the old name after a rename (then it ends: F.3).

    `leaf`: the last part of an old name; it counts as much as that of a present one.
    """

    text: str
    id: str
    until: date | None = None
    leaf: bool = False

    @classmethod
    def renamed(cls, old_name: str, id_: str, on: date, *, leaf: bool = False) -> Alias:
        """The old name, good for 90 days."""
        return cls(old_name, id_, on + timedelta(days=ALIAS_DAYS), leaf)


class Resolved(msgspec.Struct, frozen=True):
    """The text means this active entry: its id, and its full name as QuickBooks has it now."""

    id: str
    name: str


class Unmapped(msgspec.Struct, frozen=True):
    """`nearest` are up to three full names, best first."""

    text: str
    nearest: tuple[str, ...]


class Ambiguous(msgspec.Struct, frozen=True):
    """The text means several active entries: their full names, sorted."""

    text: str
    candidates: tuple[str, ...]


class Inactive(msgspec.Struct, frozen=True):
    """The text means an entry that is inactive; nothing is posted to it (H-DIM-INACTIVE)."""

    text: str
    id: str


Resolution = Resolved | Unmapped | Ambiguous | Inactive
Table = Mapping[str, Named]


def resolve(text: str, table: Table, aliases: Sequence[Alias] = (), today: date | None = None) -> Resolution:
    """The entry of `table` (departments or classes by id, inactive ones too) that `text` means (accounting-rules F.2).

    First hit: full name (any case, each part trimmed), `<leaf> [#id]` (F.3), live alias, leaf name if only one has it
    or had it until lately.
    An alias goes before an inactive entry of that name, so that a successor can be chosen for it.
    `today` is the company's day; an alias that ends counts up to and including its last day, never without `today`.
    """
    wanted = key_of(text)
    exact = _named(wanted, table)
    hits = [entry for entry in exact if entry.active] or _by_id(text, table)
    meant = _by_alias(wanted, table, [alias for alias in aliases if not alias.leaf], today)
    former = _by_alias(wanted, table, [alias for alias in aliases if alias.leaf], today)
    hits = hits or meant or exact or list({entry.id: entry for entry in (*_by_leaf(wanted, table), *former)}.values())
    active = [entry for entry in hits if entry.active]
    if len(active) == 1:
        return Resolved(active[0].id, plain_path(active[0], table))
    if active:
        return Ambiguous(text, tuple(sorted(plain_path(entry, table) for entry in active)))
    if hits:
        return Inactive(text, hits[0].id)
    return Unmapped(text, nearest(text, table))


@lru_cache(maxsize=10_000)
def key_of(path: str) -> str:
    """The form in which full names are compared."""
    return ":".join(part.strip() for part in unicodedata.normalize("NFC", path).casefold().split(":"))


def _named(wanted: str, table: Table) -> list[Named]:
    """Entries with this full name, as people gave it; an inactive one is also meant by the name that QuickBooks shows.

    One that is really called so goes before those that only show it.
    """
    hits = [entry for entry in table.values() if key_of(plain_path(entry, table)) == wanted]
    return hits or [entry for entry in table.values() if key_of(entry.fully_qualified_name) == wanted]


def nearest(text: str, table: Table, count: int = 3) -> tuple[str, ...]:
    """Full names of active entries most like `text`, best first; a like leaf counts as much as a like full name."""
    wanted = key_of(text)
    names = sorted(plain_path(entry, table) for entry in table.values() if entry.active)
    return tuple(sorted(names, key=lambda name: -_likeness(wanted, key_of(name)))[:count])


def _likeness(wanted: str, path: str) -> float:
    whole = fuzz.token_sort_ratio(wanted.replace(":", " "), path.replace(":", " "))
    return max(whole, fuzz.ratio(wanted, path.rpartition(":")[2]))


def label(entry: Named, table: Table) -> str:
    """How an entry is written in Salesforce: its full name, or `<leaf> [#id]` where that is too long (F.3)."""
    path = plain_path(entry, table)
    return path if len(path) <= MAX_TEXT else f"{path.rpartition(':')[2]} [#{entry.id}]"


def aliases_of(settings: Mapping[str, str], dim: Dim, table: Table) -> tuple[Alias, ...]:
    """The aliases that the setting `dim_aliases` has for this dimension.

    A key is `department:<text>` or `class:<text>`, its value an id or a full name. A key without either prefix counts
    for both dimensions, with full names only: an id alone could belong to the other one.
    """
    aliases = []
    for key, value in settings.items():
        own, _, text = key.partition(":")
        if own.strip().casefold() == dim:
            aliases += [Alias(text, id_) for id_ in _target(value, table, ids=True)]
        elif own.strip().casefold() not in ("department", "class"):
            aliases += [Alias(key, id_) for id_ in _target(value, table, ids=False)]
    return tuple(aliases)


def _target(value: str, table: Table, *, ids: bool) -> list[str]:
    if ids and value.strip() in table:
        return [value.strip()]
    return [entry.id for entry in _named(key_of(value), table)]


def _by_id(text: str, table: Table) -> list[Named]:
    match = _BY_ID.fullmatch(text.strip())
    entry = table.get(match["id"].strip()) if match else None
    return [entry] if entry else []


def _by_alias(wanted: str, table: Table, aliases: Sequence[Alias], today: date | None) -> list[Named]:
    ids = dict.fromkeys(alias.id for alias in aliases if key_of(alias.text) == wanted and _lives(alias, today))
    return [table[id_] for id_ in ids if id_ in table]


def _lives(alias: Alias, today: date | None) -> bool:
    return alias.until is None or (today is not None and today <= alias.until)


def _by_leaf(wanted: str, table: Table) -> list[Named]:
    return [entry for entry in table.values() if key_of(plain_path(entry, table)).rpartition(":")[2] == wanted]
