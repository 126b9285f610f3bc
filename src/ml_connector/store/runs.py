"""How the last run of a connection ended, so that who looks later knows (what else lasts tells of itself)."""

from __future__ import annotations

from sqlalchemy import select

from . import schema
from .base import Base
from .database import instant, ms, upsert
from .rows import RunEnd

_KEPT = ("began_at", "ended_at", "error", "sentence", "remedy")


class Runs(Base):
    """One row for each connection: the run before is forgotten."""

    def note_run(self, connection: str, end: RunEnd) -> None:
        """Keep how a run ended."""
        row = {
            "connection": connection,
            "began_at": ms(end.began_at),
            "ended_at": ms(end.ended_at),
            "error": end.error,
            "sentence": end.sentence,
            "remedy": end.remedy,
        }
        with self.begin() as tx:
            tx.execute(upsert(tx, schema.last_run, ("connection",), _KEPT), row)

    def last_run(self, connection: str) -> RunEnd | None:
        """How the last run ended; None before the first."""
        table = schema.last_run
        with self.begin() as tx:
            row = tx.execute(select(table).where(table.c.connection == connection)).one_or_none()
        if row is None:
            return None
        return RunEnd(
            began_at=instant(row.began_at),
            ended_at=instant(row.ended_at),
            error=row.error,
            sentence=row.sentence,
            remedy=row.remedy,
        )
