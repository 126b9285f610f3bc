"""A connection that is kept in step: its jobs, and the health of its two sides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ml_connector.app import App
from ml_connector.engine.worker import DrainReport
from ml_connector.store.rows import SideRow

from .alerts import AlertsJob
from .cadence import CadenceJob
from .jobs import Jobs
from .mending import MendJob
from .progress import Progress, quiet
from .sides import DRAIN, Sides
from .telling import Tell
from .work import Around, CompareJob, DrainJob, LookJob, ReleaseJob, SweepJob


class LiveConnection:
    """Sweeps, drain, comparisons and releases of one connection. More jobs (streams, alerts) are added to `jobs`."""

    def __init__(
        self,
        app: App,
        *,
        progress: Progress = quiet,
        tell: Tell = lambda _: None,
        passed: Callable[[DrainReport], None] = lambda _: None,
    ) -> None:
        world, systems = app.world, app.runtime.systems
        self.app = app
        self.jobs = Jobs(world.clock)
        self._tell = tell
        self.sides = Sides(
            app.store, app.connection.id, world.clock, world.ids, systems, wake=self.jobs.wake, changed=self._changed
        )
        around = Around(app, self.sides, self.jobs, progress, tell, passed)
        for system in systems:
            self.jobs.add(SweepJob(around, system))
        self.jobs.add(ReleaseJob(around))
        self.jobs.add(CompareJob(around))
        self.jobs.add(LookJob(around))
        self.jobs.add(DrainJob(around))
        self.jobs.add(MendJob(around))
        self.jobs.add(CadenceJob(around))
        self.jobs.add(AlertsJob(around))

    def arrived(self) -> None:
        """Knocks were taken in: what is due is done now. Nothing is swept because of them."""
        self.jobs.wake(DRAIN)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. Raises what a job raises."""
        await self.jobs.run(stopping)

    def _changed(self, side: SideRow) -> None:
        name = side.system.capitalize()
        self._tell(
            f"{name} answers again."
            if side.state == "live"
            else f"{name} is {side.state}: {side.sentence} {side.remedy}"
        )
