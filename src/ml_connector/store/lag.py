"""How far behind the work is: what the service tells of itself in figures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select

from . import schema
from .base import Base
from .database import instant, ms

_task = schema.task
_DUE_SINCE = select(func.min(_task.c.first_at)).where(
    _task.c.connection == bindparam("p_connection"),
    _task.c.noticed > _task.c.served,
    _task.c.next_at <= bindparam("p_now"),
)


class Lag(Base):
    """Answered from our own records."""

    def due_since(self, connection: str, now: datetime) -> datetime | None:
        """Since when the oldest task that is due was known to have something to do; None when nothing is due."""
        with self.begin() as tx:
            first = tx.execute(_DUE_SINCE, {"p_connection": connection, "p_now": ms(now)}).scalar()
        return None if first is None else instant(first)
