"""The pace of a company on one state that several processes have open: each `Store` here is one of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import event

from ml_connector.model.errors import LimitReached
from ml_connector.model.pace import LONGEST_CALL, Pace
from ml_connector.store import Store
from ml_connector.store.database import transaction
from ml_connector.store.pace import SharedPace
from ml_connector.systems.limits import Throttle, free_throttle, quickbooks_throttle
from support.network import StillClock

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
COMPANY = "quickbooks:4620"


@pytest.fixture
def stores(store_url: str) -> Iterator[list[Store]]:
    made = [Store.open(store_url) for _ in range(2)]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def workers(stores: list[Store], clock: StillClock) -> list[Throttle]:
    return [quickbooks_throttle(clock, SharedPace(store, COMPANY)) for store in stores]


def busiest(starts: list[datetime], span: timedelta) -> int:
    return max(sum(start <= each < start + span for each in starts) for start in starts)


def _pace(store: Store, name: str = COMPANY) -> Pace:
    found = Pace()

    def look(kept: Pace) -> Pace:
        nonlocal found
        found = kept
        return kept

    SharedPace(store, name)(look)
    return found


async def test_two_processes_together_keep_the_limits_of_one(workers: list[Throttle], clock: StillClock) -> None:
    random = Random(5)
    starts: list[datetime] = []
    batches: list[datetime] = []
    begun = clock.now()
    for _ in range(700):
        kind = random.choice(["read", "read", "read", "write", "batch"] if len(batches) < 60 else ["read"])
        async with random.choice(workers).place(kind):
            starts.append(clock.now())
            batches += [clock.now()] * (kind == "batch")
            clock.advance(seconds=random.choice([0, 0, 0.01, 0.2]))

    assert busiest(starts, SECOND) == 9, "as fast as allowed, and no faster"
    assert busiest(starts, MINUTE) <= 480
    assert busiest(batches, MINUTE) == 38
    assert clock.now() - begun < 3 * MINUTE


async def test_two_processes_on_their_own_would_pass_them(clock: StillClock) -> None:
    """So the test above can fail."""
    starts = []
    for worker in [quickbooks_throttle(clock) for _ in range(2)]:
        for _ in range(9):
            async with worker.place("read"):
                starts.append(clock.now())
    assert busiest(starts, SECOND) == 18


async def test_a_process_that_was_killed_and_is_back_within_a_second_goes_on_where_it_stood(
    stores: list[Store], workers: list[Throttle], clock: StillClock
) -> None:
    for _ in range(9):
        async with workers[0].place("write"):
            clock.advance(seconds=0.01)
    again = quickbooks_throttle(clock, SharedPace(stores[1], COMPANY))

    assert again.begin("write")[0] == timedelta(seconds=1.1 - 0.09)


async def test_places_are_shared_and_those_of_a_killed_process_come_back(
    workers: list[Throttle], clock: StillClock
) -> None:
    for _ in range(8):
        clock.advance(seconds=1)
        assert workers[0].begin("read")[0] == timedelta(0)  # and then it is killed
    since = clock.now()
    async with workers[1].place("read"):
        waited = clock.now() - since

    assert waited == timedelta(milliseconds=LONGEST_CALL) - timedelta(seconds=7), "until the first would be over"


async def test_a_place_given_back_is_free_for_the_other(workers: list[Throttle], clock: StillClock) -> None:
    places = [workers[0].place("write") for _ in range(8)]
    for place in places:
        clock.advance(seconds=1)
        await place.__aenter__()
    assert workers[1].begin("write")[0] == timedelta(seconds=0.1), "it looks again soon"
    await places[3].__aexit__(None, None, None)

    assert workers[1].begin("write")[0] == timedelta(0)


async def test_a_refusal_that_one_sees_holds_back_the_other(workers: list[Throttle], clock: StillClock) -> None:
    workers[0].hold_back("write", MINUTE)
    clock.advance(seconds=10)
    async with workers[1].place("read"):
        assert clock.slept == [timedelta(seconds=50)]
    workers[1].hold_back("read", timedelta(minutes=20))
    with pytest.raises(LimitReached):
        async with workers[0].place("read"):
            pytest.fail("the vendor asks for a pause")


async def test_companies_do_not_wait_for_each_other(stores: list[Store], clock: StillClock) -> None:
    acme, globex = (quickbooks_throttle(clock, SharedPace(stores[0], f"quickbooks:{name}")) for name in ("1", "2"))
    for _ in range(9):
        acme.begin("read")

    assert acme.begin("read")[0] > timedelta(0)
    assert globex.begin("read")[0] == timedelta(0)


def test_many_at_once_book_each_start_once(store_url: str, stores: list[Store], clock: StillClock) -> None:
    """Not one booking is lost between reading and writing, and nobody waits for ever."""
    lanes = [free_throttle(clock, SharedPace(stores[number % 2], COMPANY)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        booked = [each.result(timeout=60)[0] for each in [pool.submit(lane.begin, "read") for lane in lanes]]

    assert booked == [timedelta(0)] * 8
    assert len(_pace(stores[0]).under_way) == 8
    assert {lane.begin("read")[0] for lane in lanes} == {timedelta(seconds=0.1)}


async def test_a_booking_while_the_store_is_at_work_waits_and_takes_nothing_from_it(
    stores: list[Store], workers: list[Throttle], clock: StillClock
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with stores[0].begin() as tx:
            tx.exec_driver_sql("INSERT INTO connection (id) VALUES ('acme')")
            booking = pool.submit(workers[1].begin, "read")
            assert tx.dialect.name == "postgresql" or not booking.done()
        assert booking.result(timeout=60)[0] == timedelta(0)
    assert stores[1].connection("acme") is not None


async def test_a_process_that_is_alone_reads_its_row_once(stores: list[Store], clock: StillClock) -> None:
    said: list[str] = []

    @event.listens_for(stores[0].engine, "before_cursor_execute")
    def _hear(*given: object) -> None:
        said.append(str(given[2]).split()[0])

    worker = quickbooks_throttle(clock, SharedPace(stores[0], COMPANY))
    for _ in range(20):
        clock.advance(seconds=1)
        async with worker.place("read"):
            pass
    assert said.count("SELECT") <= 2
    assert said.count("UPDATE") == 40


def test_what_is_kept_of_a_full_minute_is_small_and_comes_back_as_it_was(stores: list[Store]) -> None:
    now = 1_763_812_800_000
    starts = {"calls": [now + 125 * number for number in range(480)], "batches": [now, now + 40_000]}
    kept = Pace(starts, [now + LONGEST_CALL] * 8, now + 7)
    SharedPace(stores[0], COMPANY)(lambda _: kept)

    assert _pace(stores[1]) == kept
    with stores[1].begin() as tx:
        assert len(tx.exec_driver_sql("SELECT starts FROM pace").scalar_one()) < 2_100


def test_only_the_pace_may_be_lost_in_a_power_cut(stores: list[Store]) -> None:
    """Each transaction says for itself whether it is synced, whoever had the database connection before."""
    store = stores[0]
    ask = "PRAGMA synchronous" if store.engine.dialect.name == "sqlite" else "SHOW synchronous_commit"
    found = []
    for lasting in (True, False, True, False, False, True):
        with transaction(store.engine, lasting=lasting) as tx:
            found.append(str(tx.exec_driver_sql(ask).scalar_one()))
    full, loose = ("2", "1") if store.engine.dialect.name == "sqlite" else ("on", "off")

    assert found == [full, loose, full, loose, loose, full]
