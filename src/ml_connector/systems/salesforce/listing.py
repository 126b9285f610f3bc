"""Lists of which Salesforce refuses some records: all the others, and the ids of those.

Any list that has such a record in it is refused, one of ids too. Counts are not: so its id is found by counting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from string import ascii_lowercase, ascii_uppercase, digits

import msgspec

from ml_connector.model.errors import BadAnswer, ReadRefused
from ml_connector.model.reading import HALVINGS, MOST, Listed
from ml_connector.model.refs import Json

from .calls import Calls
from .query import PAGE, literal, statement
from .records import SObject, decode, long_id, sound_id

_LETTERS = digits + ascii_uppercase + ascii_lowercase
"""The digits of an id, in the order of bytes, in which Salesforce orders ids."""
_PREFIX = 3
_FIRST = 15
_NEIGHBOURS = 20
"""Bad records in a row that are looked past for the next good one."""


class Piece(msgspec.Struct, frozen=True):
    """Rows of a list, or the id of a record that spoils every list it is in, with what the vendor says."""

    rows: Sequence[Json] = ()
    bad: str = ""
    error: ReadRefused | None = None


class Listing(msgspec.Struct, frozen=True):
    """What is listed: `columns`, with Id, of the records of a kind that meet a condition."""

    calls: Calls
    columns: Sequence[str]
    kind: str
    where: str = ""
    deleted_too: bool = False

    async def pieces(self) -> AsyncIterator[Piece]:
        """The list in the order of ids, in pages that shrink around a bad record. Raises `ReadRefused` for too many."""
        after, size, bad, good = "", PAGE // 2, 0, 0
        while True:
            try:
                rows = await self._rows(_above(after), f" LIMIT {size}")
            except ReadRefused as error:
                bad += 1
                if bad > (MOST if good else HALVINGS):
                    raise
                if size > 1:
                    size //= 2
                    continue
                after = await self._next_after(after, error)
                yield Piece(bad=after, error=error)
                continue
            good += 1
            if rows:
                yield Piece(rows)
            if len(rows) < size:
                return
            after, size = _id_of(rows[-1]), min(size * 2, PAGE)

    async def records(self) -> Listed:
        """The records of the list, with why the others cannot be read. Raises as `pieces`."""
        rows: list[Json] = []
        refused: dict[str, BadAnswer] = {}
        async for piece in self.pieces():
            rows += piece.rows
            if piece.error is not None:
                refused[piece.bad] = piece.error
        readable = decoded(rows, self.kind)
        return Listed(readable.records, {**refused, **readable.unread})

    async def _rows(self, also: str, end: str) -> list[Json]:
        text = statement(list(self.columns), self.kind, _both(self.where, also)) + end
        return [row async for _, rows in self.calls.pages([text], deleted_too=self.deleted_too) for row in rows]

    async def _next_after(self, after: str, error: ReadRefused) -> str:
        """The id of the next record, which cannot be listed: between this one and the next that can, by counting."""
        beyond = await self._next_good(after)
        known = after or beyond
        if not known:
            raise error
        low = _number(after) if after else _number(known[:_PREFIX].ljust(_FIRST, "0")) - 1
        high = _number(beyond) - 1 if beyond else _number(known[:_PREFIX].ljust(_FIRST, "z"))
        step = 1
        while low + 1 < high:
            # Ids are given out one after the other: it is mostly beside the one that is known.
            half = (low + high) // 2
            middle, step = min(low + step, half) if after else max(high - step, half), step * 2
            if await self._count(_both(_above(after), f"Id <= {literal(_id(middle))}")):
                high = middle
            else:
                low = middle
        return _id(high)

    async def _next_good(self, after: str) -> str:
        for past in range(1, _NEIGHBOURS):
            try:
                rows = await self._rows(_above(after), f" LIMIT 1 OFFSET {past}")
            except ReadRefused:  # that one is bad too
                continue
            return _id_of(rows[0]) if rows else ""
        return ""

    async def _count(self, also: str) -> int:
        text = " ".join(["SELECT COUNT() FROM", self.kind, "WHERE", _both(self.where, also)])
        total = (await self.calls.get(self.calls.query_path(text, self.deleted_too))).get("totalSize")
        if type(total) is not int:
            raise BadAnswer("Salesforce answered a count without a number.", "It is asked again later.")
        return total


def decoded(rows: Sequence[Json], kind: str) -> Listed:
    """Rows as records; of those that are none, why not. Raises `BadAnswer` for one that has no id either."""
    records: list[SObject] = []
    unread: dict[str, BadAnswer] = {}
    for row in rows:
        try:
            records.append(decode(row, kind))
        except BadAnswer as error:
            name = sound_id(str(row.get("Id")))
            if not name:
                raise
            unread[name] = error
    return Listed(records, unread)


def _above(after: str) -> str:
    return f"Id > {literal(after)}" if after else ""


def _both(*conditions: str) -> str:
    return " AND ".join(f"({condition})" for condition in conditions if condition)


def _id_of(row: Json) -> str:
    text = row.get("Id")
    if not isinstance(text, str):
        raise BadAnswer("Salesforce listed a record without its id.", "It is asked again later.")
    return long_id(text)


def _number(record_id: str) -> int:
    number = 0
    for letter in record_id[:_FIRST]:
        number = number * len(_LETTERS) + _LETTERS.index(letter)
    return number


def _id(number: int) -> str:
    letters = ""
    for _ in range(_FIRST):
        number, place = divmod(number, len(_LETTERS))
        letters = _LETTERS[place] + letters
    return long_id(letters)
