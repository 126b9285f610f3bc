"""What is done by the company's clock: orders every evening, the close of the month by the hour, its comparison."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from ml_connector.app import App
from ml_connector.engine.intake import compared_kinds
from ml_connector.flows.orders import order_to_journal
from ml_connector.model.schedule import Does, Entry, in_words, last_time, next_time
from ml_connector.settings import Cadence

from .sides import DRAIN, SWEEP
from .work import Around, ConnectionJob

CADENCE = "cadence"
CLOSE = "close of the month"
"""Why ids are compared then."""
_IDLE = timedelta(hours=12)
"""Nothing is waited for longer than that: the clock may be set meanwhile."""
_log = structlog.get_logger("service")


def spoken(cadence: Cadence, zone: ZoneInfo) -> list[str]:
    """The schedule in words, a line for each part of it."""
    minutes = f"every {cadence.sweep_minutes} minutes" if cadence.sweep_minutes > 1 else "every minute"
    does = {
        Does.SWEEP: "Both systems are asked what changed",
        Does.ORDERS: "Both systems are asked, and every held order is looked at again",
        Does.COMPARE: "All ids are compared, before the month is signed off",
    }
    lines = [f"{does[entry.does]}: {in_words(entry, zone)}." for entry in cadence.entries()]
    return [f"{does[Does.SWEEP]}: {minutes}.", *lines]


class CadenceJob(ConnectionJob):
    """Wakes the jobs that do it. What was due while no process was there is done at the start, once."""

    def __init__(self, around: Around) -> None:
        super().__init__(CADENCE, around)
        app, now = around.app, self.clock.now()
        self._zone = app.connection.zone
        # A connection that was never swept is about to be read from the beginning: nothing was missed.
        begun = any(around.sides.of(system).asked_at for system in app.runtime.systems)
        entries = app.settings.cadence.entries()
        self._due = {entry: now if begun else next_time(entry, now, self._zone) for entry in entries}
        self.next_at = self._next(now)

    async def work(self) -> datetime:
        """When the next part of the schedule is due."""
        now = self.clock.now()
        for entry, due in list(self._due.items()):
            if due <= now:
                self._due[entry] = next_time(entry, now, self._zone)
                self._do(entry, last_time(entry, now, self._zone))
        return self._next(now)

    def _next(self, now: datetime) -> datetime:
        return min([now + _IDLE, *self._due.values()])

    def _do(self, entry: Entry, scheduled: datetime) -> None:
        app, jobs, now = self.around.app, self.around.jobs, self.clock.now()
        done = {(CADENCE, f"{entry.does.value} {entry.days.value}"): scheduled.isoformat()}
        if not app.store.changed_references(app.connection.id, done):
            return  # by the process before
        _log.info("schedule", does=entry.does.value, days=entry.days.value)
        if entry.does is Does.COMPARE:
            for system in app.runtime.systems:
                app.store.ask_comparison(app.connection.id, system, compared_kinds(app.runtime, system), CLOSE, now)
            jobs.wake("compare")
            return
        for system in app.runtime.systems:
            asked_at = self.around.sides.of(system).asked_at
            if asked_at is None or asked_at < scheduled:
                jobs.wake(f"{SWEEP} {system}")
        if entry.does is Does.ORDERS:
            look_at_orders_again(app, now)
            jobs.wake(DRAIN)


def look_at_orders_again(app: App, now: datetime) -> None:
    """Knock on every order that is held: what released it may have come by no trigger that we know."""
    flow = order_to_journal.FLOW.name
    held = [(row.flow, row.ref) for row in app.store.holds(app.connection.id) if row.flow == flow]
    app.store.intake(app.connection.id, held, CADENCE, now)
