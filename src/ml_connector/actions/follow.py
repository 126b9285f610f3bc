"""Keep a connection in step until somebody stops it, through whatever passes by itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from ml_connector.actions.drain import DrainReport
from ml_connector.actions.holds import note_late
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.retention import forget_old
from ml_connector.app import App
from ml_connector.service.connection import LiveConnection
from ml_connector.service.jobs import Recurring
from ml_connector.service.telling import Tell
from ml_connector.service.work import HOURLY


def live_connection(
    app: App,
    progress: Progress = quiet,
    tell: Tell = lambda _: None,
    passed: Callable[[DrainReport], None] = lambda _: None,
) -> LiveConnection:
    """The connection with all its jobs; `passed` is told what each drain did. `sync` and `up` run the same ones."""
    live = LiveConnection(app, progress=progress, tell=tell, passed=passed)
    live.jobs.add(Housekeeping(app))
    return live


async def follow(
    app: App,
    progress: Progress = quiet,
    tell: Tell = lambda _: None,
    passed: Callable[[DrainReport], None] = lambda _: None,
    stopping: asyncio.Event | None = None,
    *,
    wait: bool = True,
) -> None:
    """Keep both sides in step until `stopping`, or until TERM or Ctrl+C where that is not given.

    Everything is waited for, each side and each job for itself: a vendor that is away or cannot be read, a limit, a
    sign-in that a person must renew, another run, writes that are stopped, a state that is locked or full. Where
    another process of this home does the same, this one stands by; without `wait` it raises `Busy`.
    """
    live = live_connection(app, progress, tell, passed)
    if stopping is not None:
        return await live.run(stopping, wait=wait)
    with on_signal() as asked:
        return await live.run(asked, wait=wait)


@contextmanager
def on_signal() -> Iterator[asyncio.Event]:
    """An event that TERM and Ctrl+C set: what is under way comes to its end, and the lease is given back."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    try:
        yield asked
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class Housekeeping(Recurring):
    """What our own records ask for: holds that last too long are told of, lost values that are too old forgotten."""

    def __init__(self, app: App) -> None:
        super().__init__("housekeeping", app.world.clock, app.world.ids)
        self._app = app

    async def work(self) -> datetime:
        """When it has to look again."""
        note_late(self._app)
        forget_old(self._app)
        return self.clock.now() + HOURLY / 4
