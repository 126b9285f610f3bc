"""The lease of a connection: kept by a heartbeat, lost for good, given back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ml_connector.actions.drain import drain
from ml_connector.engine.lease import HEARTBEAT, Lease
from ml_connector.model.errors import Busy, LeaseLost, SleptTooLong, StateTrouble
from ml_connector.store import Store
from ml_connector.store.base import CLOCKS_APART, LEASE
from ml_connector.store.pace import SharedPace
from ml_connector.systems.http import Request, Response
from ml_connector.systems.limits import quickbooks_throttle
from ml_emulators.kit.clock import VirtualClock
from support.stores import fresh
from support.world import Installation, SimClock

NOON = datetime.fromisoformat("2026-11-20T12:00:00Z")
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> SimClock:
    virtual = VirtualClock()
    virtual.freeze(NOON)
    return SimClock(virtual)


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


def _is_taken(store: Store, now: datetime) -> bool:
    """Whether somebody else is kept out."""
    token = store.take_lease("acme", "somebody else", now)
    return token is None


async def test_a_heartbeat_keeps_it_however_long_is_waited(store: Store, clock: SimClock) -> None:
    lease = Lease(store, "acme", clock)
    with lease.held("me"), lease.kept_alive():
        for _ in range(3):
            await clock.sleep(10 * LEASE)
            assert lease.end() > clock.now() + LEASE - HEARTBEAT
            lease.check()
            assert _is_taken(store, clock.now())
    assert not _is_taken(store, clock.now())


async def test_without_one_it_ends_and_nothing_may_leave(store: Store, clock: SimClock) -> None:
    lease = Lease(store, "acme", clock)
    with lease.held("me"):
        await clock.sleep(LEASE - SECOND)
        lease.check()
        await clock.sleep(SECOND)
        assert lease.end() == clock.now()
        with pytest.raises(SleptTooLong):
            lease.check()


async def test_the_heartbeat_stops_with_the_work(store: Store, clock: SimClock) -> None:
    lease = Lease(store, "acme", clock)
    with lease.held("me"):
        with lease.kept_alive():
            await clock.sleep(2 * LEASE)
        await clock.sleep(LEASE)
        assert not _is_taken(store, clock.now())


async def test_a_holder_that_lost_it_learns_so_by_its_next_heartbeat_and_gives_nothing_back(
    store: Store, clock: SimClock
) -> None:
    lease = Lease(store, "acme", clock)
    with lease.held("me"), lease.kept_alive():
        clock.clock.advance(LEASE)
        assert store.take_lease("acme", "you", clock.now()) == lease.fencing_token + 1
        await clock.sleep(HEARTBEAT)
        assert lease.end() < NOON
        with pytest.raises(LeaseLost):
            lease.check()
        await clock.sleep(HEARTBEAT)
    assert _is_taken(store, clock.now()), "it is yours, and was not given back by me"


async def test_a_state_that_is_locked_for_a_moment_loses_nothing(
    store: Store, clock: SimClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise StateTrouble("The state database is locked.", "Again.")

    lease = Lease(store, "acme", clock)
    with lease.held("me"), lease.kept_alive():
        with monkeypatch.context() as patched:
            patched.setattr(store, "renew_lease", locked)
            await clock.sleep(2 * HEARTBEAT)
        lease.check()
        await clock.sleep(HEARTBEAT)
        assert lease.end() == clock.now() + LEASE
        monkeypatch.setattr(store, "renew_lease", locked)
        await clock.sleep(LEASE)
        with pytest.raises(SleptTooLong):
            lease.check()


def test_it_is_given_back_at_once_when_the_work_ends_with_an_error(store: Store, clock: SimClock) -> None:
    lease = Lease(store, "acme", clock)
    with pytest.raises(StateTrouble), lease.held("me"):
        raise StateTrouble("The disk is full.", "Free space.")
    with lease.held("me again"), pytest.raises(Busy), Lease(store, "acme", clock).held("you"):
        pass


@pytest.mark.parametrize(
    ("ahead", "believed"),
    [(timedelta(0), True), (CLOCKS_APART, True), (CLOCKS_APART + SECOND, False), (timedelta(days=400), False)],
)
def test_an_end_that_only_a_wrong_clock_can_have_written_is_not_believed(
    store: Store, ahead: timedelta, believed: bool
) -> None:
    first = store.take_lease("acme", "a clock that is ahead", NOON + ahead)
    assert first is not None
    assert _is_taken(store, NOON) is believed
    if not believed:
        with pytest.raises(LeaseLost):
            store.renew_lease("acme", first, NOON + ahead)


# --- in a drain


class SlowLine:
    """Every answer takes longer than a lease lasts; before one to a write is read, a second worker comes."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.app = home.process(network=self)
        self.refused = 0

    async def send(self, request: Request) -> Response:
        response = await self.home.network.send(request)
        await self.app.world.clock.sleep(LEASE + SECOND)
        if request.method != "GET" and "oauth2" not in request.path and self.refused < 3:
            with pytest.raises(Busy):
                await drain(self.home.process())
            self.refused += 1
        return response


async def test_a_vendor_that_is_slow_does_not_cost_the_lease(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.approve_all()
    line = SlowLine(home)
    report = await drain(line.app)
    assert line.refused == 3
    assert report.written > 0
    assert home.store.open_writes(home.app.connection.id) == []


async def test_a_limit_that_is_waited_for_does_not_cost_the_write(tmp_path: Path) -> None:
    """The writes have been noted when QuickBooks wants two minutes of rest: they leave under the renewed lease."""
    home = Installation(tmp_path)
    await home.approve_all()
    throttled: list[str] = []

    async def rest(name: str) -> None:
        writes = home.store.open_writes(home.app.connection.id)
        if name == "noted" and not throttled and writes[0].write.kind == "JournalEntry":
            quickbooks_throttle(home.app.world.clock, pace).hold_back("batch", timedelta(minutes=2))
            throttled.append(name)

    pace = SharedPace(home.store, f"quickbooks:{home.rules.realm_id}")
    begin = home.clock.now()
    await drain(home.process(rest))
    assert throttled
    assert home.clock.now() - begin >= timedelta(minutes=2)
    assert len(home.state("quickbooks", "JournalEntry")) == 3
