"""`sync` as a process that lives: stopped, killed in the middle, started again, and beside another one."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from time import perf_counter

import pytest

from ml_connector.store.base import LEASE

from .company import Company, company
from .forked import Process

PATIENCE = 60.0
"""Seconds of real time; a lease is longer."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("company")) as found:
        yield found


def _state(tiny: Company, query: str) -> int:
    with closing(sqlite3.connect(tiny.home / "state.db", timeout=30)) as state:
        return int(state.execute(query).fetchone()[0] or 0)


def _leased(tiny: Company) -> bool:
    return _state(tiny, "SELECT run_until FROM connection") > 0


def _waiting(tiny: Company) -> bool:
    return _state(tiny, "SELECT count(*) FROM task WHERE noticed > served") > 0


def _in_the_middle(tiny: Company) -> bool:
    return _leased(tiny) and _waiting(tiny)


def _done(tiny: Company) -> bool:
    return not _leased(tiny) and not _waiting(tiny)


def _until(tiny: Company, condition: Callable[[Company], bool]) -> float:
    """Wait until it is so, asking the emulators how they are meanwhile; how many seconds that took."""
    begun = perf_counter()
    while not condition(tiny):
        assert perf_counter() - begun < PATIENCE
        tiny.vendors.ask("GET", "/health")
    return perf_counter() - begun


def _started(tiny: Company) -> Process:
    return tiny.processes.start(["sync", "--home", str(tiny.home)], tiny.offset)


def _slow(tiny: Company, seconds: float) -> None:
    tiny.vendors.ask("POST", "/faults", {"add": [{"kind": "delay", "seconds": seconds, "count": 1000}]})


def _quick(tiny: Company) -> None:
    tiny.vendors.ask("POST", "/faults", {"clear": True})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["TERM", "kill -9"])
def test_stopped_in_the_middle_the_next_one_goes_on_at_once(tiny: Company, number: signal.Signals) -> None:
    tiny.news(int(number))
    tiny.later(timedelta(minutes=16))
    _slow(tiny, 0.3)
    first = _started(tiny)
    _until(tiny, _in_the_middle)
    os.kill(first.pid, number)
    ended = tiny.processes.end(first)
    assert ended.status == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    assert _waiting(tiny)
    assert _leased(tiny) == (number is signal.SIGKILL), "TERM gives the lease back"

    _quick(tiny)
    second = _started(tiny)
    assert timedelta(seconds=_until(tiny, _done)) < LEASE / 2
    os.kill(second.pid, signal.SIGTERM)
    assert tiny.processes.end(second).status == 0


def test_a_second_one_says_so_and_stands_by(tiny: Company) -> None:
    first = _started(tiny)
    _until(tiny, _kept_in_step)
    ended = tiny.processes.run(["sync", "--no-wait", "--home", str(tiny.home)], tiny.offset)
    assert ended.status == 3
    assert "Another process keeps this connection in step already." in ended.said

    second = _started(tiny)
    _until(tiny, lambda _: second.out.exists() and "Another process" in second.out.read_text())
    os.kill(first.pid, signal.SIGKILL)
    assert tiny.processes.end(first).status == -signal.SIGKILL
    token = _state(tiny, "SELECT run_token FROM connection")
    _until(tiny, lambda tiny: _state(tiny, "SELECT run_token FROM connection") > token)
    os.kill(second.pid, signal.SIGTERM)
    assert tiny.processes.end(second).status == 0


def _kept_in_step(tiny: Company) -> bool:
    """Whether a process has the lock of the service."""
    for file in (tiny.home / "holders").glob("service-*.lock"):
        with file.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False
