"""The job that closes holes: bounded backfills, and the comparisons that some of them take."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml_connector.app import App
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
        knocked, compare = await mend_side(self.around.app, system)
        if knocked:
            self.around.jobs.wake(DRAIN)
        if compare:
            self.around.jobs.wake("compare")


async def mend_side(app: App, system: str) -> tuple[int, bool]:
    """Read again what may be missing of one system. Tasks knocked on, and whether ids are to be compared."""
    store, connection, runtime = app.store, app.connection, app.runtime
    holes, knocked = store.open_holes(connection.id), 0
    if ours := to_mend(runtime, system, holes):
        knocked = await mend(connection, runtime, system, ours)
        holes = store.open_holes(connection.id)
    compare = ask_for_what_is_missing(connection, runtime, system, holes, app.world.clock.now())
    return knocked, bool(compare)
