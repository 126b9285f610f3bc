"""The emulator behind a real socket, in a thread of its own, and a way there for clients that insist on https."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from ml_emulators.kit.faults import FaultBook
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.log import RequestLog
from ml_emulators.kit.shell import LOOPBACK, vendor_shell
from ml_emulators.quickbooks import QuickBooks


@contextmanager
def listening(server: QuickBooks, now: Any) -> Iterator[int]:
    """The port on which the emulator answers as long as the block runs."""
    gate = Gate({"quickbooks": server}, FaultBook(Random(1)), RequestLog(100), now)
    shell = vendor_shell(gate, "quickbooks", compress=True)
    shell.reserve()
    server.base_url = shell.url
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
