"""What the org holds: records by kind, their indexes, the bin, the log of deletions.

A record is a dict of its non-null fields and is never changed in place: a write puts a new dict. So a
snapshot takes references only, and whatever is written afterwards is copied first.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from .indexes import Index, Ordered, Stamps
from .schema import Field, Schema, SObject

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grave:
    """One entry in the log of deletions: what `/deleted` reads."""

    when: str
    id: str


class Table:
    """The records of one kind. `live` and `gone` (deleted) map id -> record."""

    __slots__ = ("_keys", "_shared", "counter", "gone", "graves", "indexes", "kind", "live", "ordered", "stamps")

    def __init__(self, kind: SObject) -> None:
        self.kind = kind
        self.live: dict[str, Record] = {}
        self.gone: dict[str, Record] = {}
        self.indexes = {field.name: Index() for field in kind.indexed}
        self._keys = tuple((field.name, field.exact, self.indexes[field.name]) for field in kind.indexed)
        self.stamps = Stamps()
        self.ordered = Ordered()
        self.graves: list[Grave] = []
        self.counter = 0
        self._shared = False

    def _own(self) -> None:
        if self._shared:
            self.live, self.gone, self.graves = dict(self.live), dict(self.gone), list(self.graves)
            self._shared = False

    def get(self, record_id: str) -> Record | None:
        """The record, deleted or not."""
        return self.live.get(record_id) or self.gone.get(record_id)

    def put(self, record: Record) -> Record | None:
        """Insert or replace; the returned former record undoes it (None: erase it)."""
        self._own()
        record_id: str = record["Id"]
        old = self.live.pop(record_id, None) if record.get("IsDeleted") else self.live.get(record_id)
        buried = self.gone.pop(record_id, None) if old is None else None
        if old is None and buried is None:
            self.ordered.add(record_id)
        new = None if record.get("IsDeleted") else record
        self._reindex(record_id, old, new)
        (self.gone if new is None else self.live)[record_id] = record
        return old if old is not None else buried

    def erase(self, record_id: str) -> Record | None:
        """Take a record out altogether, past the bin."""
        self._own()
        old = self.live.pop(record_id, None)
        if old is not None:
            self._reindex(record_id, old, None)
            return old
        return self.gone.pop(record_id, None)

    def _reindex(self, record_id: str, old: Record | None, new: Record | None) -> None:
        before, after = old or {}, new or {}
        for name, exact, index in self._keys:
            was, now = before.get(name), after.get(name)
            if was != now:
                if was is not None:
                    index.remove(was if exact else was.lower(), record_id)
                if now is not None:
                    index.add(now if exact else now.lower(), record_id)
        self._restamp(record_id, before.get("SystemModstamp"), after.get("SystemModstamp"))

    def _restamp(self, record_id: str, was: str | None, now: str | None) -> None:
        if was == now:
            return
        if was is not None:
            self.stamps.remove(was, record_id)
        if now is not None:
            self.stamps.add(now, record_id)

    def find(self, field: str, value: Any) -> Iterator[Record]:
        """Live records whose indexed `field` has `value` (without regard to case unless the field has it)."""
        known = self.kind.by_name[field]
        for record_id in tuple(self.indexes[field].find(known.index_key(value))):
            yield self.live[record_id]

    def reshape(self, kind: SObject) -> None:
        """The object has other fields now. Records and indexes of fields that stay are left alone."""
        gone = self.kind.by_name.keys() - kind.by_name.keys()
        boxes = {name: value for name, value in kind.defaults.items() if name not in self.kind.by_name}
        same = {field.name for field in kind.indexed if self.kind.by_name.get(field.name) == field}
        self.kind = kind
        if gone or boxes:
            self.live = {record_id: _reshaped(row, gone, boxes) for record_id, row in self.live.items()}
            self.gone = {record_id: _reshaped(row, gone, boxes) for record_id, row in self.gone.items()}
        known = {name: index for name, index in self.indexes.items() if name in same}
        self.indexes = {field.name: known.get(field.name) or self._indexed(field) for field in kind.indexed}
        self._keys = tuple((field.name, field.exact, self.indexes[field.name]) for field in kind.indexed)

    def _indexed(self, field: Field) -> Index:
        made = Index()
        for record_id, row in self.live.items():
            if row.get(field.name) is not None:
                made.add(field.index_key(row[field.name]), record_id)
        return made

    def share(self) -> tuple[Any, ...]:
        """What a snapshot holds; from now on the table copies what it writes to."""
        self._shared = True
        indexes = tuple(index.share() for index in self.indexes.values())
        others = (self.stamps.share(), self.ordered.share(), self.counter)
        return (self.live, self.gone, self.graves, indexes, *others)

    def adopt(self, data: tuple[Any, ...]) -> None:
        """Go on from what a snapshot holds, which itself stays as it is."""
        self.live, self.gone, self.graves, indexes, stamps, ordered, self.counter = data
        for index, kept in zip(self.indexes.values(), indexes, strict=True):
            index.adopt(kept)
        self.stamps.adopt(stamps)
        self.ordered.adopt(ordered)
        self._shared = True


def _reshaped(row: Record, gone: AbstractSet[str], boxes: Record) -> Record:
    return {name: value for name, value in row.items() if name not in gone} | boxes


class State:
    """All tables of an org."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.tables = {name: Table(kind) for name, kind in schema.objects.items()}

    def reshape(self, schema: Schema) -> None:
        """The org has other objects, or they have other fields now."""
        self.schema = schema
        self.tables = {name: self.tables.get(name) or Table(kind) for name, kind in schema.objects.items()}
        for name, table in self.tables.items():
            if table.kind is not schema.objects[name]:
                table.reshape(schema.objects[name])

    def table(self, kind: str) -> Table:
        """The records of an object. Raises `KeyError` for an unknown one."""
        return self.tables[kind]

    def live(self, kind: str, record_id: str | None) -> Record | None:
        """A record that is not deleted; None when there is none, or no id."""
        return self.tables[kind].live.get(record_id) if record_id else None

    def snapshot(self) -> Any:
        """All tables; costs references only."""
        return {name: table.share() for name, table in self.tables.items()}

    def restore(self, kept: Any) -> None:
        """Back to a snapshot, which may be restored again."""
        for name, table in self.tables.items():
            table.adopt(kept[name])
