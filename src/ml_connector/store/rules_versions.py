"""Every version of the rules of a connection: what they were, since when, and who made them so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ml_connector.model.people import Actor, name_of

from . import schema
from .base import Base, lock
from .database import insert, instant, ms
from .rows import RulesVersion

_TABLE = schema.rules_version


class RulesVersions(Base):
    """Kept for people to read; what is in force is read from the settings."""

    def keep_rules(self, connection: str, digest: str, content: str, actor: Actor, now: datetime) -> None:
        """Keep these rules (JSON) as the newest version, unless they are that already."""
        with self.begin() as tx:
            lock(tx, connection)
            mine = select(_TABLE.c.number, _TABLE.c.digest).where(_TABLE.c.connection == connection)
            last = tx.execute(mine.order_by(_TABLE.c.number.desc()).limit(1)).one_or_none()
            if last is None or last.digest != digest:
                row = {"connection": connection, "number": last.number + 1 if last else 1, "at": ms(now)}
                row |= {"actor": name_of(actor), "digest": digest, "content": content}
                tx.execute(insert(tx, _TABLE).values(row))

    def rules_versions(self, connection: str) -> list[RulesVersion]:
        """All versions, the newest first."""
        query = select(_TABLE).where(_TABLE.c.connection == connection).order_by(_TABLE.c.number.desc())
        with self.begin() as tx:
            rows = tx.execute(query).all()
        return [RulesVersion(row.number, instant(row.at), row.actor, row.digest, row.content) for row in rows]
