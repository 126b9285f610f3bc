"""Digests of an older version, which could be guessed back, are put out of the state (decision 0013)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update

from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role

from . import schema
from .base import Base, lock
from .conflicts import entry
from .database import upsert
from .links import link_of, row_of
from .marks import MARK, is_marked, marked
from .rows import ConflictRow
from .tasks import knock

_DONE = {"system": "state", "name": "digests", "version": "keyed"}
_MARKED = {"system": "state", "name": "contact marks", "version": "E.6"}
_link, _conflict = schema.link, schema.conflict
_CHANGED = ("source", "target", "agreed")
_RENEW = (
    update(_link)
    .where(and_(*(_link.c[name] == bindparam(f"k_{name}") for name in ("connection", "role", "source"))))
    .values({name: bindparam(f"p_{name}", type_=_link.c[name].type) for name in (*_CHANGED, MARK)})
)


class Digests(Base):
    """Once in the life of a connection."""

    def key_digests(
        self,
        connection: str,
        roles: Sequence[Role],
        keyed: Callable[[Link], Link],
        lost: Callable[[ConflictRow], str],
    ) -> int:
        """Put `keyed` in place of every link of these roles that it changes, and the digest that `lost` gives beside
        every lost value that is kept. How many links were changed.

        It is done when no write is open: an open one makes its links as they were decided. A link that is not believed
        stays as it is.
        """
        with self.begin() as tx:
            lock(tx, connection)
            if _is_done(tx, connection, _DONE):
                return 0
            count = sum(self._key_links(tx, connection, role, keyed) for role in roles)
            _key_lost(tx, connection, lost)
            _done_unless_open(tx, connection, _DONE)
        return count

    def look_at_marks(self, connection: str, flow: str, now: datetime) -> None:
        """Have `flow` look at every contact that is linked, if a version was here that marked them with a keyed digest.

        Before `key_digests`, which that version has done too. It is done when no write is open.
        """
        with self.begin() as tx:
            lock(tx, connection)
            if _is_done(tx, connection, _MARKED):
                return
            if _is_done(tx, connection, _DONE):
                linked = select(_link.c.target).where(_link.c.connection == connection, _link.c.role == Role.CONTACT)
                refs = {Ref.parse(target) for target in tx.execute(linked).scalars()}
                knock(tx, connection, [(flow, ref) for ref in refs if ref.kind == "Contact"], "mark", now)
            _done_unless_open(tx, connection, _MARKED)

    def _key_links(self, tx: Connection, connection: str, role: Role, keyed: Callable[[Link], Link]) -> int:
        rows = tx.execute(select(_link).where(_link.c.connection == connection, _link.c.role == role.value)).all()
        sources, changes = {row.source for row in rows}, list[dict[str, Any]]()
        for row in rows:
            if is_marked(self.marker, _link, row):
                before = link_of(row, self.marker)
                now = keyed(before)
                if now != before and (now.source == before.source or str(now.source) not in sources):
                    fresh = marked(self.marker, _link, [row_of(connection, now)])[0]
                    renewed = {f"p_{name}": fresh[name] for name in (*_CHANGED, MARK)}
                    changes.append(
                        {"k_connection": connection, "k_role": role.value, "k_source": row.source, **renewed}
                    )
        if changes:
            tx.execute(_RENEW, changes)
        return len(changes)


def _is_done(tx: Connection, connection: str, step: Mapping[str, str]) -> bool:
    table = schema.reference_version
    mine = [table.c[name] == value for name, value in {"connection": connection, **step}.items()]
    return tx.execute(select(table.c.version).where(*mine)).first() is not None


def _done_unless_open(tx: Connection, connection: str, step: Mapping[str, str]) -> None:
    opened = (schema.write.c.connection == connection) & (schema.write.c.state == "open")
    if tx.execute(select(schema.write.c.id).where(opened).limit(1)).first() is None:
        done = upsert(tx, schema.reference_version, ("connection", "system", "name"), ("version",))
        tx.execute(done, {"connection": connection, **step})


def _key_lost(tx: Connection, connection: str, lost: Callable[[ConflictRow], str]) -> None:
    kept = (_conflict.c.connection == connection) & (_conflict.c.sealed != b"")
    for row in tx.execute(select(_conflict).where(kept)).all():
        tx.execute(update(_conflict).where(_conflict.c.id == row.id).values(digest=lost(entry(row))))
