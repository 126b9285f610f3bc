"""An entry that is too long for one is posted as several parts, one after the other (accounting-rules B.11).

The parts are planned and approved together. When the first one stands in the books, its link keeps the others as they
were approved: from then on the list is finished as it is, whatever becomes of the order or the settings. Only the day
is looked at again, because a part must not fall into a month that was closed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec

from ml_connector.model.refs import Link, Ref
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.records import note_fields

from .dates import closed_to, posting_day
from .entry import EntryPart
from .identity import note
from .postings import posting_ref

_NAMED = 3
_MARK_LENGTH = 255
_UNCUT = 1_000_000
_DECODER = msgspec.json.Decoder(tuple[EntryPart, ...])


def kept(parts: Sequence[EntryPart], max_lines: int) -> dict[str, str]:
    """What the link of the first part keeps of a list: the parts that follow it, and what it was cut by."""
    if len(parts) < 2:
        return {}
    return {"rest": msgspec.json.encode(parts[1:]).decode(), "max_lines": str(max_lines)}


def rest_of(link: Link) -> tuple[EntryPart, ...]:
    """The parts that follow the first one, as they were approved."""
    return _DECODER.decode(link.agreed.get("rest") or "[]")


def part_ref(order_id: str, part: EntryPart) -> Ref:
    """The source of the link that a part has once it is posted."""
    return posting_ref(order_id, part.identity.kind, part.identity.seq)


def missing(order_id: str, first: Link | None, link_of: Callable[[Ref], Link | None]) -> tuple[EntryPart, ...]:
    """The parts of an order that are not posted yet, after `first`, the link of its first one; none without it."""
    rest = rest_of(first) if first else ()
    return tuple(part for part in rest if link_of(part_ref(order_id, part)) is None)


def cut_as_posted(rules: Rules, link: Link | None) -> Rules:
    """The rules, cutting an entry into parts as it was cut when it was posted."""
    if link is None:
        return rules
    return msgspec.structs.replace(rules, max_lines=int(link.agreed.get("max_lines") or _UNCUT))


def facts(posted: Sequence[str], parts: Sequence[EntryPart]) -> Mapping[str, str]:
    """What a hold says of an order that is posted in part: the numbers posted, and those of `parts`, which are not."""
    return {"posted": _named(posted), "missing": _named([part.draft.doc_number for part in parts])}


def _named(numbers: Sequence[str]) -> str:
    if len(numbers) <= _NAMED:
        return ", ".join(numbers)
    return f"{numbers[0]} to {numbers[-1]} ({len(numbers)} entries)"


def posted_numbers(link: Link, missing: Sequence[EntryPart]) -> list[str]:
    """The numbers of the parts that are posted, given those that are not."""
    open_ = {part.draft.doc_number for part in missing}
    numbers = [link.agreed.get("doc_number") or "", *(part.draft.doc_number for part in rest_of(link))]
    return [number for number in numbers if number not in open_]


def mark(link: Link) -> str | None:
    """What the order shows as its journal entry: the numbers of all parts, or the first and the last."""
    rest = [part.draft.doc_number for part in rest_of(link)]
    first = link.agreed.get("doc_number")
    if not rest or first is None:
        return first
    text = ", ".join([first, *rest])
    return text if len(text) <= _MARK_LENGTH else f"{first} to {rest[-1]}"


def on_open_day(
    parts: Sequence[EntryPart], book_close_date: date | None, rules: Rules, today: date
) -> tuple[tuple[EntryPart, ...], bool]:
    """The parts on a day that is open, and whether they had to move there. Raises `Held` (H-CLOSED, H-FUTURE)."""
    draft = parts[0].draft
    original = date.fromisoformat(note_fields(draft.private_note).get("orig") or draft.txn_date.isoformat())
    last_closed = closed_to(book_close_date, rules)
    if last_closed is None or draft.txn_date > last_closed:
        return tuple(parts), original != draft.txn_date
    day = posting_day(original, book_close_date, rules, today)
    return tuple(_moved(part, day.day, original) for part in parts), True


def _moved(part: EntryPart, day: date, original: date) -> EntryPart:
    address = part.draft.private_note.partition("\n")[2]
    draft = msgspec.structs.replace(part.draft, txn_date=day, private_note=note(part.identity, address, original))
    return EntryPart(part.identity, draft)
