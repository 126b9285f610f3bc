"""Does QuickBooks have a write whose answer we never saw? Judged by what stands there, never by `requestid`.

Rules: accounting-rules B.11 and E.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.model.plans import Foreign, LookUp, Missing, OpenWrite, Unsure
from ml_connector.systems import wire

from . import records as r
from .calls import Api
from .query import among, portions
from .writing import done, sent

CLOCK_SKEW = timedelta(minutes=10)
"""How far apart our clock and the vendor's may be."""

_NOT_COMPARED = frozenset({"Country", "sparse", "SyncToken", "name"})
"""Countries come back in another spelling (reference 0.1); names of references are filled in by QuickBooks."""


async def look_up(api: Api, writes: Sequence[OpenWrite]) -> list[LookUp]:
    """One answer each, in order; one query per kind of question and 1,000 writes."""
    journals = [each for each in writes if each.write.kind == r.JournalEntry.KIND]
    creates = [each for each in writes if each.write.kind == r.Customer.KIND and each.write.action == "create"]
    updates = [each for each in writes if each.write.kind == r.Customer.KIND and each.write.action == "update"]
    answers: dict[str, LookUp] = {}
    if journals:
        answers |= await _journals(api, journals)
    if creates:
        answers |= await _created_customers(api, creates)
    if updates:
        answers |= await _updated_customers(api, updates)
    return [answers[each.id] for each in writes]


async def _journals(api: Api, writes: Sequence[OpenWrite]) -> dict[str, LookUp]:
    numbers = [sent(each).get("DocNumber", "") for each in writes]
    rows = await _rows(api, r.JournalEntry.KIND, "DocNumber", numbers)
    entries = wire.convert_each(rows, r.JournalEntry, "journal entries")
    return {
        each.id: judge_journal(each, [entry for entry in entries if entry.doc_number == number])
        for each, number in zip(writes, numbers, strict=True)
    }


def judge_journal(write: OpenWrite, candidates: Sequence[r.JournalEntry]) -> LookUp:
    """Ours when the key in the note and all lines agree. Our key over other lines is neither adopted nor re-sent."""
    draft = r.JournalDraft.of_body(sent(write))
    key = r.note_fields(draft.private_note).get("key", "")
    ours = [entry for entry in candidates if key and entry.note.get("key") == key]
    for entry in sorted(ours, key=lambda entry: (len(entry.id), entry.id)):
        if r.same_lines(entry.postings, draft.lines):
            return done(entry, write)
    if ours:
        return Unsure("a journal entry with our key stands there with other lines")
    if candidates:
        return Foreign(candidates[0].ref, "the number is taken by an entry that is not ours")
    return Missing()


async def _created_customers(api: Api, writes: Sequence[OpenWrite]) -> dict[str, LookUp]:
    names = [sent(each).get("DisplayName", "") for each in writes]
    rows = await _rows(api, r.Customer.KIND, "DisplayName", names)
    by_name = {str(row.get("DisplayName", "")).casefold(): row for row in rows}
    return {
        each.id: judge_new_customer(each, by_name.get(name.casefold()))
        for each, name in zip(writes, names, strict=True)
    }


def judge_new_customer(write: OpenWrite, row: Mapping[str, Any] | None) -> LookUp:
    """Ours when it was made since the write was noted and says all that the write says (accounting-rules E.6)."""
    if row is None:
        return Missing()
    found = wire.convert(row, r.Customer, "a customer")
    made = found.created_at
    if made is None or made < write.noted_at - CLOCK_SKEW:
        return Foreign(found.ref, "the name is taken by a customer that was there before")
    if not says(row, sent(write)):
        return Foreign(found.ref, "the name is taken by another new customer")
    return done(found, write)


async def _updated_customers(api: Api, writes: Sequence[OpenWrite]) -> dict[str, LookUp]:
    rows = await _rows(api, r.Customer.KIND, "Id", [each.write.target_id for each in writes])
    by_id = {row.get("Id"): row for row in rows}
    return {each.id: judge_update(each, by_id.get(each.write.target_id)) for each in writes}


def judge_update(write: OpenWrite, row: Mapping[str, Any] | None) -> LookUp:
    """Done when the record says all that the write says, whoever wrote it."""
    if row is None or not says(row, sent(write)):
        return Missing()
    return done(wire.convert(row, r.Customer, "a customer"), write)


async def _rows(api: Api, kind: str, field: str, values: Sequence[str]) -> list[Any]:
    found: dict[str, Any] = {}
    for portion in portions(values):
        async for rows in api.pages(kind, among(field, portion)):
            found |= {row.get("Id", ""): row for row in rows if isinstance(row, dict)}
    return list(found.values())


def says(there: Any, ours: Any) -> bool:
    """Whether what stands there holds all that we wrote; what QuickBooks adds or spells anew does not count.

    An empty text of ours is said by an absent field: only properties with a value are returned.
    """
    if isinstance(ours, dict):
        inner = there if isinstance(there, dict) else {}
        return all(name in _NOT_COMPARED or says(inner.get(name), value) for name, value in ours.items())
    if isinstance(ours, list | tuple):
        return isinstance(there, list) and len(there) == len(ours) and all(map(says, there, ours))
    if isinstance(ours, bool) or ours is None:
        return bool(there) == bool(ours)
    if isinstance(ours, int | Decimal):
        return isinstance(there, int | Decimal) and there == ours
    return " ".join(str(there or "").split()) == " ".join(str(ours).split())
