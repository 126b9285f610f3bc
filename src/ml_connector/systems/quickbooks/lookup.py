"""Does QuickBooks have a write whose answer we never saw?

The vendor could tell by itself: a write sent again under its `requestid` is not done again, and the first answer comes
back. We do not rest on that, because nobody says for how long a `requestid` is remembered, nor what comes back under
one that is used with another body (reference 2.1). A process that was down for a week, or a backup that was restored,
would post a second time. So a write is judged by what stands in the company now, and only what is surely not there goes
out again, under the same `requestid`, which then guards against the first request arriving late.

There are four answers, by record:

- A journal entry is found by its number; the note is no key, since it cannot be searched. It is ours if the key in its
  note and all its lines agree with what we sent. Our key over other lines is `Unsure`: somebody has edited it after it
  was posted. Adopting it would report figures that are not there, posting anew would double it; a person must look. The
  number on an entry without our key is `Foreign`.
- A new customer is found by its display name, which only one of customers, vendors and employees can have. It carries
  no key of ours, so it is ours only if it was made since we noted the write and says all that we wrote; otherwise it is
  `Foreign`. A vendor or employee of that name is not found here: sending again is refused then, which does no harm.
- A changed customer is `Done` when it says all that we wrote, whoever wrote it, and `Missing` when not: the engine then
  drops the write and decides anew, because someone may have changed the record meanwhile.
- What is not there at all is `Missing`.

Rules: accounting-rules B.11 and E.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.model.plans import Foreign, LookUp, Missing, OpenWrite, Unsure
from ml_connector.systems import wire

from .calls import Calls
from .records import Customer, JournalDraft, JournalEntry, note_fields, same_lines
from .writing import done, sent

CLOCK_SKEW = timedelta(minutes=10)
"""How far apart our clock and the vendor's may be."""

_NOT_COMPARED = frozenset({"Country", "sparse", "SyncToken", "name"})
"""Countries come back in another spelling (reference 0.1); names of references are filled in by QuickBooks."""


async def look_up(calls: Calls, writes: Sequence[OpenWrite]) -> list[LookUp]:
    """One answer each, in order; one query per kind of question and 1,000 writes."""
    journals = [write for write in writes if write.write.kind == JournalEntry.KIND]
    creates = [write for write in writes if write.write.kind == Customer.KIND and write.write.action == "create"]
    updates = [write for write in writes if write.write.kind == Customer.KIND and write.write.action == "update"]
    answers: dict[str, LookUp] = {}
    if journals:
        answers |= await _journals(calls, journals)
    if creates:
        answers |= await _created_customers(calls, creates)
    if updates:
        answers |= await _updated_customers(calls, updates)
    return [answers[write.id] for write in writes]


async def _journals(calls: Calls, writes: Sequence[OpenWrite]) -> dict[str, LookUp]:
    numbers = [sent(write).get("DocNumber", "") for write in writes]
    rows = await _rows(calls, JournalEntry.KIND, "DocNumber", numbers)
    entries = wire.convert_each(rows, JournalEntry, "journal entries")
    return {
        write.id: judge_journal(write, [entry for entry in entries if entry.doc_number == number])
        for write, number in zip(writes, numbers, strict=True)
    }


def judge_journal(write: OpenWrite, candidates: Sequence[JournalEntry]) -> LookUp:
    """Ours when the key in the note and all lines agree. Our key over other lines is neither adopted nor re-sent.

    `candidates` have the number of the write. Of several that are ours, the oldest (the lowest id) counts.
    """
    draft = JournalDraft.of_body(sent(write))
    key = note_fields(draft.private_note).get("key", "")
    ours = [entry for entry in candidates if key and entry.note.get("key") == key]
    for entry in sorted(ours, key=lambda entry: (len(entry.id), entry.id)):
        if same_lines(entry.postings, draft.lines):
            return done(entry, write)
    if ours:
        return Unsure("a journal entry with our key stands there with other lines")
    if candidates:
        return Foreign(candidates[0].ref, "the number is taken by an entry that is not ours")
    return Missing()


async def _created_customers(calls: Calls, writes: Sequence[OpenWrite]) -> dict[str, LookUp]:
    names = [sent(write).get("DisplayName", "") for write in writes]
    rows = await _rows(calls, Customer.KIND, "DisplayName", names)
    by_name = {str(row.get("DisplayName", "")).casefold(): row for row in rows}
    return {
        write.id: judge_new_customer(write, by_name.get(name.casefold()))
        for write, name in zip(writes, names, strict=True)
    }


def judge_new_customer(write: OpenWrite, row: Mapping[str, Any] | None) -> LookUp:
    """Ours when it was made since the write was noted and says all that the write says (accounting-rules E.6).

    `row` is the customer with that display name, as JSON, if there is one.
    """
    if row is None:
        return Missing()
    customer = wire.convert(row, Customer, "a customer")
    made = customer.created_at
    if made is None or made < write.noted_at - CLOCK_SKEW:
        return Foreign(customer.ref, "the name is taken by a customer that was there before")
    if not says(row, sent(write)):
        return Foreign(customer.ref, "the name is taken by another new customer")
    return done(customer, write)


async def _updated_customers(calls: Calls, writes: Sequence[OpenWrite]) -> dict[str, LookUp]:
    rows = await _rows(calls, Customer.KIND, "Id", [write.write.target_id for write in writes])
    by_id = {row.get("Id"): row for row in rows}
    return {write.id: judge_update(write, by_id.get(write.write.target_id)) for write in writes}


def judge_update(write: OpenWrite, row: Mapping[str, Any] | None) -> LookUp:
    """Done when the record says all that the write says, whoever wrote it. `row` is the record as JSON."""
    if row is None or not says(row, sent(write)):
        return Missing()
    return done(wire.convert(row, Customer, "a customer"), write)


async def _rows(calls: Calls, kind: str, field: str, values: Sequence[str]) -> list[Any]:
    rows_by_id: dict[str, Any] = {}
    async for rows in calls.having(kind, field, values):
        rows_by_id |= {row.get("Id", ""): row for row in rows if isinstance(row, dict)}
    return list(rows_by_id.values())


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
