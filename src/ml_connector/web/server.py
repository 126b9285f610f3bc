"""The web door in a thread of its own, with a loop of its own: what keeps the worker busy keeps no webhook waiting."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn

from ml_connector.actions.desk import open_desk
from ml_connector.model.errors import StateTrouble, WrongUse

from .application import Application

_GRACE = 3
"""Seconds for which requests that are under way may go on when it ends."""
_AT_ONCE = 200
"""Requests at once; more are answered 503, and a vendor comes again."""


class Told(NamedTuple):
    """Who is told of what happens at the door, from its thread: connections by id that got something, a connection for
    which a person has signed in, and that the door has ended."""

    arrived: Callable[[Collection[str]], None] = lambda _: None
    signed_in: Callable[[str], None] = lambda _: None
    ended: Callable[[], None] = lambda: None


class Door:
    """Where it answers, once it is open."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.entry = ""
        self._failure: BaseException | None = None
        self._open = threading.Event()
        self._server: uvicorn.Server | None = None

    @property
    def one_time_link(self) -> str:
        """What a rehearsal prints for whoever reads the terminal; blank where people must prove who they are."""
        return f"{self.address}{self.entry}" if self.entry else ""

    def wait(self) -> None:
        """Until it answers. Raises what kept it from that."""
        self._open.wait()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Take nothing new, and end when what is under way is done."""
        if self._server is not None:
            self._server.should_exit = True

    def run(self, home: Path, listening: socket.socket, told: Told) -> None:
        """The life of the thread."""
        try:
            asyncio.run(self._serve(home, listening, told))
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the door
            self._failure = error
        finally:
            self._open.set()
            told.ended()

    async def _serve(self, home: Path, listening: socket.socket, told: Told) -> None:
        async with open_desk(home, told.arrived, told.signed_in) as desk:
            application = Application(desk)
            self.entry = application.entry
            self._server = server = uvicorn.Server(_config(application))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            self._open.set()
            await serving


def _config(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application.asgi,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=64 * 1024,
    )


@contextmanager
def opened(home: Path, host: str, port: int, told: Told) -> Iterator[Door]:
    """The door, answering; closed at the end. Port 0 takes a free one.

    Raises `WrongUse` for an address that cannot be listened on, and whatever keeps the home from being opened.
    """
    listening = _listen(host, port)
    number = listening.getsockname()[1]
    door = Door(f"http://{f'[{host}]' if ':' in host else host}:{number}")
    thread = threading.Thread(target=door.run, args=(home, listening, told), name="web")
    thread.start()
    try:
        door.wait()
        yield door
    finally:
        door.close()
        thread.join(_GRACE + 4)
        listening.close()
        if thread.is_alive():
            raise StateTrouble("The web pages did not end in time.", "Nothing to do: what was acknowledged is on disk.")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)  # at once: whoever reads the address may connect before the server accepts
    except (OSError, OverflowError) as error:
        raise WrongUse(
            f"Nothing can listen on {host} port {port}.", "Another program has it: choose another one with  --port"
        ) from error
    return listening
