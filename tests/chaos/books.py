"""What both vendors show, without ids and times: records named by what they are, so that two runs can be compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from ml_emulators.kit.emulation import Emulation

Json = dict[str, Any]
State = Mapping[str, Sequence[Json]]
"""Records by name (`Account Alder Analytics`); more than one is more than there should be."""

_QUICKBOOKS: Mapping[str, Callable[[Json], str]] = {
    "Customer": lambda row: row["DisplayName"],
    "JournalEntry": lambda row: row["DocNumber"],
    "Invoice": lambda row: row["DocNumber"],
}
_SALESFORCE: Mapping[str, Callable[[Json], str]] = {
    "Account": lambda row: row["Name"],
    "Contact": lambda row: (row.get("Email") or row.get("LastName") or "").casefold(),
    "Opportunity": lambda row: row.get("QBO_Invoice_Number__c") or row["Name"],
    "OpportunityContactRole": lambda row: f"{row['ContactId']} on {row['OpportunityId']}",
    "Order": lambda row: row["OrderNumber"],
}
_MOVING = frozenset(
    {
        "Id",
        "SyncToken",
        "MetaData",
        "V4IDPseudonym",
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
    }
    | {"SystemModstamp", "LastActivityDate", "LastViewedDate", "LastReferencedDate", "LastStageChangeDate", "TxnId"}
)
_ID = re.compile(r"\b[a-zA-Z0-9]{5}[0-9][a-zA-Z0-9]{9}[A-Z0-5]{3}\b")
_REALM = re.compile(r"^(\d{10,}):(\d+)")


def state_of(emulation: Emulation) -> State:
    """Every record that the runs are about."""
    quickbooks = {kind: _rows(emulation, "quickbooks", kind) for kind in _QUICKBOOKS}
    salesforce = {kind: _rows(emulation, "salesforce", kind) for kind in _SALESFORCE}
    names = {row["Id"]: _SALESFORCE[kind](row) for kind, rows in salesforce.items() for row in rows}
    ids = {(kind, row["Id"]): _QUICKBOOKS[kind](row) for kind, rows in quickbooks.items() for row in rows}
    found: dict[str, list[Json]] = {}
    for kind, rows in quickbooks.items():
        for row in rows:
            found.setdefault(f"{kind} {_QUICKBOOKS[kind](row)}", []).append(_plain(row, {}))
    for kind, rows in salesforce.items():
        for row in rows:
            outer = {"Account": "Customer", "Contact": "Customer", "Opportunity": "Invoice"}.get(kind, "")
            named = {**row, **_external(row, outer, ids)}
            name = _ID.sub(lambda match: names.get(match[0], match[0]), _SALESFORCE[kind](row))
            found.setdefault(f"{kind} {name}", []).append(_plain(named, names))
    return {name: sorted(rows, key=_text) for name, rows in found.items()}


def _rows(emulation: Emulation, system: str, kind: str) -> list[Json]:
    rows = emulation.vendors[system].records(kind)
    return [row for row in rows if not row.get("IsDeleted") and row.get("status") != "Deleted"]


def _external(row: Json, kind: str, ids: Mapping[tuple[str, str], str]) -> Json:
    """The external id with the name of the other side's record in place of its number."""
    value = row.get("QBO_Id__c")
    if not isinstance(value, str):
        return {}
    return {"QBO_Id__c": _REALM.sub(lambda match: f"{match[1]}:{ids.get((kind, match[2]), match[2])}", value)}


def _plain(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if "name" in value and "value" in value:
            return value["name"]
        return {
            name: _plain(inner, names) for name, inner in value.items() if inner is not None and name not in _MOVING
        }
    if isinstance(value, list):
        return [_plain(inner, names) for inner in value]
    if isinstance(value, str):
        return _ID.sub(lambda match: names.get(match[0], match[0]), value)
    return Decimal(value).normalize() if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _text(row: Json) -> str:
    return msgspec.json.encode(row, order="sorted").decode()


class Difference(msgspec.Struct):
    """Between a run and how it may end: what is missing or stands otherwise, and what there is too much."""

    lost: list[str] = []
    doubled: list[str] = []


def compare(found: State, ends: Sequence[State], loose: str = "") -> Difference:
    """Every record must stand as in one of the allowed ends; where they differ, each record for itself.

    What is found missing in the words of the pattern `loose` may be missing.
    """
    difference = Difference()
    for name in sorted({*found, *(name for end in ends for name in end)}):
        ours = found.get(name, ())
        allowed = [end.get(name, ()) for end in ends]
        if any(Counter(map(_text, ours)) == Counter(map(_text, rows)) for rows in allowed):
            continue
        most, least = max(map(len, allowed)), min(map(len, allowed))
        if len(ours) > most:
            difference.doubled.append(f"{name}: {len(ours)} instead of {most}")
        elif len(ours) < least:
            difference.lost.append(f"{name}: {len(ours)} instead of {least}")
        else:
            rows = next(rows for rows in reversed(allowed) if len(rows) == len(ours))
            difference.lost += [
                f"{name}: {each}" for mine, row in zip(ours, rows, strict=True) for each in _fields(mine, row)
            ]
    difference.lost = [each for each in difference.lost if not (loose and re.match(loose, each))]
    return difference


def _fields(ours: Json, theirs: Json) -> list[str]:
    names = sorted({*ours, *theirs})
    return [
        f"{name} is {ours.get(name)!r}, not {theirs.get(name)!r}"
        for name in names
        if ours.get(name) != theirs.get(name)
    ]
