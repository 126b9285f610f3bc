"""What is held and why, from our own records; no vendor is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import structlog

from ml_connector.app import App
from ml_connector.engine.corridor import UNANSWERED
from ml_connector.model.holds import ALLOWED, render, who_acts
from ml_connector.store.rows import HeldRow

OPEN_WRITE_ALLOWED = timedelta(hours=1)
"""How long a write may stay open. The vendors are done with a request after minutes; then a look-up settles it."""
_HOUR = timedelta(hours=1)
PLAYED_DAYS = (
    "In a rehearsal each day that is played puts the emulators' clock ahead of this machine's, by which orders are "
    "posted. The order follows when its day has come here; until then it is right that it waits."
)
_log = structlog.get_logger("holds")


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as people read it. `amount` in `currency`.

    `owner` is who acts. `overdue`: it should have ended by itself long ago; owner and remedy then say who looks after
    it, and how. `unread`: the vendor's answer about it cannot be read. `hours` is how long it has lasted.
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
    unread: bool = False
    hours: int = 0


def open_holds(app: App, code: str = "") -> list[HeldView]:
    """All open holds, or those of one code, in words; first those that should have ended by themselves."""
    views = [view for view in held_views(app) if not code or view.code == code]
    return sorted(views, key=lambda view: not view.overdue)


def held_views(app: App) -> list[HeldView]:
    """All open holds in words, by code and age."""
    now = app.world.clock.now()
    return [_view(app, row, now) for row in app.store.holds(app.connection.id)]


def _view(app: App, row: HeldRow, now: datetime) -> HeldView:
    overdue = is_late(row, now)
    words = render(row.code, row.facts, row.amount, row.currency, late=overdue)
    remedy = words.remedy
    if row.code == "H-FUTURE" and in_rehearsal(app):
        remedy = f"{remedy} {PLAYED_DAYS}"
    return HeldView(
        code=row.code,
        flow=row.flow,
        record=str(row.ref),
        sentence=words.sentence,
        meaning=words.meaning,
        remedy=remedy,
        amount=row.amount,
        currency=row.currency,
        since=row.since,
        owner=who_acts(row.code, row.facts, late=overdue),
        overdue=overdue,
        unread=row.code in UNANSWERED,
        hours=hours_since(row.since, now),
    )


def in_rehearsal(app: App) -> bool:
    """Whether the vendors are the emulators of this machine."""
    quickbooks = app.settings.quickbooks
    return quickbooks is not None and quickbooks.environment == "rehearsal"


def is_late(row: HeldRow, now: datetime) -> bool:
    """Whether a hold that ends by itself has lasted longer than it should."""
    return row.code in ALLOWED and now - row.since >= ALLOWED[row.code]


def note_late(app: App) -> None:
    """Tell once of each hold that has lasted, and of each write that was open, for longer than it should.

    In the log, and in the audit log.
    """
    now = app.world.clock.now()
    for late in app.store.tell_late(app.connection.id, ALLOWED, "ml-connector", now):
        hours = hours_since(late.since, now)
        _log.warning("a hold lasts too long", code=late.code, flow=late.flow, record=str(late.ref), hours=hours)
    for write in app.store.tell_late_writes(app.connection.id, OPEN_WRITE_ALLOWED, "ml-connector", now):
        hours = hours_since(write.since, now)
        _log.warning("a write stays open too long", step=write.step, record=str(write.ref), hours=hours)


def hours_since(since: datetime, now: datetime) -> int:
    """Whole hours since then; what is left over is dropped."""
    return (now - since) // _HOUR
