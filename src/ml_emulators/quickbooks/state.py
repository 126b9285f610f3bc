"""The records of one company and their indexes. Rows are replaced, never changed, so a copy is cheap."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_emulators.kit.wire import dumps, loads
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.kinds.preferences import Flags, flags_of
from ml_emulators.quickbooks.ordered import Ordered
from ml_emulators.quickbooks.refresh import refresh
from ml_emulators.quickbooks.settings import Company
from ml_emulators.quickbooks.values import Json, Number, from_seconds, stamp

_versions = itertools.count(1)
_STALE = -1


class Row:
    """One record: its JSON text, the keys under which it is indexed, and whether the text is still fresh."""

    __slots__ = ("active", "keys", "label", "version", "wire")

    def __init__(self, wire: bytes, keys: tuple[Any, ...], active: bool, label: str, version: int) -> None:
        self.wire = wire
        self.keys = keys
        self.active = active
        self.label = label
        self.version = version


@dataclass(frozen=True)
class Posting:
    """What a transaction does to one account: `amount` in its own currency, debit positive, `home` in home currency."""

    account: str
    amount: Decimal
    home: Decimal
    customer: str | None = None


class Table:
    """All records of one kind: by id, and in the order of each indexed field (all of them, and the active ones)."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.rows: dict[int, Row] = {}
        self.all: list[Ordered] = [Ordered() for _ in kind.indexed]
        self.live: list[Ordered] = [Ordered() for _ in kind.indexed] if kind.is_list else self.all
        self.gone: dict[int, int] = {}
        self.gone_order = Ordered()

    def copy(self) -> Table:
        """The same records and indexes, to be changed apart; rows are shared."""
        copy = Table.__new__(Table)
        copy.kind = self.kind
        copy.rows = self.rows.copy()
        copy.all = [index.copy() for index in self.all]
        copy.live = [index.copy() for index in self.live] if self.kind.is_list else copy.all
        copy.gone = self.gone.copy()
        copy.gone_order = self.gone_order.copy()
        return copy

    def put(self, number: int, row: Row) -> None:
        """Store a row in place of the former one, and keep the indexes."""
        old = self.rows.get(number)
        self.rows[number] = row
        self._reindex(number, old, row)

    def _reindex(self, number: int, old: Row | None, new: Row | None) -> None:
        _move(self.all, number, None if old is None else old.keys, None if new is None else new.keys)
        if self.kind.is_list:
            was = old.keys if old is not None and old.active else None
            now = new.keys if new is not None and new.active else None
            _move(self.live, number, was, now)

    def drop(self, number: int, at: int | None) -> None:
        """Take a record out; with an instant it leaves a stub for change capture."""
        self._reindex(number, self.rows.pop(number), None)
        if at is None:
            return
        self.gone[number] = at
        self.gone_order.add((at, number))


def _move(indexes: list[Ordered], number: int, was: tuple[Any, ...] | None, now: tuple[Any, ...] | None) -> None:
    for place, index in enumerate(indexes):
        before = None if was is None else was[place]
        after = None if now is None else now[place]
        if before is not None and before == after:
            continue
        if before is not None:
            index.remove((before, number))
        if after is not None:
            index.add((after, number))


