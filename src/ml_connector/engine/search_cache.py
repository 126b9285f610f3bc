"""What a page has found by the value of a field, kept in step with what is written meanwhile.

A write touches only the finds that its record is in or belongs into, however many values were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.model.errors import BadAnswer
from ml_connector.model.plans import Done, NeedFind, Write
from ml_connector.model.refs import Ref

Found = list[Any] | BadAnswer


class _Field:
    """The finds by one field of one kind."""

    def __init__(self) -> None:
        self.found: dict[str, Found] = {}
        self._unreadable: set[str] = set()
        self._spelt: dict[str, dict[str, None]] = {}
        self._with: dict[Ref, dict[str, None]] = {}

    def put(self, value: str, found: Found) -> None:
        self._spelt.setdefault(value.casefold(), {})[value] = None
        self.found[value] = found
        if isinstance(found, BadAnswer):
            self._unreadable.add(value)
            return
        for record in found:
            self._with.setdefault(record.ref, {})[value] = None

    def drop_unreadable(self) -> None:
        """Only the vendor can tell what it finds after a write."""
        while self._unreadable:
            value = self._unreadable.pop()
            if isinstance(self.found[value], BadAnswer):
                del self.found[value]
                del self._spelt[value.casefold()][value]

    def replace(self, record: Any) -> None:
        """The record as it stands now, where it was found before."""
        for value in self._with.get(record.ref, ()):
            self.found[value] = [record if known.ref == record.ref else known for known in self._list(value)]

    def move(self, record: Any, written: str) -> None:
        """The record is found by `written` now, in any spelling, and by nothing else."""
        for value in self._with.pop(record.ref, {}):
            self.found[value] = [known for known in self._list(value) if known.ref != record.ref]
        for value in self._spelt.get(written.casefold(), {}):
            self.put(value, [*self._list(value), record])

    def _list(self, value: str) -> list[Any]:
        found = self.found.get(value, [])
        return [] if isinstance(found, BadAnswer) else found


class SearchCache:
    """The finds of one page."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], dict[str, _Field]] = {}

    def __contains__(self, need: NeedFind) -> bool:
        return need.value in self._of(need.system, need.kind, need.field)

    def get(self, need: NeedFind) -> Found | None:
        """What was found, None where nobody has looked since the last write that could change it."""
        return self._of(need.system, need.kind, need.field).get(need.value)

    def _of(self, system: str, kind: str, field: str) -> Mapping[str, Found]:
        known = self._kinds.get((system, kind), {}).get(field)
        return known.found if known is not None else {}

    def put(self, need: NeedFind, found: Found) -> None:
        """What the vendor found, or that its answer cannot be read."""
        fields = self._kinds.setdefault((need.system, need.kind), {})
        fields.setdefault(need.field, _Field()).put(need.value, found)

    def settled(self, write: Write, done: Done, record: Any) -> None:
        """A write took effect. Where only the vendor can tell what is found now, it is asked again."""
        fields = self._kinds.get((write.system, write.kind), {})
        for name, field in list(fields.items()):
            field.drop_unreadable()
            written = write.external_id if name == write.key_field else write.body.get(name)
            if isinstance(written, str):
                field.move(record, written)
            elif name in write.body or done.created:
                del fields[name]
            else:
                field.replace(record)

    def forget(self, system: str, kind: str) -> None:
        """What is found of a kind is for the vendor to say again."""
        self._kinds.pop((system, kind), None)
