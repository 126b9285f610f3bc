"""What of each source is covered, the holes in it, the alarms and the schedule: from our own records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from ml_connector.app import App
from ml_connector.model.continuity import BEGINNING, Hole
from ml_connector.service.cadence import spoken
from ml_connector.store.rows import AlertRow


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The time of one kind: read without a break since `since` (None: from the beginning) up to `until`, by `ways`.

    `breaks` are the intervals before that one. None of it is told where nothing was read yet.
    """

    source: str
    kind: str
    since: datetime | None
    until: datetime
    ways: Sequence[str]
    breaks: int = 0


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A backfill under way: so many records of a kind were listed since `begun_at`, so many a minute."""

    source: str
    kind: str
    listed: int
    begun_at: datetime
    per_minute: int


class Continuity(msgspec.Struct, frozen=True, kw_only=True):
    """What is covered, the open holes, the alarms that are raised, the schedule in words, the backfills under way.

    `at_leisure` is how many records wait because of a backfill alone: they are served when nothing live is due.
    """

    backfills: Sequence[Listing] = ()
    at_leisure: int = 0
    covered: Sequence[Coverage] = ()
    holes: Sequence[Hole] = ()
    alarms: Sequence[AlertRow] = ()
    schedule: Sequence[str] = ()


def continuity_of(app: App) -> Continuity:
    """Where the continuity of the connection stands."""
    covered = []
    for (source, kind), line in app.store.lines(app.connection.id).items():
        if line.covered:
            last = line.covered[-1]
            since = None if last.span.since == BEGINNING else last.span.since
            covered.append(
                Coverage(
                    source=source,
                    kind=kind,
                    since=since,
                    until=last.span.until,
                    ways=last.ways,
                    breaks=len(line.covered) - 1,
                )
            )
    return Continuity(
        backfills=_backfills(app),
        at_leisure=app.store.at_leisure(app.connection.id),
        covered=covered,
        holes=app.store.open_holes(app.connection.id),
        alarms=app.store.alerts(app.connection.id),
        schedule=spoken(app.settings.cadence, app.connection.zone),
    )


def _backfills(app: App) -> list[Listing]:
    now = app.world.clock.now()
    return [
        Listing(
            source=row.system,
            kind=row.kind,
            listed=row.listed,
            begun_at=row.begun_at,
            per_minute=row.listed * timedelta(minutes=1) // max(now - row.begun_at, timedelta(seconds=1)),
        )
        for row in app.store.backfills(app.connection.id)
        if row.ended_at is None
    ]