@dataclass
class Books:
    """Everything one company holds. `version` names the present state of all labels (names change answers)."""

    company: Company
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table(kind) for name, kind in KINDS.items()})
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    children: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    parents: dict[tuple[str, str], str] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    applied: dict[str, tuple[tuple[str, str, Decimal], ...]] = field(default_factory=dict)
    posted: dict[str, tuple[Posting, ...]] = field(default_factory=dict)
    account_balances: dict[str, Decimal] = field(default_factory=dict)
    customer_balances: dict[str, Decimal] = field(default_factory=dict)
    rates: dict[str, tuple[tuple[str, Number, int], ...]] = field(default_factory=dict)
    flags: Flags = field(default_factory=Flags)
    version: int = field(default_factory=lambda: next(_versions))
    files: dict[str, bytes] = field(default_factory=dict)

    def copy(self) -> Books:
        """The same books, to be changed apart; records are shared."""
        return Books(
            self.company,
            {name: self.tables[name].copy() if name in self.tables else Table(kind) for name, kind in KINDS.items()},
            self.names.copy(),
            self.children.copy(),
            self.parents.copy(),
            self.sequences.copy(),
            self.applied.copy(),
            self.posted.copy(),
            self.account_balances.copy(),
            self.customer_balances.copy(),
            self.rates.copy(),
            self.flags,
            self.version,
            self.files.copy(),
        )

    # --- reading

    def row(self, kind: str, record_id: str | None) -> Row | None:
        """The row of an existing (perhaps inactive) record."""
        number = _number(record_id)
        return None if number is None else self.tables[kind].rows.get(number)

    def wire(self, kind: str, number: int) -> bytes:
        """The JSON text of a record, with present names and balances."""
        row = self.tables[kind].rows[number]
        if row.version != self.version:
            row.wire = dumps(refresh(self, kind, loads(row.wire), _updated(row)))
            row.version = self.version
        return row.wire

    def data(self, kind: str, record_id: str) -> Json:
        """A fresh, private copy of a record; raises KeyError when there is none."""
        number = _number(record_id)
        if number is None:
            raise KeyError(record_id)
        body: Json = loads(self.wire(kind, number))
        return body

    def ids(self, kind: str) -> Iterator[str]:
        """The ids of all records of a kind, deleted ones not, in the order they came."""
        return map(str, self.tables[kind].rows)

    # --- writing

    def next_id(self, sequence: str, first: int = 1) -> str:
        """The next number of a sequence as text; the first time `first`."""
        number = self.sequences.get(sequence, first - 1) + 1
        self.sequences[sequence] = number
        return str(number)

    def put(self, kind: str, data: Json, updated: int, created: int) -> None:
        """Store a record whole; `data` must not be used by the caller afterwards."""
        spec = KINDS[kind]
        number = int(data["Id"])
        label = spec.label(data)
        old = self.tables[kind].rows.get(number)
        if old is not None and old.label != label:
            self.version = next(_versions)
        keys = (number, updated, created, *(key(data) for key in spec.keys))
        wire = dumps(refresh(self, kind, data, updated))
        if kind == "Preferences":
            self.flags = flags_of(data)
        self.tables[kind].put(number, Row(wire, keys, data.get("Active", True), label, self.version))

    def touch(self, kind: str, record_id: str, updated: int | None) -> None:
        """Mark a record's text as outdated (its balance moved) and, if given, move its LastUpdatedTime."""
        table = self.tables[kind]
        old = table.rows.get(int(record_id))
        if old is not None:
            keys = old.keys if updated is None else (old.keys[0], updated, *old.keys[2:])
            table.put(int(record_id), Row(old.wire, keys, old.active, old.label, _STALE))

    def drop(self, kind: str, record_id: str, at: int | None) -> None:
        """Take a record out; `at` is the second of the deletion for CDC, None leaves no trace."""
        self.tables[kind].drop(int(record_id), at)

    def reparent(self, kind: str, child: str, old: str | None, new: str | None) -> None:
        """Move a record from below one parent to below another; None is the top."""
        if old == new:
            return
        if old is not None:
            del self.parents[kind, child]
            kept = tuple(sibling for sibling in self.children[kind, old] if sibling != child)
            self.children[kind, old] = kept
        if new is not None:
            self.parents[kind, child] = new
            self.children[kind, new] = (*self.children.get((kind, new), ()), child)

    def family(self, kind: str, record_id: str) -> Iterator[str]:
        """A record and everything below it."""
        yield record_id
        for child in self.children.get((kind, record_id), ()):
            yield from self.family(kind, child)

    def rate(self, currency: str, day: str) -> Number:
        """Home units for one foreign unit on a day; 1 where none is known."""
        known: Iterable[tuple[str, Number, int]] = self.rates.get(currency, ())
        usable = [rate for as_of, rate, _ in known if as_of <= day]
        return usable[-1] if usable else 1


def _number(record_id: str | None) -> int | None:
    if record_id is None or not record_id.isascii() or not record_id.isdigit() or len(record_id) > 18:
        return None
    number = int(record_id)
    return number if str(number) == record_id else None


def _updated(row: Row) -> int:
    updated: int = row.keys[1]
    return updated


def meta(created: int, updated: int, user_id: str | None = None) -> Json:
    """`MetaData` as it is answered; times in whole seconds since 1970, shown with the company's offset."""
    body: Json = {"CreateTime": stamp(from_seconds(created))}
    if user_id is not None:
        body["LastModifiedByRef"] = {"value": user_id}
    body["LastUpdatedTime"] = stamp(from_seconds(updated))
    return body
