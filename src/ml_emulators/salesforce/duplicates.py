"""The answer of duplicate rules (salesforce reference 2.6): a switch turns one on for Account or Contact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .errors import ApiError
from .schema import SObject
from .state import Record
from .world import Tx

_MATCH_ON = {"Account": ("Name",), "Contact": ("Name", "Email")}


def _matches(tx: Tx, kind: SObject, record: Record) -> list[Record]:
    keys = [name for name in _MATCH_ON.get(kind.name, ()) if record.get(name)]
    if not keys:
        return []
    found = tx.find(kind.name, keys[0], record[keys[0]])
    same = [row for row in found if all(_alike(row.get(name), record[name]) for name in keys)]
    return [row for row in same if row["Id"] != record.get("Id")]


def _alike(one: Any, other: Any) -> bool:
    return isinstance(one, str) and one.lower() == str(other).lower()


def _shown(tx: Tx, kind: SObject, row: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {"attributes": {"type": kind.name, "url": ""}, "Id": row["Id"]}
    if tx.show_duplicates and kind.name_of:
        shown[kind.name_of] = row.get(kind.name_of)
    return shown


def _match_entry(tx: Tx, kind: SObject, row: Record) -> dict[str, Any]:
    return {
        "matchConfidence": Decimal("100.0"),
        "additionalInformation": [],
        "fieldDiffs": [],
        "record": _shown(tx, kind, row),
    }


def check_duplicates(tx: Tx, kind: SObject, new: Record, old: Record | None) -> None:
    """Raises DUPLICATES_DETECTED as the rule says: an alert can be passed by header, a block cannot."""
    mode = tx.switches.duplicate_rules.get(kind.name)
    if mode is None or (mode == "alert" and tx.allow_duplicates):
        return
    keys = _MATCH_ON.get(kind.name, ())
    if old is not None and all(old.get(name) == new.get(name) for name in keys):
        return
    rows = _matches(tx, kind, new)
    if rows:
        raise _detected(tx, kind, rows, passable=mode == "alert")


def _detected(tx: Tx, kind: SObject, rows: list[Record], *, passable: bool) -> ApiError:
    text = "Use one of these records?"
    result = {
        "allowSave": passable,
        "duplicateRule": f"Standard_{kind.name}_Duplicate_Rule",
        "duplicateRuleEntityType": kind.name,
        "errorMessage": text,
        "matchResults": [
            {
                "entityType": kind.name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "rule": f"Standard_{kind.name}_Match_Rule_v1_0",
                "size": len(rows),
                "success": True,
                "matchRecords": [_match_entry(tx, kind, row) for row in rows],
            }
        ],
    }
    return ApiError("DUPLICATES_DETECTED", text, extra={tx.switches.duplicate_key: result})
