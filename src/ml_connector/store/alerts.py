"""Holds that last longer than they should: each is told of once, whatever is started anew meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from ml_connector.model.refs import Ref

from . import schema
from .base import Base, lock
from .database import instant, ms
from .records import add_events
from .rows import Late


class Alerts(Base):
    def tell_late(self, connection: str, allowed: Mapping[str, timedelta], actor: str, now: datetime) -> list[Late]:
        """Holds of these codes that have lasted as long as is allowed and were not told of yet; they are from now on.

        Each becomes an event of the audit chain in the same transaction. A hold that ends and begins again counts anew.
        """
        table = schema.hold
        over = or_(*(_late(code, after, now) for code, after in allowed.items()))
        late = (table.c.connection == connection) & over
        query = select(table.c.flow, table.c.ref, table.c.code, table.c.since).where(late)
        with self.begin() as tx:
            lock(tx, connection)
            rows = tx.execute(query.order_by(table.c.since, table.c.ref)).all()
            found = [Late(row.flow, Ref.parse(row.ref), row.code, instant(row.since)) for row in rows]
            if found:
                tx.execute(update(table).where(late).values(alerted_at=ms(now)))
                events = [(str(each.ref), {"code": each.code, "since": each.since.isoformat()}) for each in found]
                add_events(tx, connection, actor, "alert", events, now)
        return found


def _late(code: str, after: timedelta, now: datetime) -> ColumnElement[bool]:
    """Lasts that long by now. What was told before that time was about another hold of the record."""
    hold, length = schema.hold.c, after // timedelta(milliseconds=1)
    return (hold.code == code) & (hold.since <= ms(now) - length) & (hold.alerted_at < hold.since + length)
