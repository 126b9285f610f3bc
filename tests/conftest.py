"""What all tests share: the databases that the store is held to."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support import postgres, recordings
from support.emulator_faults import emulator_faults as emulator_faults

# Where an environment forbids it, every process of the suite would compile the project, and pytest every test, anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Nothing that collecting makes is garbage, and it is much: the garbage collector would look through it again and again.
gc.disable()

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_report_header() -> str:
    return postgres.described()


def pytest_collection_finish() -> None:
    """What was collected stays to the end. Tests make emulators and companies, which live long for what they are."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """What the suite says at its end: what the crash runs cover, and last which tests lacked the recordings."""
    crash_runs = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    if any("chaos/test_crash_runs" in report.nodeid for report in crash_runs):
        _crash_matrix(terminalreporter)
    yield
    for line in recordings.closing_lines(terminalreporter.getreports("skipped")):
        terminalreporter.write_line(line)


def _crash_matrix(terminalreporter: pytest.TerminalReporter) -> None:
    from chaos.matrix import table

    terminalreporter.section("crash matrix")
    terminalreporter.write_line(table())


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL database of this test process alone; its server is shared by all processes of the run."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    base = tmp_path_factory.getbasetemp()
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with (
        postgres.server((base.parent if worker else base) / "postgres") as server,
        postgres.database(server, f"mlc_test_{run}_{worker or 'main'}") as url,
    ):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where `support.stores.fresh` opens an empty store: each test that takes it runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store_url(fresh_url: str) -> str:
    """The URL of a database with nothing in it, not even the schema, for tests that make one; on both databases."""
    return postgres.emptied(fresh_url) if fresh_url.startswith("postgresql") else fresh_url
