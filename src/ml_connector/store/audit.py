"""The audit log: a chain of events for each connection, whose end is sealed outside the table (docs/decisions/0011).

Each event carries its number and the hash of the one before. The head, number and hash of the last event, is sealed in
the state in the transaction of the event, and kept in the home after it. A seal that does not fit the log is never
renewed: work goes on, and what was done to the log stays provable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from ml_connector.model.errors import StateTrouble
from ml_connector.model.people import Actor, beside, name_of

from . import schema
from .base import Base, lock
from .database import instant, ms, upsert
from .marks import Marker, marked
from .rows import AuditRow, Head
from .stored import detail_of

Event = tuple[str, Mapping[str, Any]]
"""What it is about (a record, a plan, an entry), and the detail. No personal data: events are kept for years."""

_audit, _head = schema.audit, schema.audit_head
_OURS = _audit.c.connection == bindparam("p_connection")
_OUR_HEAD = _head.c.connection == bindparam("p_connection")
_LAST = select(_audit.c.number, _audit.c.hash).where(_OURS).order_by(_audit.c.number.desc()).limit(1)
_HASH = select(_audit.c.hash).where(_OURS, _audit.c.number == bindparam("p_number"))
_SEALED = select(_head.c.sealed).where(_OUR_HEAD).with_for_update()
_RENEW = update(_head).where(_OUR_HEAD).values(sealed=bindparam("p_sealed", type_=_head.c.sealed.type))
_ADD = insert(_audit)
_versions = schema.reference_version.c
_RULES = select(_versions.version).where(
    _versions.connection == bindparam("p_connection"), _versions.system == "settings", _versions.name == "rules"
)
HASHED = ("connection", "at", "actor", "action", "object", "detail", "previous")


class HeadKeeper(Protocol):
    """Seals heads, and keeps them in the home folder."""

    def seal(self, connection: str, head: Head) -> bytes:
        """The head, sealed for this connection by the key in use."""

    def open(self, connection: str, sealed: bytes) -> Head:
        """Raises `StateTrouble` for what was not sealed here for this connection."""

    def kept(self, connection: str) -> bytes | None:
        """What the home keeps; None if it keeps nothing."""

    def keep(self, connection: str, sealed: bytes) -> None:
        """Put a sealed head in place of the one in the home; raises nothing, for the event is committed by now."""


class Recording:
    """One transaction, and the events that are added to the log in it."""

    def __init__(self, tx: Connection, marker: Marker, keeper: HeadKeeper | None) -> None:
        self.tx = tx
        self._marker = marker
        self._keeper = keeper
        self._heads: dict[str, bytes] = {}

    def add(self, connection: str, actor: Actor, action: str, events: Sequence[Event], now: datetime) -> Head:
        """Append these events in one statement; nothing for none. Gives the end of the log."""
        if not events:
            return head_of(self.tx, connection)
        sealed = self._sealed(connection)
        last = head_of(self.tx, connection)
        rows, previous = [], last.hash
        for number, (name, detail) in enumerate(events, last.number + 1):
            row = {"connection": connection, "at": ms(now), "actor": name_of(actor), "action": action, "object": name}
            row |= {"detail": msgspec.json.encode({**detail, **beside(actor)}).decode(), "previous": previous}
            previous = digest(row)
            rows.append(row | {"number": number, "hash": previous})
        self.tx.execute(_ADD, marked(self._marker, _audit, rows))
        if self._keeper is not None and sealed is not None and fits(self._keeper, connection, sealed, last):
            self._renew(self._keeper, connection, last, Head(last.number + len(rows), previous))
        return Head(last.number + len(rows), previous)

    def _sealed(self, connection: str) -> bytes | None:
        """The seal of the log, whose row stays locked: nobody else appends meanwhile. None if the row was removed."""
        mine = {"p_connection": connection}
        row = self.tx.execute(_SEALED, mine).one_or_none()
        if row is None:
            lock(self.tx, connection)
            if head_of(self.tx, connection).number == 0:
                self.tx.execute(upsert(self.tx, _head, ("connection",)), {"connection": connection, "sealed": b""})
            row = self.tx.execute(_SEALED, mine).one_or_none()  # another process may have been the first
        return None if row is None else bytes(row.sealed)

    def _renew(self, keeper: HeadKeeper, connection: str, last: Head, head: Head) -> None:
        sealed = keeper.seal(connection, head)
        self.tx.execute(_RENEW, {"p_connection": connection, "p_sealed": sealed})
        kept = self._heads.get(connection) or keeper.kept(connection)
        if kept is None or self._leads_here(keeper, connection, kept, last):
            self._heads[connection] = sealed

    def _leads_here(self, keeper: HeadKeeper, connection: str, kept: bytes, last: Head) -> bool:
        """Whether what the home keeps is the head, or one before it: a crash may have come before it was renewed."""
        known = opened(keeper, connection, kept)
        if known is None or known == last or known.number > last.number:
            return known == last
        return hash_of(self.tx, connection, known.number) == known.hash

    def keep_heads(self) -> None:
        """Keep the new heads in the home: after the commit, so that it is behind the log at most, and never ahead."""
        if self._keeper is not None:
            for connection, sealed in self._heads.items():
                self._keeper.keep(connection, sealed)


class Audit(Base):
    """What the parts of the store share whose transactions add events."""

    keeper: HeadKeeper | None = None
    """Who seals the heads; None in a store of its own, whose log is a chain and no more."""

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """A transaction that adds events; the home follows when it is committed."""
        with self.begin() as tx:
            recording = Recording(tx, self.marker, self.keeper)
            yield recording
        recording.keep_heads()

    def audit(
        self, connection: str, actor: Actor, action: str, object: str, detail: Mapping[str, Any], now: datetime
    ) -> None:
        """Add one event, in a transaction of its own. `object` is what it is about; `detail` holds no personal data."""
        with self.recording() as recording:
            recording.add(connection, actor, action, [(object, detail)], now)

    def audit_events(self, connection: str) -> list[AuditRow]:
        """All events of a connection, oldest first."""
        with self.begin() as tx:
            rows = tx.execute(select(_audit).where(_audit.c.connection == connection).order_by(_audit.c.number)).all()
        return [
            AuditRow(r.number, instant(r.at), r.actor, r.action, r.object, detail_of(r.detail), r.previous, r.hash)
            for r in rows
        ]

    def audit_head(self, connection: str) -> Head:
        """Number and hash of the last event; number 0 for an empty log."""
        with self.begin() as tx:
            return head_of(tx, connection)

    def note_settings(self, connection: str, digest: str, actor: Actor, now: datetime) -> bool:
        """Whether the rules are other ones than last time, or the first; that is an event, with both digests."""
        table, key = schema.reference_version, {"connection": connection, "system": "settings", "name": "rules"}
        with self.recording() as recording:
            before = recording.tx.execute(_RULES, {"p_connection": connection}).scalar() or ""
            if before == digest:
                return False
            recording.tx.execute(upsert(recording.tx, table, tuple(key), ("version",)), key | {"version": digest})
            recording.add(connection, actor, "settings", [("rules", {"before": before, "now": digest})], now)
        return True

    def sealed_heads(self) -> list[tuple[str, bytes]]:
        """Every sealed head in the state, by connection."""
        with self.begin() as tx:
            rows = tx.execute(select(_head)).all()
        return [(row.connection, bytes(row.sealed)) for row in rows if row.sealed]

    def reseal_head(self, connection: str, old: bytes, new: bytes) -> int:
        """Put `new` where `old` still stands; 1 if it did."""
        mine = (_head.c.connection == connection) & (_head.c.sealed == old)
        with self.begin() as tx:
            return tx.execute(update(_head).where(mine).values(sealed=new)).rowcount


def head_of(tx: Connection, connection: str) -> Head:
    """The last event that is in the table."""
    row = tx.execute(_LAST, {"p_connection": connection}).one_or_none()
    return Head() if row is None else Head(row.number, row.hash)


def hash_of(tx: Connection, connection: str, number: int) -> str | None:
    """The hash of the event with this number; None where there is none."""
    return tx.execute(_HASH, {"p_connection": connection, "p_number": number}).scalar()


def fits(keeper: HeadKeeper, connection: str, sealed: bytes, last: Head) -> bool:
    """Whether the seal is of exactly this head. A log that was never sealed, as of an older version, fits once."""
    return not sealed or opened(keeper, connection, sealed) == last


def opened(keeper: HeadKeeper, connection: str, sealed: bytes) -> Head | None:
    """The head under a seal; None for one that is damaged, or was made elsewhere."""
    try:
        return keeper.open(connection, sealed)
    except StateTrouble:
        return None


def digest(row: Mapping[str, Any]) -> str:
    """SHA-256 over an event with the hash of the one before."""
    return hashlib.sha256(msgspec.json.encode({name: row[name] for name in HASHED}, order="sorted")).hexdigest()
