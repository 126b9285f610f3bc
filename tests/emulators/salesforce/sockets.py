"""An org behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import requests

from ml_emulators.kit.faults import FaultBook
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.log import RequestLog
from ml_emulators.kit.shell import vendor_shell
from support.sockets import Detour, served

from .orgs import TestOrg


@contextmanager
def listening(org: TestOrg) -> Iterator[int]:
    """The port on which the org answers as long as the block runs."""
    gate = Gate({"salesforce": org.vendor}, FaultBook(Random(1)), RequestLog(100), org.clock.now)
    shell = vendor_shell(gate, "salesforce", compress=True)
    shell.reserve()
    org.vendor.base_url = shell.url
    with served(shell) as port:
        yield port


def session_to(port: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Detour(port))
    return session
