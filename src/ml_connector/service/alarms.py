"""What is an alarm now, from our own records; no vendor is asked. No sentence holds a personal datum or a secret."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from ml_connector.app import App
from ml_connector.model.alerts import Alert, AlertKind
from ml_connector.model.continuity import BEGINNING, Hole, Line, horizon
from ml_connector.model.rhythm import missed_changes
from ml_connector.store.pace import booked_by
from ml_connector.store.rows import SideRow
from ml_connector.systems.salesforce.pubsub.position import Position

from .hooks import says_nothing
from .token_lives import token_lives

NAMES = {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}
STREAM = "stream:salesforce"
"""The source whose position counts the events of 24 hours."""
AWAY_FOR = timedelta(hours=1)
"""A side that does not answer for so long is an alarm; before, it mostly comes back by itself."""
OPEN_WRITE_ALLOWED = timedelta(hours=1)
"""How long a write may stay open. The vendors are done with a request after minutes; then a look-up settles it."""
_SOON = timedelta(days=3)
"""Of a month, before its first days are taken for the others."""


def alarms(app: App, now: datetime) -> list[Alert]:
    """All that is an alarm now, the connection's sides first."""
    sides = app.store.sides(app.connection.id)
    parts = (
        _sides(app, sides, now), _sign_ins(app, now), _holes(app, now), _silence(app, sides, now), _webhooks(app),
        _held(app, now), _budget(app, now), _events(app, now),
    )  # fmt: skip
    return [alert for part in parts for alert in part]


def _sides(app: App, sides: Mapping[str, SideRow], now: datetime) -> Iterator[Alert]:
    for system, row in sorted(sides.items()):
        name = NAMES.get(system, system)
        since = _moment(app, row.since or now)
        if row.state == "dead":
            sentence = f"{name} does not let us in since {since}: {row.sentence}"
            yield Alert(AlertKind.SIGN_IN, system, sentence, f"connect {system}")
        elif row.state != "live" and row.since is not None and now - row.since >= AWAY_FOR:
            what = "has no calls left for us" if row.state == "limited" else "does not answer"
            yield Alert(AlertKind.SIDE, system, f"{name} {what} since {since}: {row.sentence}", "status")
        if row.refused:
            sentence = f"{name} refuses to list what changed of: {', '.join(sorted(row.refused))}."
            yield Alert(AlertKind.SIDE, f"{system} refused", sentence, "doctor")


def _sign_ins(app: App, now: datetime) -> Iterator[Alert]:
    """What ends soon by itself: the five years of a consent, a sign-in that nobody renews, a certificate."""
    for life in token_lives(app):
        for warned in msgspec.structs.replace(life, staged=False).warned(now):
            yield Alert(AlertKind.SIGN_IN, f"{life.system} ends: {warned.command}", warned.sentence, warned.command)


def _holes(app: App, now: datetime) -> Iterator[Alert]:
    longest = timedelta(hours=app.settings.alerts.hole_hours)
    by_number: dict[int, list[Hole]] = {}
    for hole in app.store.open_holes(app.connection.id):
        if now - hole.opened_at >= longest:
            by_number.setdefault(hole.number, []).append(hole)
    for number, holes in by_number.items():
        first = holes[0]
        kinds = ", ".join(hole.kind for hole in holes)
        name = NAMES.get(first.source, first.source)
        since = "the beginning" if first.span.since == BEGINNING else _moment(app, first.span.since)
        sentence = f"A hole in what we know of {name} stays open ({kinds}, from {since}): {first.cause.sentence}."
        yield Alert(AlertKind.HOLE, str(number), sentence, "status")


