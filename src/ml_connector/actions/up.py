"""The service: all connections of a home, kept in step by one process until it is stopped."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from ml_connector.actions.follow import live_connection
from ml_connector.actions.open import App, open_apps
from ml_connector.clock import Timekeeper
from ml_connector.engine.worker import DrainReport
from ml_connector.model.errors import Busy, ConnectorError, StateTrouble, WrongUse
from ml_connector.service.connection import LiveConnection

LOCK = "up.lock"
"""The file in the home that the service holds locked: the lock ends with the process, however that ends."""
Told = Callable[[str, str], None]
"""The name of a connection, and a line about it that people should still see later."""
Passed = Callable[[str, App, DrainReport], None]


class Service:
    """The connections that are kept in step here. `troubles` are those that could not be opened."""

    def __init__(self, lives: Mapping[str, LiveConnection], troubles: Mapping[str, ConnectorError]) -> None:
        self.troubles = troubles
        self._lives = lives
        self._by_id = {live.app.connection.id: live for live in lives.values()}
        self._loop = asyncio.get_running_loop()

    @property
    def listening(self) -> bool:
        """Whether what changes in Salesforce is heard of at once, wherever the settings ask for that."""
        return all(live.listening for live in self._lives.values())

    def arrived(self, connections: Collection[str]) -> None:
        """Something was delivered for these connections, by id. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._wake, connections)

    def signed_in(self, connection: str) -> None:
        """A person has signed in anew for this connection, by id. May be called from any thread."""
        if connection in self._by_id:
            self._loop.call_soon_threadsafe(self._by_id[connection].changed_elsewhere)

    def _wake(self, connections: Collection[str]) -> None:
        for id_ in connections:
            if id_ in self._by_id:
                self._by_id[id_].arrived()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; then within ten seconds. Raises what a job raises, after all others were stopped."""
        tasks = [asyncio.create_task(self._one(live, stopping)) for live in self._lives.values()]
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure

    async def _one(self, live: LiveConnection, stopping: asyncio.Event) -> None:
        try:
            await live.run(stopping)
        finally:
            stopping.set()


@asynccontextmanager
async def service(
    home: Path,
    tell: Told = lambda *_: None,
    passed: Passed = lambda *_: None,
    *,
    clock: Timekeeper | None = None,
) -> AsyncIterator[Service]:
    """The service of a home; one at a time. Raises `Busy` while another process is it, `WrongUse` where no connection
    can be opened.
    """
    with alone(home):
        async with open_apps(home, clock=clock) as found:
            apps = {name: app for name, app in found.items() if isinstance(app, App)}
            troubles = {name: error for name, error in found.items() if isinstance(error, ConnectorError)}
            if not apps:
                raise next(iter(troubles.values()), WrongUse("No connection is set up.", "Run  ml-connector init"))
            yield Service({name: _live(name, app, tell, passed) for name, app in apps.items()}, troubles)


def _live(name: str, app: App, tell: Told, passed: Passed) -> LiveConnection:
    return live_connection(app, tell=lambda line: tell(name, line), passed=lambda report: passed(name, app, report))


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Meanwhile this process is the service of the home. Raises `Busy` while another one is."""
    file = home / LOCK
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateTrouble(f"{file} cannot be opened.", "Check free space and rights of the home folder.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            number = os.read(handle, 20).decode("ascii", "replace").strip() or "of another user"
            raise Busy(
                f"A service runs on this home already (process {number}).",
                "Nothing to do: it goes on. End it first if this one is to take its place.",
            ) from error
        # A full disk is no reason not to run: the number is for people.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
