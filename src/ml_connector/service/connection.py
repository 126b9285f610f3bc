"""A connection that is kept in step: its jobs, and the health of its two sides."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta

from ml_connector.app import App
from ml_connector.clients import event_bus_client
from ml_connector.engine.worker import DrainReport
from ml_connector.files import LocalHolders
from ml_connector.model.errors import Busy
from ml_connector.store.rows import SideRow

from .alerts import AlertsJob
from .cadence import CadenceJob
from .jobs import Jobs
from .mending import MendJob
from .progress import Progress, quiet
from .renewals import RenewalJob
from .sides import DRAIN, NAMES, Sides
from .telling import Tell
from .work import LOOK, Around, CompareJob, DrainJob, LookJob, ReleaseJob, SweepJob

STAND_BY = timedelta(seconds=2)
"""How often a second process looks whether the first is still there."""
_ONE_IS_ENOUGH = "One is enough: this one takes over when that one ends."


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
        self._around = around = Around(app, self.sides, self.jobs, progress, tell, passed)
        self._listen(around)
        for system in systems:
            self.jobs.add(SweepJob(around, system))
            self.jobs.add(RenewalJob(around, system))
        self.jobs.add(ReleaseJob(around))
        self.jobs.add(CompareJob(around))
        self.jobs.add(LookJob(around))
        self.jobs.add(DrainJob(around))
        self.jobs.add(MendJob(around))
        self.jobs.add(CadenceJob(around))
        self.jobs.add(AlertsJob(around))

    def _listen(self, around: Around) -> None:
        """The stream of change events, where the settings name one; before the sweeps, so that it is open first."""
        connect = event_bus_client(self.app.settings)
        if connect is None:
            return
        from .streams import StreamJob  # what reads events is slow to load

        stream = StreamJob(around, connect)
        around.streams[self.app.salesforce.name] = stream
        self.jobs.add(stream, stream.close)

    @property
    def listening(self) -> bool:
        """Whether each stream of change events is open, or there is none: what changes now is heard of."""
        return all(stream.heard_at is not None for stream in self._around.streams.values())

    def arrived(self) -> None:
        """Knocks were taken in: what is due is done now. Nothing is swept because of them."""
        self.jobs.wake(DRAIN)

    def changed_elsewhere(self) -> None:
        """Somebody else has put something on record that this connection goes by, such as a sign-in."""
        self.jobs.wake(LOOK)

    async def run(self, stopping: asyncio.Event, *, wait: bool = True) -> None:
        """Until `stopping`. Raises what a job raises.

        One process of a home keeps a connection in step: a second one says so and stands by, to go on when the first
        has ended or died; where it shall not `wait` it raises `Busy`. It takes no knock and asks no vendor meanwhile.
        """
        handle = await self._alone(stopping, wait=wait)
        if handle is None:
            return
        try:
            await self.jobs.run(stopping)
        finally:
            os.close(handle)

    async def _alone(self, stopping: asyncio.Event, *, wait: bool) -> int | None:
        """The lock that says that this process is the one; None where it was stopped before."""
        holders, told = LocalHolders(self.app.settings.home), False
        while (handle := holders.alone(f"service-{self.app.connection.id}")) is None:
            busy = Busy("Another process keeps this connection in step already.", _ONE_IS_ENOUGH)
            if not wait:
                raise busy
            if not told:
                self._tell(f"{busy.sentence} {busy.remedy}")
                told = True
            if stopping.is_set():
                return None
            await self.app.world.clock.sleep(STAND_BY)
        return handle

    def _changed(self, side: SideRow) -> None:
        name = NAMES.get(side.system, side.system)
        if side.state != "live":
            self._tell(f"{name} is {side.state}: {side.sentence} {side.remedy}")
        elif side.refused:
            self._tell(f"{name} does not list {', '.join(sorted(side.refused))} any more; everything else goes on.")
        else:
            self._tell(f"{name} answers again.")
