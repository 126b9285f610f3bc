"""Alarms on record: raised once, told of once, and once more when they are over. And the rhythm of each source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from ml_connector.model.alerts import Alert, Message
from ml_connector.model.continuity import Claim
from ml_connector.model.rhythm import Rhythm, heard

from . import schema
from .audit import Audit
from .base import lock
from .database import instant, ms, upsert
from .rows import AlertRow

ACTOR = "ml-connector"
_alert, _rhythm = schema.alert, schema.rhythm
_OURS = select(_alert).where(_alert.c.connection == bindparam("p_connection")).order_by(_alert.c.since, _alert.c.key)
_RAISED = _OURS.where(_alert.c.over_at == 0)
_RHYTHM = select(_rhythm).where(
    _rhythm.c.connection == bindparam("p_connection"), _rhythm.c.source == bindparam("p_source")
)
_FRESH = ("sentence", "command", "since", "over_at", "told", "told_over")
_LEARNED = ("since", "last_at", "hour", "changes", "usual")


class Told(Audit):
    """What is raised and over is noted in one transaction with its event; telling of it is noted afterwards."""

    def note_alerts(self, connection: str, alerts: Sequence[Alert], now: datetime) -> None:
        """These alarms are raised now, and no others: new ones begin, those that are gone are over."""
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            raised = {row.key: row for row in tx.execute(_RAISED, {"p_connection": connection})}
            wanted = {alert.key: alert for alert in alerts}
            new = [alert for key, alert in wanted.items() if key not in raised]
            gone = [key for key in raised if key not in wanted]
            rows = [_row(connection, alert, now) for alert in new]
            if rows:
                tx.execute(upsert(tx, _alert, ("connection", "key"), _FRESH), rows)
            self._end(tx, connection, gone, now)
            said = [(alert.key, {"sentence": alert.sentence, "command": alert.command}) for alert in new]
            recording.add(connection, ACTOR, "alarm", said, now)
            recording.add(connection, ACTOR, "alarm over", [(key, {}) for key in gone], now)

    def _end(self, tx: Connection, connection: str, keys: Iterable[str], now: datetime) -> None:
        for key in keys:
            mine = (_alert.c.connection == connection) & (_alert.c.key == key)
            # Over before anybody could be told: then nobody is told of either.
            tx.execute(update(_alert).where(mine).values(over_at=ms(now), told_over=1 - _alert.c.told, told=1))

    def untold_alerts(self, connection: str) -> list[Message]:
        """What nobody was told of yet, oldest first."""
        with self.begin() as tx:
            rows = tx.execute(_OURS, {"p_connection": connection}).all()
        return [
            Message(row.key, row.sentence, row.command, over=bool(row.over_at))
            for row in rows
            if not row.told or (row.over_at and not row.told_over)
        ]

    def told_of(self, connection: str, message: Message) -> None:
        """Somebody was told."""
        mine = (_alert.c.connection == connection) & (_alert.c.key == message.key)
        with self.begin() as tx:
            tx.execute(update(_alert).where(mine).values({"told_over" if message.over else "told": 1}))

    def alerts(self, connection: str) -> list[AlertRow]:
        """The alarms that are raised, oldest first."""
        with self.begin() as tx:
            rows = tx.execute(_RAISED, {"p_connection": connection}).all()
        return [AlertRow(row.key, row.sentence, row.command, instant(row.since)) for row in rows]

    def rhythm(self, connection: str, source: str) -> Rhythm | None:
        """How often a source is usually heard of; None while it never was."""
        with self.begin() as tx:
            return _read(tx, connection, source)


SILENT_WAYS = ("compare", "backfill", "mend")
"""Beginnings of sources by which we look for ourselves: that something is found says nothing about the rhythm."""


def heard_from(source: str, claim: Claim | None) -> str:
    """The system that has spoken by itself, of a source such as `stream:salesforce`; blank where none has.

    Of a sweep only the end counts, which claims what was swept: the first one lists everything there is.
    """
    way, _, system = source.partition(":")
    listing = way == "sweep" and (claim is None or claim.way != "sweep")
    return "" if way in SILENT_WAYS or listing else system


def note_heard(tx: Connection, connection: str, source: str, changes: int, now: datetime) -> None:
    """So many changes have come from a source. The transaction has locked the connection."""
    rhythm = heard(_read(tx, connection, source), changes, now)
    numbers = {"since": ms(rhythm.since), "last_at": ms(rhythm.last_at), "hour": rhythm.hour, "changes": rhythm.count}
    row = {"connection": connection, "source": source, "usual": msgspec.json.encode(rhythm.usual).decode()}
    tx.execute(upsert(tx, _rhythm, ("connection", "source"), _LEARNED), row | numbers)


def _read(tx: Connection, connection: str, source: str) -> Rhythm | None:
    row = tx.execute(_RHYTHM, {"p_connection": connection, "p_source": source}).one_or_none()
    if row is None:
        return None
    usual = msgspec.json.decode(row.usual, type=tuple[int, ...])
    return Rhythm(instant(row.since), instant(row.last_at), row.hour, row.changes, usual)


def _row(connection: str, alert: Alert, now: datetime) -> dict[str, object]:
    row = {"connection": connection, "key": alert.key, "sentence": alert.sentence, "command": alert.command}
    return row | {"since": ms(now), "over_at": 0, "told": 0, "told_over": 0}
