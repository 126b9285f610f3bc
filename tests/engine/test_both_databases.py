"""A whole installation on SQLite and on PostgreSQL: the same days end the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.apply import apply
from ml_connector.actions.drain import drain
from ml_connector.actions.plan import make_plan
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App, assemble
from ml_connector.model.errors import Busy, ConnectorError, LeaseLost, WrongUse
from ml_connector.store import Store
from ml_connector.store.marks import MARKED
from ml_connector.world import World
from support.tables import put_back, rows_of
from support.world import Installation, SimClock

PAUSE = timedelta(minutes=10)


class Killed(BaseException):
    """The process is gone."""


class Gone:
    """What a killed process finds where its database was: it can neither write nor tidy up."""

    def begin(self) -> Any:
        raise Killed


@contextmanager
def installed(folder: Path, url: str) -> Iterator[Installation]:
    home = Installation(folder, store_url=url)
    try:
        yield home
    finally:
        home.store.close()


@pytest.fixture
def home(tmp_path: Path, fresh_url: str) -> Iterator[Installation]:
    with installed(tmp_path / "home", fresh_url) as home:
        yield home


def process(home: Installation, at: Callable[[App, str], Awaitable[None]]) -> App:
    """Another process on the same state; `at` is called at every step of its work."""
    here: list[App] = []

    async def step(name: str) -> None:
        await at(here[0], name)

    world = World(home.network, SimClock(home.clock), home.ids, step)
    here.append(assemble(home.settings, home.rules, Store(home.store.engine), home.vault, world))
    return here[0]


def _made(home: Installation) -> dict[str, int]:
    """What the connector can have made, by kind."""
    kinds = {"quickbooks": ("Customer", "JournalEntry"), "salesforce": ("Account", "Contact", "Opportunity")}
    return {kind: len(home.state(system, kind)) for system, names in kinds.items() for kind in names}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What a sync makes when nothing goes wrong."""
    with installed(tmp_path_factory.mktemp("undisturbed"), "sqlite://") as home:
        asyncio.run(home.run())
        return _made(home)


async def test_a_second_run_writes_nothing(home: Installation, undisturbed: dict[str, int]) -> None:
    await home.run()
    assert _made(home) == undisturbed
    await sweep_all(home.app)
    assert (await drain(home.app)).written == 0
    assert home.store.verify_audit() > 0


async def test_both_databases_hold_the_same_rows_in_the_end(tmp_path: Path, postgres_url: str) -> None:
    """Time and chance are given, so the two differ in nothing but the sealed secrets and the marks."""
    states = []
    for name, url in (("one", "sqlite://"), ("two", postgres_url)):
        with installed(tmp_path / name, url) as home:
            await home.run()
            states.append(rows_of(home.store))
    for state in states:
        assert state.pop("secret")
        assert state.pop("audit_head")
        assert state["task"]
        assert all(row.pop("mark") for table in MARKED for row in state[table.name])
    assert states[0] == states[1]


async def test_a_plan_is_applied_once(home: Installation, undisturbed: dict[str, int]) -> None:
    await home.run()
    plan = await make_plan(home.app, "preparer")
    await apply(home.app, plan.id, "approver")
    with pytest.raises(WrongUse, match="applied already"):
        await apply(home.app, plan.id, "approver")
    assert _made(home) == undisturbed


@pytest.mark.parametrize("point", ["noted", "applied", "writes settled"])
async def test_a_killed_run_is_finished_by_the_next(
    home: Installation, undisturbed: dict[str, int], point: str
) -> None:
    async def die(app: App, name: str) -> None:
        if name == point:
            app.store.engine = Gone()  # type: ignore[assignment]  # answers like an engine whose process is gone
            raise Killed

    with pytest.raises(Killed):
        await home.run(process(home, die))
    home.clock.advance(PAUSE)
    await home.run()
    assert home.store.open_writes(home.app.connection.id) == []
    assert _made(home) == undisturbed


async def test_a_second_worker_stops(home: Installation, undisturbed: dict[str, int]) -> None:
    refused = []

    async def second(app: App, name: str) -> None:
        if name == "noted":
            with pytest.raises(Busy, match="Another run is at work"):
                await drain(home.app)
            refused.append(app)

    await home.run(process(home, second))
    assert refused
    assert _made(home) == undisturbed


async def test_a_worker_that_slept_too_long_stops(home: Installation, undisturbed: dict[str, int]) -> None:
    """Another run takes over and does everything; the sleeper wakes, and changes nothing any more."""
    slept: list[str] = []

    async def sleep(app: App, name: str) -> None:
        del app
        if name == "applied" and not slept:
            slept.append(name)
            home.clock.advance(PAUSE)
            await home.run()

    with pytest.raises(LeaseLost):
        await home.run(process(home, sleep))
    assert slept
    await home.run()
    assert _made(home) == undisturbed


async def test_a_thousand_knocks_during_a_run_are_all_served(home: Installation, undisturbed: dict[str, int]) -> None:
    await home.approve_all()
    connection, now = home.app.connection.id, home.clock.now()
    due = [(flow, ref) for flow in home.store.counts(connection) for ref in home.store.verdicts(connection, flow)]
    before = sum(row["noticed"] for row in rows_of(home.store)["task"])

    def knock(number: int) -> None:
        for page in range(25):
            start = number * 11 + page * 10
            knocks = [due[(start + each) % len(due)] for each in range(10)]
            home.store.intake(connection, knocks[:: -1 if number % 2 else 1], "webhook", now)

    with ThreadPoolExecutor(4) as pool:
        knocking = [pool.submit(partial(knock, number)) for number in range(4)]
        await drain(home.app)
        for each in knocking:
            each.result(timeout=60)
    await home.run()
    await drain(home.app)
    assert sum(row["noticed"] for row in rows_of(home.store)["task"]) >= before + 1000
    assert home.store.unserved(connection) == {}
    assert _made(home) == undisturbed


async def test_a_state_can_be_put_back(home: Installation) -> None:
    """How a simulation begins anew, on either database."""
    beginning = rows_of(home.store)
    await home.approve_all()
    assert rows_of(home.store) != beginning
    put_back(home.store, beginning)
    assert rows_of(home.store) == beginning
    await home.approve_all()
    assert home.store.verify_audit(kept=False) == len(home.store.audit_events(home.app.connection.id))
    with pytest.raises(ConnectorError, match="the log was exchanged"):
        home.store.verify_audit()  # the home remembers what was undone
