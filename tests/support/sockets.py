"""An emulator behind a real socket, in a thread of its own, and a way there for clients that insist on https."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from ml_emulators.kit.shell import LOOPBACK, Shell


@contextmanager
def served(shell: Shell) -> Iterator[int]:
    """The port on which the shell answers as long as the block runs. Its port is reserved already."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(shell.start(), loop).result(30)
        yield shell.port
    finally:
        asyncio.run_coroutine_threadsafe(shell.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Detour(HTTPAdapter):
    """Carries every https request to a loopback port; the host the client meant stays in the Host header."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._place = f"{LOOPBACK}:{port}"

    def send(self, request: requests.PreparedRequest, *more: Any, **options: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit(("http", self._place, parts.path, parts.query, ""))
        return super().send(request, *more, **options)
