"""How the last run of a connection ended, so that who looks later knows (what else lasts tells of itself)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from ml_connector.model.people import Actor

from . import schema
from .audit import Audit
from .database import instant, ms, upsert
from .rows import RunEnd

_SIGN_IN = "SignInNeeded"
_KEPT = ("began_at", "ended_at", "error", "sentence", "remedy")
_ERROR = select(schema.last_run.c.error).where(schema.last_run.c.connection == bindparam("p_connection"))


class Runs(Audit):
    """One row for each connection: the run before is forgotten, but for its events in the audit log."""

    def note_run(self, connection: str, end: RunEnd, actor: Actor, now: datetime) -> None:
        """Keep how a run ended. A sign-in that is found dead, or alive again, is an event of the audit log."""
        row = {
            "connection": connection,
            "began_at": ms(end.began_at),
            "ended_at": ms(end.ended_at),
            "error": end.error,
            "sentence": end.sentence,
            "remedy": end.remedy,
        }
        with self.recording() as recording:
            tx = recording.tx
            before = tx.execute(_ERROR, {"p_connection": connection}).scalar() or ""
            tx.execute(upsert(tx, schema.last_run, ("connection",), _KEPT), row)
            if (before == _SIGN_IN) != (end.error == _SIGN_IN):
                action = "sign-in lost" if end.error == _SIGN_IN else "sign-in works again"
                recording.add(connection, actor, action, [(connection, {"sentence": end.sentence})], now)

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
