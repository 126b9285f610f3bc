"""The emulator behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from ml_emulators.kit.faults import FaultBook
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.log import RequestLog
from ml_emulators.kit.shell import vendor_shell
from ml_emulators.quickbooks import QuickBooks
from support.sockets import served


@contextmanager
def listening(server: QuickBooks, now: Any) -> Iterator[int]:
    """The port on which the emulator answers as long as the block runs."""
    gate = Gate({"quickbooks": server}, FaultBook(Random(1)), RequestLog(100), now)
    shell = vendor_shell(gate, "quickbooks", compress=True)
    shell.reserve()
    server.base_url = shell.url
    with served(shell) as port:
        yield port
