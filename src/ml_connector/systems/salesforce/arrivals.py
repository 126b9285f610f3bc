"""The sweep: which records changed since the last one, asked by SystemModstamp (salesforce reference 2.4, 10).

Every list overlaps the one before by ten minutes, because rows committed later can carry an earlier stamp; that a
record is named twice is harmless. Deleted records are found in the Recycle Bin, which keeps them for 15 days.

A line of an order has no flow of its own: a change of an `OrderItem` is told as a knock on its `Order`, and whoever
sweeps orders sweeps their lines too. A deleted line leaves no trace of its own, but it moves the order's total.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import overload

import msgspec

from ml_connector.model.continuity import BEGINNING
from ml_connector.model.errors import BadAnswer, NoPosition, ReadRefused, WrongUse
from ml_connector.model.reading import NOTHING, IdPage, Resume, Sweep, Take, ascend
from ml_connector.model.refs import Change, Json, Ref

from . import bulk
from .calls import Calls, Refusals
from .catalog import Catalog
from .listing import Listing
from .query import Seen, hidden, literal, moment, statement
from .records import SYSTEM, instant, long_id

OVERLAP = timedelta(minutes=10)
LATE_COMMITS = timedelta(minutes=5)
BIN_KEEPS = timedelta(days=14)
"""A day less than the Recycle Bin keeps deleted records."""

OWNERS: Mapping[str, tuple[str, str]] = {"OrderItem": ("OrderId", "Order")}
"""Kinds without a flow of their own: the field that names the record they are a part of, and its kind."""
_STAMPED = ("Id", "SystemModstamp")
_ID = 18


class Position(msgspec.Struct, frozen=True):
    """By kind, the instant (the server's clock) at which its last list was begun."""

    since: dict[str, datetime] = {}

    @classmethod
    def parse(cls, text: str | None) -> Position:
        """Raises `NoPosition` for what is no position of ours."""
        try:
            position = msgspec.json.decode(text, type=cls) if text else cls()
        except (msgspec.DecodeError, RecursionError):
            raise _no_position() from None
        if any(at.tzinfo is None or not 2000 <= at.year < 2100 for at in position.since.values()):
            raise _no_position()
        return position

    def text(self) -> str:
        """The position as it is stored; the same for the same instants."""
        return msgspec.json.encode(self, order="deterministic").decode()


def _no_position() -> NoPosition:
    return NoPosition("The stored position of the Salesforce sweep cannot be read.", "Run a backfill.")


FULL = 2_000
"""Knocks that are handed over together; as many as a page of a query has."""


class Knocks(Sequence[Change]):
    """A long list of changes in little memory: 27 bytes each, and a `Change` only while somebody looks at it."""

    def __init__(self, source: str, begun: datetime) -> None:
        """`begun`: when the list was, which stands in for a time that cannot be read."""
        self._source = source
        self.begun = begun
        self._kinds: list[str] = []
        self.clear()

    def clear(self) -> None:
        """Empty it; kinds keep their numbers."""
        self._kind = array("B")
        self._at = array("d")
        self._ids = bytearray()

    def add(self, kind: str, record_id: str, at: datetime) -> None:
        """Append a change. `record_id` has 18 characters."""
        if kind not in self._kinds:
            self._kinds.append(kind)
        self._kind.append(self._kinds.index(kind))
        self._at.append(at.timestamp())
        self._ids += record_id.encode("ascii")

    def __len__(self) -> int:
        return len(self._kind)

    @overload
    def __getitem__(self, place: int) -> Change: ...
    @overload
    def __getitem__(self, place: slice) -> list[Change]: ...
    def __getitem__(self, place: int | slice) -> Change | list[Change]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        start = place % len(self)
        ref = Ref(SYSTEM, self._kinds[self._kind[start]], self._ids[start * _ID : (start + 1) * _ID].decode("ascii"))
        return Change(ref, self._source, datetime.fromtimestamp(self._at[start], UTC))


async def sweep(
    calls: Calls,
    catalog: Catalog,
    kinds: Sequence[str],
    position: str | None,
    now: datetime,
    take: Take | None = None,
    resume: Resume = NOTHING,
) -> Sweep:
    """Knocks since `position`; a kind that is not in it yet is listed whole, in the order of ids, but for those up to
    the one that `resume` names. Kinds that the org hides are left out.

    One that was listed before and is hidden now is refused: the right to it was lost. It is looked at afresh each time,
    and goes on from where it stood.
    `truncated` names kinds whose deletions may be lost because the Recycle Bin does not reach back that far.
    """
    since = Position.parse(position).since
    seen = await catalog.seen()
    if _lost(kinds, since, seen):
        seen = await catalog.seen(fresh=True)
    asked = [kind for kind in with_lines(kinds) if kind not in seen or seen[kind]]
    started = now + calls.skew
    knocks = Knocks("sweep" if position else "backfill", started)
    # Orders that are listed whole bring their lines with them.
    new = [kind for kind in asked if kind not in since and kind not in OWNERS]
    whole = [Listing(calls, _STAMPED, kind, _beyond(resume, kind)) for kind in new]
    refused = await _collect(whole, knocks, take, calls)
    lost = _lost(kinds, since, seen)
    refused |= {kind: hidden(kind) for kind in lost}
    known = [kind for kind in asked if kind in since]
    refused |= await _collect(
        [_changed_since(calls, kind, since[kind] - OVERLAP) for kind in known], knocks, take, calls
    )
    started = _covered(calls, started, now)
    return Sweep(
        changes=knocks,
        position=Position(since | {kind: started for kind in asked if kind not in refused}).text(),
        covered_to=min([started - LATE_COMMITS, *(since[kind] for kind in refused if kind in since)]),
        truncated=tuple(kind for kind in known if started - since[kind] > BIN_KEEPS),
        refused=refused,
        by_kind=True,
        asked={kind: since[kind] - OVERLAP if kind in since else BEGINNING for kind in [*asked, *lost]},
    )


def _covered(calls: Calls, started: datetime, now: datetime) -> datetime:
    """Up to when, by the vendor's clock, nothing is missing from lists begun at `started`.

    Our clock may have been set since the answer before, and may be days ahead: what lay beyond the vendor's clock would
    hide all that changes before it.
    """
    return min(started, now + calls.behind)


def _lost(kinds: Sequence[str], since: Mapping[str, datetime], seen: Seen) -> list[str]:
    """Kinds that were listed before, and that the user may not see any more."""
    return [kind for kind in kinds if kind in since and kind in seen and not seen[kind]]


def _beyond(resume: Resume, kind: str) -> str:
    return f"Id > {literal(resume[kind][1])}" if kind in resume else ""


async def ids(calls: Calls, catalog: Catalog, kind: str, position: str) -> IdPage | None:
    """A page of the ids of a kind that follow `position`, the last id before; ordered by bytes, as 15 letters are.

    None for a kind that the org hides. Raises `BadAnswer` where they come in another order.
    """
    seen = await catalog.seen()
    if kind in seen and not seen[kind]:
        return None
    listed = await _listed_ids(Listing(calls, ["Id"], kind, f"Id > {literal(position)}" if position else ""))
    if not ascend([position, *listed], "text"):
        raise BadAnswer(f"Salesforce lists the ids of {kind} in no known order.", "They are compared again later.")
    return IdPage(listed, listed[-1] if len(listed) >= FULL else "")


async def _listed_ids(listing: Listing) -> list[str]:
    """A page of ids; of a list that is refused too, with those of the records that spoil it."""
    try:
        text = f"{_text(listing)} LIMIT {FULL}"
        return [_id_of(listing.kind, row) async for _, rows in listing.calls.pages([text]) for row in rows]
    except ReadRefused:
        listed: list[str] = []
        async for piece in listing.pieces():
            listed += [piece.bad] if piece.bad else [_id_of(listing.kind, row) for row in piece.rows]
            if len(listed) >= FULL:
                break
        return listed


def _id_of(kind: str, row: Json) -> str:
    try:
        return long_id(row["Id"])
    except (KeyError, TypeError, ValueError, WrongUse):
        raise BadAnswer(f"Salesforce listed a {kind} without its id.", "It is asked again.") from None


def with_lines(kinds: Iterable[str]) -> list[str]:
    """The kinds, and with orders their lines."""
    asked = dict.fromkeys(kinds)
    asked |= {kind: None for kind, (_, owner) in OWNERS.items() if owner in asked}
    return list(asked)


def _changed_since(calls: Calls, kind: str, at: datetime) -> Listing:
    owner = [OWNERS[kind][0]] if kind in OWNERS else []
    return Listing(calls, [*_STAMPED, *owner], kind, f"SystemModstamp >= {moment(at)}", deleted_too=True)


async def _collect(lists: Sequence[Listing], knocks: Knocks, take: Take | None, calls: Calls) -> dict[str, ReadRefused]:
    """Takes in these lists. Returns the kinds that are refused; the others go on. Long lists of everything go by jobs,
    where that takes fewer calls."""
    refused: Refusals = {}
    deleted_too = any(listing.deleted_too for listing in lists)
    texts = [_text(listing) for listing in lists]
    jobs: set[int] = set()
    last: dict[int, str] = {}

    def drop(totals: Mapping[int, int]) -> set[int]:
        jobs.update(bulk.cheaper(totals))
        return jobs

    choose = None if deleted_too else drop
    async for place, rows in calls.pages(texts, deleted_too=deleted_too, refused=refused, drop=choose):
        _add_all(lists[place].kind, rows, knocks, take)
        last[place] = _id_of(lists[place].kind, rows[-1]) if rows else ""
    for place in sorted(jobs):
        rest = msgspec.structs.replace(lists[place], where=f"Id > {literal(last[place])}")
        await _by_job(rest, knocks, take, place, refused)
    narrowed = {lists[place].kind: await _in_pieces(lists[place], knocks, take) for place in refused}
    return {kind: error for kind, error in narrowed.items() if error is not None}


async def _by_job(listing: Listing, knocks: Knocks, take: Take | None, place: int, refused: Refusals) -> None:
    """Takes in a long list by a job; page by page, where the org refuses jobs or this one fails."""
    try:
        async for rows in bulk.rows(listing.calls, _text(listing)):
            for start in range(0, len(rows), FULL):
                _add_all(listing.kind, rows[start : start + FULL], knocks, take)
    except ReadRefused:
        async for _, page in listing.calls.pages([_text(listing)], refused=(alone := Refusals())):
            _add_all(listing.kind, page, knocks, take)
        if alone:
            refused[place] = alone[0]


async def _in_pieces(listing: Listing, knocks: Knocks, take: Take | None) -> ReadRefused | None:
    """Takes in a list that was refused, without the records that spoil it; those are knocked on by their ids.

    What it stays refused for: everything, or a line that does not say of which order.
    """
    unknown = None
    try:
        async for piece in listing.pieces():
            _add_all(listing.kind, piece.rows, knocks, take)
            if piece.bad and listing.kind in OWNERS:
                unknown = piece.error
            elif piece.bad:
                knocks.add(listing.kind, piece.bad, knocks.begun)
    except ReadRefused as error:
        return error
    return unknown


def _text(listing: Listing) -> str:
    order = "SystemModstamp, Id" if listing.deleted_too else "Id"
    return statement(list(listing.columns), listing.kind, listing.where, order)


def _add_all(kind: str, rows: Sequence[Json], knocks: Knocks, take: Take | None) -> None:
    for row in rows:
        _add(kind, row, knocks)
    if take is not None and len(knocks) >= FULL:
        take(knocks)
        knocks.clear()


def _add(kind: str, row: Json, knocks: Knocks) -> None:
    field, name = OWNERS.get(kind, ("Id", kind))
    try:
        knocks.add(name, long_id(row[field]), instant(row["SystemModstamp"]))
    except (KeyError, TypeError, ValueError, WrongUse):
        raise BadAnswer(f"Salesforce listed a changed {kind} without its id or time.", "It is asked again.") from None
