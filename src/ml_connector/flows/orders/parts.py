"""An entry that is too long for one is posted as several parts, one after the other (accounting-rules B.11).

The parts are planned and approved together. When the first one stands in the books, its link keeps the others as they
were approved: from then on the list is finished as it is, whatever becomes of the order or the settings. Only the day
is looked at again, because a part must not fall into a month that was closed meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from ml_connector.accounting.dates import posting_day
from ml_connector.accounting.entry import EntryPart
from ml_connector.accounting.identity import note
from ml_connector.accounting.postings import posting_ref
from ml_connector.model import money
from ml_connector.model.plans import Context, NeedLink, Together, Unattended
from ml_connector.model.refs import Link
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import SETTINGS
from ml_connector.systems.quickbooks.records import note_fields

from .limit import within_limit

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


def missing(order_id: str, link: Link, ctx: Context) -> tuple[EntryPart, ...]:
    """The parts of a list that are not posted yet. `link` is that of the first one, which is."""
    refs = {posting_ref(order_id, each.identity.kind, each.identity.seq): each for each in rest_of(link)}
    ctx.want(*(NeedLink(Role.JOURNAL, ref) for ref in refs))
    return tuple(part for ref, part in refs.items() if ctx.link(Role.JOURNAL, ref) is None)


def as_posted(rules: Rules, link: Link | None) -> Rules:
    """The rules, cutting an entry into parts as it was cut when it was posted."""
    if link is None:
        return rules
    return msgspec.structs.replace(rules, max_lines=int(link.agreed.get("max_lines") or _UNCUT))


def together(parts: Sequence[EntryPart], posted: Sequence[str] = ()) -> Together | None:
    """What the first of these parts is approved with; None for an entry in one part. `posted` are numbers."""
    if len(parts) < 2 and not posted:
        return None
    bodies = msgspec.json.encode(parts[1:]) if parts[1:] else b""
    return Together(
        followers=hashlib.sha256(bodies).hexdigest() if bodies else "",
        waiting=money.total(each.draft.total for each in parts),
        facts=facts(posted, parts) if posted else {},
    )


def facts(posted: Sequence[str], parts: Sequence[EntryPart]) -> Mapping[str, str]:
    """What a hold says of an order that is posted in part."""
    return {"posted": _named(posted), "missing": _named([each.draft.doc_number for each in parts])}


def _named(numbers: Sequence[str]) -> str:
    if len(numbers) <= _NAMED:
        return ", ".join(numbers)
    return f"{numbers[0]} to {numbers[-1]} ({len(numbers)} entries)"


def posted_numbers(link: Link, still: Sequence[EntryPart]) -> list[str]:
    """The numbers of the parts that are posted, given those that are not."""
    open_ = {each.draft.doc_number for each in still}
    numbers = [link.agreed.get("doc_number") or "", *(each.draft.doc_number for each in rest_of(link))]
    return [number for number in numbers if number not in open_]


def mark(link: Link) -> str | None:
    """What the order shows as its journal entry: the numbers of all parts, or the first and the last."""
    rest = [each.draft.doc_number for each in rest_of(link)]
    first = link.agreed.get("doc_number")
    if not rest or first is None:
        return first
    text = ", ".join([first, *rest])
    return text if len(text) <= _MARK_LENGTH else f"{first} to {rest[-1]}"


def on_open_day(
    parts: Sequence[EntryPart], closed: date | None, rules: Rules, today: date
) -> tuple[tuple[EntryPart, ...], bool]:
    """The parts on a day that is open, and whether they had to move there. Raises `Held` (H-CLOSED, H-FUTURE)."""
    draft = parts[0].draft
    original = date.fromisoformat(note_fields(draft.private_note).get("orig") or draft.txn_date.isoformat())
    last = max((day for day in (closed, rules.lock_date) if day), default=date.min)
    if draft.txn_date > last:
        return tuple(parts), original != draft.txn_date
    day = posting_day(original, closed, rules, today)
    return tuple(_moved(part, day.day, original) for part in parts), True


def _moved(part: EntryPart, day: date, original: date) -> EntryPart:
    address = part.draft.private_note.partition("\n")[2]
    draft = msgspec.structs.replace(part.draft, txn_date=day, private_note=note(part.identity, address, original))
    return EntryPart(part.identity, draft)


def unattended(link: Link, rules: Rules, home: str, *, moved: bool) -> Unattended:
    """Whether the rest may go out without a click: as the whole list would; never on another day (B.10)."""
    amounts = [link.agreed.get("total") or "0", *(money.plain(each.draft.total) for each in rest_of(link))]
    rate = money.exact(link.agreed.get("rate") or "1")
    total = money.total(money.exact(each) for each in amounts)
    small = within_limit(total, rate, home, rules)
    if small is None or moved:
        return Unattended(within=False, waits_for=(SETTINGS,))
    return Unattended(within=True, detail=small, waits_for=(SETTINGS,))
