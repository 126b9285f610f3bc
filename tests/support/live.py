"""A connection that lives in virtual time: the clock goes on to whatever its jobs, or the story, have next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from ml_connector.actions.follow import live_connection
from ml_connector.app import App
from ml_connector.engine.worker import DrainReport
from ml_connector.service.connection import LiveConnection

from .world import Installation

Act = Callable[[], Awaitable[None] | None]


class Living:
    """The jobs of a connection, what they said and did, and what that cost."""

    def __init__(self, home: Installation, app: App | None = None) -> None:
        self.home = home
        self.told: list[str] = []
        self.reports: list[DrainReport] = []
        self.live = self.started(app or home.app)

    def started(self, app: App) -> LiveConnection:
        """A process that has just begun."""
        self.live = live_connection(app, tell=self.told.append, passed=self.reports.append)
        return self.live

    @property
    def now(self) -> datetime:
        return self.home.clock.now()

    async def live_for(self, length: timedelta, *story: tuple[timedelta, Act]) -> None:
        """So much time passes; what the story tells happens so long after now."""
        begun, end = self.now, self.now + length
        coming = sorted(((begun + after, act) for after, act in story), key=lambda event: event[0])
        while True:
            next_at = self.live.jobs.next_at()
            if coming and coming[0][0] <= max(next_at, self.now):
                at, act = coming.pop(0)
                self._until(at)
                if (waiting := act()) is not None:
                    await waiting
            elif next_at > end or self.now >= end:
                self._until(end)
                return
            else:
                self._until(next_at)
                await self.live.jobs.turn()

    def _until(self, at: datetime) -> None:
        if at > self.now:
            self.home.clock.advance(at - self.now)

    @property
    def connection(self) -> str:
        """The name of the connection."""
        return self.home.app.connection.id

    @property
    def unserved(self) -> int:
        """Tasks that wait."""
        return sum(self.home.store.unserved(self.connection).values())

    def reads(self) -> int:
        """Metered QuickBooks reads so far."""
        return self.home.emulation.log.totals("quickbooks").reads

    def calls(self) -> int:
        """Salesforce calls so far."""
        return self.home.emulation.log.totals("salesforce").calls


def another_phone(home: Installation, number: int) -> None:
    """Someone in QuickBooks changes the telephone of Alder Analytics."""
    (row,) = [row for row in home.state("quickbooks", "Customer") if row["DisplayName"] == "Alder Analytics"]
    body = {"Id": row["Id"], "PrimaryPhone": {"FreeFormNumber": f"(617) 555-01{number:02d}"}}
    home.emulation.act("quickbooks", "update", "Customer", body)


def phone(home: Installation) -> str:
    """What Salesforce shows of it."""
    phones: dict[str, str] = {row["Name"]: row.get("Phone", "") for row in home.state("salesforce", "Account")}
    return phones["Alder Analytics"]
