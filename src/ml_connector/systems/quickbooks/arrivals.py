"""What changed in a company: change data capture and listings. All of it is knocks, none is data.

Facts: reference section 8. What arrives by itself, the webhooks, stands in `webhooks.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ml_connector.model.continuity import BEGINNING
from ml_connector.model.errors import BadAnswer, NoPosition, ReadRefused
from ml_connector.model.reading import NOTHING, IdPage, Order, Resume, Sweep, Take, ascend, id_key
from ml_connector.model.refs import Change, Ref
from ml_connector.systems import wire

from .calls import Calls, IdOnly, part, rows_of
from .query import KINDS, OVERLAP, count, select
from .records import SYSTEM, Meta

FULL = 1000
"""A list of change data capture with as many entries may be cut off; there is no second page."""

_SLACK = 10
"""A sum that is this much above the limit cannot come from one limit for all lists together."""
AGAIN = timedelta(minutes=5)
"""Asked again each time: what is committed late can carry an earlier time, and times have whole seconds only."""
_AHEAD = timedelta(days=1)
LOOK_BACK = timedelta(days=29)
"""A day less than QuickBooks can look back (reference section 8)."""
PROOF_HOLDS = timedelta(days=30)
"""How long an answer of more than 1,000 entries proves that the limit is one for each list."""


class _Stub(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """As much of an object as a knock needs. Deleted ones carry no more than this."""

    id: str
    meta_data: Meta = Meta()
    status: str = msgspec.field(name="status", default="")


class _Timed(msgspec.Struct, frozen=True):
    time: datetime


class Position(msgspec.Struct, frozen=True):
    """Up to when the changes are known, and since when it is proved that each list has a limit of its own."""

    at: datetime
    proved: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Position:
        """Raises `NoPosition` for what is no position of ours."""
        try:
            at, *proved = map(datetime.fromisoformat, text.split())
            return cls(at.astimezone(UTC), proved[0] if proved else None) if at.tzinfo else cls._wrong()
        except (ValueError, OverflowError):
            return cls._wrong()

    @staticmethod
    def _wrong() -> Position:
        raise NoPosition("The stored position of QuickBooks is not a time.", "Run a backfill:  ml-connector backfill")

    def text(self) -> str:
        """The position as it is stored."""
        return " ".join(at.astimezone(UTC).isoformat() for at in (self.at, self.proved) if at)

    def each_list_has_its_own(self) -> bool:
        """Whether an answer has lately shown that 1,000 is the limit of a list, not of all (open in reference 8)."""
        return self.proved is not None and self.at - self.proved <= PROOF_HOLDS


async def sweep(
    calls: Calls,
    kinds: Sequence[str],
    position: str | None,
    now: datetime,
    take: Take | None = None,
    resume: Resume = NOTHING,
) -> Sweep:
    """Knocks since `position`: one call for all kinds. None lists everything, but for what `resume` has listed before.

    A position too old to ask for lists what changed since.

    `truncated` and `doubtful` name kinds of which deletions may be missing: only a comparison of ids finds those.
    Kinds that QuickBooks does not list by change (preferences) are left out; they are polled as references.
    Raises `BadAnswer` for a time that lies ahead: whatever changes before it would never be asked for.
    """
    swept = await _swept(calls, kinds, position, now, take, resume)
    if swept.covered_to > now + _AHEAD:
        raise BadAnswer("QuickBooks names a time that lies ahead.", "Check the clock of this machine.")
    return swept


async def _swept(
    calls: Calls, kinds: Sequence[str], position: str | None, now: datetime, take: Take | None, resume: Resume
) -> Sweep:
    known = [kind for kind in dict.fromkeys(kinds) if kind in KINDS]
    if position is None or not known:
        return await _listed(calls, known, None, now, take, resume)
    since = Position.parse(position)
    if now - since.at > LOOK_BACK:
        return await _listed(calls, known, since.at, now, take)
    try:
        return await _captured(calls, known, since)
    except ReadRefused:
        return await _listed(calls, known, since.at, now, take)


async def pages(
    calls: Calls, kinds: Sequence[str], since: datetime | None, resume: Resume = NOTHING
) -> AsyncIterator[tuple[datetime, list[Change]]]:
    """Knocks for all records, or all changed since, a page at a time, with the vendor's time of each answer.

    What `resume` has listed is left out, but for some of the last: records may have been deleted meanwhile. Whatever
    moved out of sight all the same, a comparison of ids finds.
    """
    source = "backfill" if since is None else "listing"
    for kind in kinds:
        start = max(1, resume.get(kind, (0, ""))[0] + 1 - 2 * OVERLAP)
        before: set[Ref] = set()
        while True:
            time, rows = await _page(calls, kind, since, start)
            knocks = _knocks(kind, rows, source, time)
            yield time, [knock for knock in knocks if knock.ref not in before]
            before = {knock.ref for knock in knocks}
            if len(rows) < FULL:
                break
            start += len(rows) - OVERLAP


async def _page(calls: Calls, kind: str, since: datetime | None, start: int) -> tuple[datetime, list[Any]]:
    """One page of a list. Where a record spoils it, the ids alone are asked for, which no record can spoil."""
    what = f"a list of {kind}"
    conditions = _changed_since(since)
    try:
        tree = await calls.query(select(kind, *conditions, start=start), what)
    except ReadRefused:
        tree = await calls.query(select(kind, *conditions, start=start, what="Id, MetaData"), what)
    return _time(tree, what), rows_of(tree, kind, what)


async def ids(calls: Calls, kind: str, position: str) -> IdPage | None:
    """A page of the ids of a kind, for one metered read. Raises `BadAnswer` for an order that is none of ours.

    That QuickBooks orders ids as numbers is not documented: the first full page shows it. Each page begins with rows
    of the one before, so that up to as many deletions between the two move nothing out of sight.
    """
    if kind not in KINDS:
        return None
    order, start = _id_position(position)
    what = f"the ids of {kind}"
    rows = rows_of(await calls.query(select(kind, start=start, what="Id"), what), kind, what)
    listed = [stub.id for stub in wire.convert_each(rows, IdOnly, what)]
    more = len(listed) >= FULL
    order = order or next((name for name in _ORDERS if ascend(listed, name)), None)
    if order is None or not ascend(listed, order):
        if more or position:
            raise BadAnswer(f"QuickBooks lists {what} in no known order.", "They are compared again later.")
        # The only page is complete, in whatever order.
        order = "number"
    ordered = sorted(set(listed), key=lambda record_id: id_key(record_id, order))
    return IdPage(ordered, f"{order} {start + len(listed) - OVERLAP}" if more else "", order)


_ORDERS: tuple[Order, ...] = ("number", "text")


def _id_position(text: str) -> tuple[Order | None, int]:
    name, _, start = text.partition(" ")
    order = next((order for order in _ORDERS if order == name), None)
    return (order, int(start)) if order and start.isdecimal() and len(start) < 16 else (None, 1)


async def _listed(
    calls: Calls,
    kinds: Sequence[str],
    since: datetime | None,
    now: datetime,
    take: Take | None,
    resume: Resume = NOTHING,
) -> Sweep:
    changes: list[Change] = []
    begun: datetime | None = None
    refused: dict[str, ReadRefused] = {}
    for kind in kinds:
        try:
            async for time, knocks in pages(calls, [kind], since, resume):
                begun = begun or time
                (take or changes.extend)(knocks)
        except ReadRefused as error:  # the other kinds go on
            refused[kind] = error
    begun = begun or now
    truncated = () if since is None else tuple(kinds)
    asked = dict.fromkeys(kinds, since or BEGINNING)
    return Sweep(changes, Position(begun).text(), begun, truncated, refused=refused, asked=asked)


async def _captured(calls: Calls, kinds: Sequence[str], since: Position) -> Sweep:
    from_when = since.at - AGAIN
    what = "the changes of a company"
    tree = await calls.get("cdc", {"entities": ",".join(kinds), "changedSince": from_when.isoformat()}, what)
    time = _time(tree, what)
    lists = {kind: _stubs(rows, what) for kind, rows in _cdc_lists(tree, what)}
    changes = {ref: change for kind, stubs in lists.items() for ref, change in _changes(kind, stubs, "cdc", time)}
    position = Position(time, time if sum(map(len, lists.values())) >= FULL + _SLACK else since.proved)
    full, unheard = _perhaps_cut(kinds, lists, own=position.each_list_has_its_own())
    truncated: list[str] = []
    for kind in full:
        live = sum(stub.status != "Deleted" for stub in lists[kind])
        if live < await _count(calls, kind, from_when):
            truncated.append(kind)
            async for _, knocks in pages(calls, [kind], from_when):
                changes.update((knock.ref, knock) for knock in knocks)
    doubtful = [kind for kind in full if kind not in truncated]
    if unheard:
        others = await _captured(calls, unheard, since)
        changes.update((knock.ref, knock) for knock in others.changes)
        truncated += others.truncated
        doubtful += others.doubtful
    asked = dict.fromkeys(kinds, from_when)
    return Sweep(list(changes.values()), position.text(), time, tuple(truncated), tuple(doubtful), asked=asked)


async def _count(calls: Calls, kind: str, since: datetime) -> int:
    what = f"a count of {kind}"
    answer = part(await calls.query(count(kind, *_changed_since(since)), what), "QueryResponse", what)
    total = answer.get("totalCount")
    if not isinstance(total, int):
        raise BadAnswer("QuickBooks answered a count without a number.", "It is read again later.")
    return total


def _perhaps_cut(
    kinds: Sequence[str], lists: Mapping[str, Sequence[_Stub]], *, own: bool
) -> tuple[list[str], list[str]]:
    """Kinds whose list may be cut off, and kinds that may not have been heard at all.

    Whether the limit holds for each list (`own`) or for all together is not documented. A sum right at the limit may
    mean the latter; a larger sum proves the former.
    """
    filled = [kind for kind in kinds if lists.get(kind)]
    if not own and FULL <= sum(map(len, lists.values())) < FULL + _SLACK:
        return filled, [kind for kind in kinds if kind not in filled]
    return [kind for kind in filled if len(lists[kind]) >= FULL], []


def _cdc_lists(tree: Any, what: str) -> list[tuple[str, Any]]:
    """The lists of an answer by kind; found by name, since their order is not promised."""
    outer = tree.get("CDCResponse") if isinstance(tree, dict) else None
    if not isinstance(outer, list):
        raise BadAnswer(f"QuickBooks answered without CDCResponse ({what}).", "It is read again later.")
    found = [entry.get("QueryResponse") or [] for entry in outer if isinstance(entry, dict)]
    if not all(isinstance(blocks, list) for blocks in found):
        raise BadAnswer(f"QuickBooks answered a QueryResponse that is no list ({what}).", "It is read again later.")
    blocks = [block for blocks in found for block in blocks]
    return [
        (kind, rows) for block in blocks if isinstance(block, dict) for kind, rows in block.items() if kind in KINDS
    ]


def _stubs(rows: Any, what: str) -> list[_Stub]:
    return wire.convert_each(rows, _Stub, what)


def _changes(kind: str, stubs: Sequence[_Stub], source: str, time: datetime) -> list[tuple[Ref, Change]]:
    refs = [Ref(SYSTEM, kind, stub.id) for stub in stubs]
    whens = [_utc(stub.meta_data.last_updated_time or time, f"a list of {kind}") for stub in stubs]
    return [(ref, Change(ref, source, at)) for ref, at in zip(refs, whens, strict=True)]


def _knocks(kind: str, rows: Any, source: str, time: datetime) -> list[Change]:
    return [change for _, change in _changes(kind, _stubs(rows, f"a list of {kind}"), source, time)]


def _time(tree: Any, what: str) -> datetime:
    """When the vendor took the request: nothing that changed later is covered by its answer."""
    time = wire.convert(tree, _Timed, what).time
    if time.tzinfo is None:
        raise BadAnswer(f"QuickBooks answered a time without a zone ({what}).", "It is read again later.")
    return _utc(time, what)


def _utc(time: datetime, what: str) -> datetime:
    if not 2000 <= time.year < 2100:  # nothing can be added to the last instant of all, or subtracted from the first
        raise BadAnswer(f"QuickBooks answered a time of another century ({what}).", "It is read again later.")
    return time.astimezone(UTC)


def _changed_since(since: datetime | None) -> tuple[str, ...]:
    return () if since is None else (f"MetaData.LastUpdatedTime >= '{since.isoformat(timespec='seconds')}'",)