def _silence(app: App, sides: Mapping[str, SideRow], now: datetime) -> Iterator[Alert]:
    settings, lines = app.settings.alerts, app.store.lines(app.connection.id)
    allowed = timedelta(minutes=max(settings.silence_minutes, 2 * app.settings.cadence.sweep_minutes))
    for system in app.runtime.systems:
        if sides.get(system, SideRow(system=system)).state != "live":
            continue  # that is an alarm of its own
        name, heard = NAMES.get(system, system), _heard_up_to(system, lines)
        if heard is not None and now - heard > allowed:
            sentence = f"{name} answers, but nothing was read of it since {_moment(app, heard)}."
            yield Alert(AlertKind.SILENCE, system, sentence, "doctor")
            continue
        rhythm = app.store.rhythm(app.connection.id, system)
        if rhythm and (usual := missed_changes(rhythm, now)) >= settings.silence_changes:
            since = _moment(app, rhythm.last_at)
            sentence = f"Nothing has changed in {name} since {since}; at these hours about {usual} changes are usual."
            yield Alert(AlertKind.QUIET, system, sentence, "doctor")


def _webhooks(app: App) -> Iterator[Alert]:
    if says_nothing(app.store.hook_counts()):
        sentence = "The last webhooks were signed and named no record that is known: what they meant waits for a sweep."
        yield Alert(AlertKind.WEBHOOKS, "empty", sentence, "doctor")


def _heard_up_to(system: str, lines: Mapping[tuple[str, str], Line]) -> datetime | None:
    return horizon([line for (source, _), line in lines.items() if source == system])


def _held(app: App, now: datetime) -> Iterator[Alert]:
    days = app.settings.alerts.hold_days
    rows = app.store.holds(app.connection.id)
    old = Counter(row.code for row in rows if now - row.since >= timedelta(days=days))
    for code, number in sorted(old.items()):
        what = "1 record is" if number == 1 else f"{number:,} records are"
        span = "a day" if days == 1 else f"{days} days"
        yield Alert(AlertKind.HOLD, code, f"{what} held for more than {span} ({code}).", f"holds {code}")
    if late := app.store.late_writes(app.connection.id, OPEN_WRITE_ALLOWED, now):
        writes = "1 write has" if len(late) == 1 else f"{len(late):,} writes have"
        sentence = f"{writes} been open for too long: nobody knows yet whether it was done."
        yield Alert(AlertKind.WRITE, "late", sentence, f"explain {late[0].ref}")


def _budget(app: App, now: datetime) -> Iterator[Alert]:
    settings, usage = app.settings.alerts, app.salesforce.usage
    reads = forecast(booked_by(app.store, "quickbooks"), now)
    if reads * 100 > settings.forecast_percent * settings.quickbooks_reads:
        sentence = (
            f"QuickBooks reads of this month will be about {reads:,}; your plan includes {settings.quickbooks_reads:,}."
        )
        yield Alert(AlertKind.BUDGET, "quickbooks", sentence, "status")
    if usage.used and usage.allowed and usage.used * 100 > settings.forecast_percent * usage.allowed:
        sentence = f"The Salesforce org has used {usage.used:,} of the {usage.allowed:,} calls that it has in 24 hours."
        yield Alert(AlertKind.BUDGET, "salesforce", sentence, "status")


def _events(app: App, now: datetime) -> Iterator[Alert]:
    """Change events are metered: those that the stream has taken in 24 hours."""
    position = Position.parse(app.store.position(app.connection.id, STREAM))
    taken, most = position.total(now) if position else 0, app.settings.stream.daily_events
    if taken * 100 > app.settings.alerts.forecast_percent * most:
        sentence = f"The event stream has taken {taken:,} events in 24 hours; it rests after {most:,}."
        yield Alert(AlertKind.BUDGET, "events", sentence, "status")


def forecast(booked: Mapping[str, int], now: datetime) -> int:
    """Reads of the calendar month of `now`, if it goes on as it began; early in it, what there is so far."""
    begun = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    so_far = booked.get(f"{now:%Y-%m} read", 0)
    length = timedelta(days=monthrange(now.year, now.month)[1])
    return so_far if now - begun < _SOON else so_far * length // (now - begun)


def _moment(app: App, at: datetime) -> str:
    return at.astimezone(app.connection.zone).strftime("%Y-%m-%d %H:%M %Z")
