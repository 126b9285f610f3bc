"""Keeps a side signed in ahead of time, so that no call has to wait for it and no sign-in dies of disuse.

Each side on its own clock: QuickBooks renews some minutes before the hour of its access token is over, which also
pushes its 100 days out; Salesforce gets a new session after 90 minutes.
"""

from __future__ import annotations

from datetime import datetime

from .work import STANDSTILL, Around, ConnectionJob

RENEW = "renew"


class RenewalJob(ConnectionJob):
    """Renews the sign-in of one side. While that side is not well its own sweep asks it, and nobody else."""

    def __init__(self, around: Around, system: str) -> None:
        super().__init__(f"{RENEW} {system}", around)
        self.system = system

    async def work(self) -> datetime:
        """When the next renewal is due."""
        if self.around.sides.of(self.system).state != "live":
            return self.clock.now() + STANDSTILL
        app = self.around.app
        return await (app.quickbooks if self.system == app.quickbooks.name else app.salesforce).keep_signed_in()
