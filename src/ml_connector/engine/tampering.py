"""Rows of the state that somebody without the key has changed: what rests on them waits, and postings stop.

A drain believes no such row, names it among the holds, and posts nothing more for this connection until a person has
put it right: whoever changed one row may have changed what the next posting rests on.
"""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.clock import Timekeeper
from ml_connector.model.plans import OpenWrite
from ml_connector.store import Store

from .outcomes import approved_as_noted


class TamperWatch:
    """What one drain of a connection has found."""

    def __init__(self, store: Store, connection: str, clock: Timekeeper) -> None:
        self._store = store
        self._connection = connection
        self._clock = clock
        self._rows: dict[str, None] = {}
        self._on_record: set[str] = set()

    @property
    def rows(self) -> list[str]:
        """The names of the rows that are not believed, as they were met."""
        return list(self._rows)

    def begin(self) -> list[OpenWrite]:
        """Look at the open writes; at every row once a day, and where some are known already.

        Returns the open writes that are believed, oldest first.
        """
        self._on_record = set(self._store.held_rows(self._connection))
        strange = self._store.strange_rows(self._connection) if self._on_record or self._first_today() else []
        writes, changed = self._store.believed_and_strange(self._connection)
        self._rows = dict.fromkeys([*strange, *(write.row for write in changed)])
        return writes

    def _first_today(self) -> bool:
        day = {("state", "rows checked"): self._clock.now().date().isoformat()}
        return bool(self._store.changed_references(self._connection, day))

    def met(self, row: str) -> None:
        """A decision asked for this row."""
        self._rows[row] = None

    def put_down(self) -> None:
        """Name them among the holds; what is right again is released, and what waited for that goes on."""
        if set(self._rows) != self._on_record:
            self._store.hold_rows(self._connection, self.rows, self._clock.now())
            self._on_record = set(self._rows)

    def may_go_again(self, writes: Sequence[OpenWrite]) -> list[OpenWrite]:
        """Those that may be sent once more: a posting only as it was approved, and never once it is done.

        A row of the outbox that was rolled back to `open` has the mark of that time; the audit log knows that it was
        posted since.
        """
        free = []
        keys = [write.write.key for write in writes if write.write.needs_approval]
        approved = self._store.all_approvals(self._connection, keys) if keys else {}
        for write in writes:
            if not write.write.needs_approval:
                free.append(write)
            elif not approved_as_noted(write, approved.get(write.write.key)) or self._posted(write):
                self.met(f"write {write.id}")
            elif not self._rows:
                free.append(write)
        return free

    def _posted(self, write: OpenWrite) -> bool:
        """Or perhaps: events are missing from the log."""
        log_is_whole = not self._store.audit_trouble(self._connection)
        return not log_is_whole or self._store.was_posted(self._connection, str(write.source), write.request_id)
