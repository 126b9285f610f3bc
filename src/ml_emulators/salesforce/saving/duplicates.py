"""Duplicate rules (salesforce reference 2.1, 2.6): a switch turns one on for Account or Contact.

Names are matched as the standard rules do it, not letter by letter: without legal forms, accents and punctuation, and
with a slip of the pen. How much alike they must be is from memory.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

_NAMES = {"Account": "Name", "Contact": "Name"}
_EXACT = {"Contact": ("Email",)}
_ALIKE = 0.85
_FORMS = frozenset(
    {
        *("inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "ltd", "limited", "plc"),
        *("gmbh", "ag", "kg", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "oy", "ab", "as", "pty", "the", "and"),
    }
)
_WORD = re.compile(r"[^\W_]+")
_TEXT = "Use one of these records?"


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """What is compared of a name: `The Acme Café, Inc.` -> `acme cafe`."""
    bare = unicodedata.normalize("NFKD", name.casefold().replace("'", "").replace("’", ""))
    words = _WORD.findall("".join(letter for letter in bare if not unicodedata.combining(letter)))
    return " ".join(word for word in words if word not in _FORMS) or " ".join(words)


def likeness(name: str, other: str) -> float:
    """How much alike two names are, from 0 to 1."""
    first, second = plain(name), plain(other)
    if first == second:
        return 1.0
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    return matcher.ratio()


def _matches(tx: Tx, kind: SObject, record: Record) -> list[tuple[Record, float]]:
    """The other records that the rule takes for the same, with how sure it is, the surest first."""
    name = str(record.get(_NAMES[kind.name]) or "")
    if not name:
        return []
    matches = []
    for row in tx.world.state.tables[kind.name].live.values():
        if row["Id"] != record.get("Id") and _agree(kind, record, row):
            alike = likeness(name, str(row.get(_NAMES[kind.name]) or ""))
            matches += [(row, alike)] if alike >= _ALIKE else []
    return sorted(matches, key=lambda pair: (-pair[1], pair[0]["Id"]))


def _agree(kind: SObject, record: Record, row: Record) -> bool:
    """Whether what must be equal is, where the new record has it."""
    for name in _EXACT.get(kind.name, ()):
        value = record.get(name)
        if value is not None and str(value).casefold() != str(row.get(name)).casefold():
            return False
    return True


def _shown(tx: Tx, kind: SObject, row: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {"attributes": {"type": kind.name, "url": ""}, "Id": row["Id"]}
    if tx.show_duplicates and kind.name_of:
        shown[kind.name_of] = row.get(kind.name_of)
    return shown


def _match_entry(tx: Tx, kind: SObject, row: Record, alike: float) -> dict[str, Any]:
    return {
        "matchConfidence": Decimal(f"{alike * 100:.1f}"),
        "additionalInformation": [],
        "fieldDiffs": [],
        "record": _shown(tx, kind, row),
    }


def check_duplicates(tx: Tx, kind: SObject, new: Record, old: Record | None) -> None:
    """Raises DUPLICATES_DETECTED as the rule says: an alert can be passed by header, a block cannot."""
    mode = tx.switches.duplicate_rules.get(kind.name)
    if mode is None or kind.name not in _NAMES or (mode == "alert" and tx.allow_duplicates):
        return
    keys = (_NAMES[kind.name], *_EXACT.get(kind.name, ()))
    if old is not None and all(old.get(name) == new.get(name) for name in keys):
        return
    if matches := _matches(tx, kind, new):
        raise _detected(tx, kind, matches, passable=mode == "alert")


def _detected(tx: Tx, kind: SObject, matches: list[tuple[Record, float]], *, passable: bool) -> ApiError:
    rule = tx.switches.duplicate_rule_names.get(kind.name, f"Standard_{kind.name}_Duplicate_Rule")
    result = {
        "allowSave": passable,
        "duplicateRule": rule,
        "duplicateRuleEntityType": kind.name,
        "errorMessage": _TEXT,
        "matchResults": [
            {
                "entityType": kind.name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "rule": f"Standard_{kind.name}_Match_Rule_v1_0",
                "size": len(matches),
                "success": True,
                "matchRecords": [_match_entry(tx, kind, row, alike) for row, alike in matches],
            }
        ],
    }
    return ApiError("DUPLICATES_DETECTED", _TEXT, extra={tx.switches.duplicate_key: result})
