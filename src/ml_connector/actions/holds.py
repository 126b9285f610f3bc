"""What is held and why, from our own records; no vendor is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import structlog

from ml_connector.app import App
from ml_connector.model.holds import ALLOWED, render, who_acts
from ml_connector.store.rows import HeldRow

_HOUR = timedelta(hours=1)
_log = structlog.get_logger("holds")


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as people read it. `amount` in `currency`.

    `owner` is who acts. `overdue`: it should have ended by itself long ago; owner and remedy then say who looks after
    it, and how. `hours` is how long it has lasted.
    """

    code: str
    flow: str
    record: str
    sentence: str
    meaning: str
    remedy: str
    amount: Decimal | None
    currency: str
    since: datetime
    owner: str = ""
    overdue: bool = False
    hours: int = 0


def open_holds(app: App, code: str = "") -> list[HeldView]:
    """All open holds, or those of one code, in words; first those that should have ended by themselves."""
    views = [view for view in held_views(app) if not code or view.code == code]
    return sorted(views, key=lambda view: not view.overdue)


def held_views(app: App) -> list[HeldView]:
    """All open holds in words, by code and age."""
    now = app.world.clock.now()
    return [_view(row, now) for row in app.store.holds(app.connection.id)]


def _view(row: HeldRow, now: datetime) -> HeldView:
    overdue = is_late(row, now)
    words = render(row.code, row.facts, row.amount, row.currency, late=overdue)
    return HeldView(
        code=row.code,
        flow=row.flow,
        record=str(row.ref),
        sentence=words.sentence,
        meaning=words.meaning,
        remedy=words.remedy,
        amount=row.amount,
        currency=row.currency,
        since=row.since,
        owner=who_acts(row.code, row.facts, late=overdue),
        overdue=overdue,
        hours=hours_since(row.since, now),
    )


def is_late(row: HeldRow, now: datetime) -> bool:
    """Whether a hold that ends by itself has lasted longer than it should."""
    return row.code in ALLOWED and now - row.since >= ALLOWED[row.code]


def note_late(app: App) -> None:
    """Tell once of each hold that has lasted longer than it should: in the log, and in the audit chain."""
    now = app.world.clock.now()
    for late in app.store.tell_late(app.connection.id, ALLOWED, "ml-connector", now):
        hours = hours_since(late.since, now)
        _log.warning("a hold lasts too long", code=late.code, flow=late.flow, record=str(late.ref), hours=hours)


def hours_since(since: datetime, now: datetime) -> int:
    """Whole hours."""
    return (now - since) // _HOUR
