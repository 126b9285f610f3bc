"""What a rule sees while it judges one write: the books, the time, the switches, and the notices it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml_emulators.kit.faults import NO_RECORD_FAULTS, On, RecordFaults
from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.preferences import Flags
from ml_emulators.quickbooks.settings import ChangeNotice, Switches
from ml_emulators.quickbooks.state import Books, meta
from ml_emulators.quickbooks.values import Json, company_day, seconds


@dataclass
class WriteContext:
    """One write on the books of one company at one instant."""

    books: Books
    now: datetime
    switches: Switches
    include: frozenset[str] = frozenset()
    base_url: str = ""
    has_file: bool = False
    """A file comes with the write."""
    notices: list[ChangeNotice] = field(default_factory=list)
    ordered: RecordFaults = NO_RECORD_FAULTS
    """Faults that records meet in this request."""
    in_batch: bool = False
    """It is one item of a batch."""
    on_screen: bool = False
    """A user does it, not an app."""

    def meet(self, on: On, kind: str, *records: Mapping[str, Any], whole: bool | None = None) -> None:
        """Raise the fault that somebody ordered for this record, if it strikes; see `RecordFaults.meet`."""
        struck = self.ordered.meet(on, kind, *records, whole=whole)
        if struck is not None:
            raise faults.ordered(struck.status, struck.code, struck.message, struck.element, whole=struck.whole)

    @property
    def today(self) -> str:
        """The company's day, as `YYYY-MM-DD`."""
        return company_day(self.now)

    @property
    def flags(self) -> Flags:
        """The few preferences that rules look at, as they stand in the books."""
        return self.books.flags

    def notify(self, kind: str, record_id: str, operation: str) -> None:
        """Leave a notice for the webhooks, if they know the operation for this kind (reference 9.4)."""
        verb = KINDS[kind].notices.get(operation)
        if verb is not None:
            realm = self.books.company.realm_id
            self.notices.append(ChangeNotice(realm, kind, record_id, verb, self.now))

    def insert(self, kind: str, data: Json) -> Json:
        """Store a new record; gives it its Id when it has none."""
        at = seconds(self.now)
        data.setdefault("Id", self.books.next_id(KINDS[kind].sequence))
        data |= {"domain": "QBO", "sparse": False, "SyncToken": "0", "MetaData": meta(at, at, self._editor(kind))}
        self.books.put(kind, data, at, at)
        return self.books.data(kind, data["Id"])

    def replace(self, kind: str, data: Json, *, bump: bool = True) -> None:
        """Store a changed record; with `bump` its SyncToken moves on."""
        at = seconds(self.now)
        row = self.books.row(kind, data["Id"])
        created = row.keys[2] if row is not None else at
        if bump:
            data["SyncToken"] = str(int(data["SyncToken"]) + 1)
        data |= {"domain": "QBO", "sparse": False, "MetaData": meta(created, at, self._editor(kind))}
        self.books.put(kind, data, at, created)

    def edit(self, kind: str, record_id: str, change: Callable[[Json], None]) -> None:
        """A change that the system makes by itself, as a consequence of another write."""
        data = self.books.data(kind, record_id)
        change(data)
        self.replace(kind, data, bump=self.switches.side_effects_bump_sync_token)
        self.notify(kind, record_id, "update")

    def _editor(self, kind: str) -> str | None:
        return self.books.company.user_id if kind == "Invoice" else None
