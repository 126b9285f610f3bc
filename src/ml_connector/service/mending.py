"""The job that closes holes: bounded backfills, and the comparisons that some of them take."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml_connector.engine.mending import ask_for_what_is_missing, mend, to_mend

from .sides import DRAIN
from .work import Around, ConnectionJob

MEND = "mend"
LOOK = timedelta(minutes=5)
"""How often our own state is looked through for holes; whoever opens one may wake the job."""


class MendJob(ConnectionJob):
    """Reads again what may be missing, of a side that answers."""

    def __init__(self, around: Around) -> None:
        super().__init__(MEND, around)

    async def work(self) -> datetime:
        """When it has to look again."""
        for system in self.around.app.runtime.systems:
            if self.around.sides.of(system).state == "live":
                await self._mend(system)
        return self.clock.now() + LOOK

    async def _mend(self, system: str) -> None:
        app, jobs = self.around.app, self.around.jobs
        holes = to_mend(app.connection, app.runtime, system)
        if holes and await mend(app.connection, app.runtime, system, holes):
            jobs.wake(DRAIN)
        if ask_for_what_is_missing(app.connection, app.runtime, system, self.clock.now()):
            jobs.wake("compare")
