"""Where a state lives, and whether the home knows more of its log than it does itself."""

from __future__ import annotations

from sqlalchemy import select, text

from . import schema
from .audit import Audit, hash_of, head_of, opened
from .database import upsert

_TABLE = schema.installation
_OID = text("SELECT CAST(CAST('connection' AS regclass) AS oid)")


class Installation(Audit):
    """What tells a state from a copy of it, or from what it was before."""

    def place_of_database(self) -> str:
        """What a database server calls it: another after it was restored from a dump; blank for a SQLite file."""
        with self.begin() as tx:
            return "" if tx.dialect.name == "sqlite" else f"table {tx.execute(_OID).scalar_one()}"

    def place(self) -> str | None:
        """Where it lived when it was opened last; blank for a backup, None where that was never noted."""
        with self.begin() as tx:
            place = tx.execute(select(_TABLE.c.place)).scalar()
        return None if place is None else str(place)

    def lives_at(self, place: str) -> None:
        """Note where it lives from now on."""
        with self.begin() as tx:
            tx.execute(upsert(tx, _TABLE, ("id",), ("place",)), {"id": 1, "place": place})

    def lacks_events(self, connection: str) -> bool:
        """Whether the home keeps the head of a log that this one does not lead to, because it was put back."""
        kept = None if self.keeper is None else self.keeper.kept(connection)
        if self.keeper is None or kept is None:
            return False
        head = opened(self.keeper, connection, kept)
        with self.begin() as tx:
            if head is None or not head_of(tx, connection).number:
                return head is not None
            return hash_of(tx, connection, head.number) != head.hash
