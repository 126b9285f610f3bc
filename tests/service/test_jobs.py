"""Jobs: who is due, what wakes whom, clocks that jump, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.clock import MovedClock, RandomIds, WallClock
from ml_connector.model.errors import Unreachable
from ml_connector.service.jobs import FIRST_PAUSE, LEAST, LONGEST, LONGEST_PAUSE, Jobs, Recurring

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Time(MovedClock):
    """A clock that tests set."""

    def __init__(self) -> None:
        super().__init__()
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    async def move(self, by: timedelta) -> None:
        self.at += by


class Counted:
    """A job that counts, and comes back after `pause`."""

    def __init__(self, name: str, time: Time, pause: timedelta = MINUTE) -> None:
        self.name, self.next_at, self.runs = name, time.now(), 0
        self._time, self._pause = time, pause
        self.then: Callable[[], Awaitable[None]] | None = None

    async def run(self) -> None:
        self.runs += 1
        self.next_at = self._time.now() + self._pause
        if self.then is not None:
            await self.then()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def jobs(time: Time) -> Jobs:
    return Jobs(time)


async def test_each_runs_at_its_own_time(time: Time, jobs: Jobs) -> None:
    quick, slow = Counted("quick", time), Counted("slow", time, 3 * MINUTE)
    jobs.add(quick)
    jobs.add(slow)
    for _ in range(6):
        time.at = max(time.at, jobs.next_at())
        await jobs.turn()
    assert (quick.runs, slow.runs) == (6, 2)


async def test_woken_it_is_due_now_or_at_that_time_but_never_later(time: Time, jobs: Jobs) -> None:
    job = Counted("drain", time, 10 * MINUTE)
    jobs.add(job)
    await jobs.turn()
    jobs.wake("drain", NOON + 20 * MINUTE)
    assert jobs.next_at() == NOON + 10 * MINUTE
    jobs.wake("drain", NOON + 5 * MINUTE)
    assert jobs.next_at() == NOON + 5 * MINUTE
    jobs.wake("drain")
    assert jobs.next_at() == NOON
    jobs.wake("nobody")


async def test_woken_while_it_runs_it_runs_again_at_once(time: Time, jobs: Jobs) -> None:
    job = Counted("drain", time)

    async def arrival() -> None:
        jobs.wake("drain")

    job.then = arrival
    jobs.add(job)
    await jobs.turn()
    job.then = None
    await jobs.turn()
    await jobs.turn()
    assert job.runs == 2


async def test_a_job_that_names_the_past_does_not_run_hot(time: Time, jobs: Jobs) -> None:
    jobs.add(Counted("hot", time, -MINUTE))
    await jobs.turn()
    assert jobs.next_at() == NOON + LEAST


async def test_a_job_that_names_a_time_that_is_not_believed_does_not_run_hot(time: Time, jobs: Jobs) -> None:
    """As where the end of a token was written by a clock that was ahead."""
    job = Counted("renew", time, 2 * LONGEST)
    jobs.add(job)
    await jobs.turn()
    await jobs.turn()
    assert job.runs == 1
    assert jobs.next_at() == NOON + LONGEST


async def test_a_clock_that_jumps_ahead_runs_each_once(time: Time, jobs: Jobs) -> None:
    job = Counted("sweep", time)
    jobs.add(job)
    await jobs.turn()
    time.at += timedelta(days=31)
    await jobs.turn()
    await jobs.turn()
    assert job.runs == 2


async def test_a_time_named_by_a_clock_that_was_ahead_is_not_believed(time: Time, jobs: Jobs) -> None:
    job = Counted("sweep", time)
    jobs.add(job)
    time.at += timedelta(days=20)
    await jobs.turn()
    time.at = NOON
    await jobs.turn()
    assert job.runs == 2
    assert jobs.next_at() == NOON + MINUTE


class Failing(Recurring):
    """Fails each time, until told to do well."""

    well = False

    async def work(self) -> datetime:
        if not self.well:
            raise Unreachable("It is away.", "Wait.")
        return self.clock.now() + MINUTE


async def test_what_fails_comes_back_later_and_later(time: Time) -> None:
    job = Failing("sweep", time, RandomIds())
    pauses = []
    for _ in range(12):
        await job.run()
        pauses.append(job.next_at - time.at)
        time.at = job.next_at
    longest = [min(LONGEST_PAUSE, FIRST_PAUSE * 2**number) for number in range(12)]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    job.well = True
    await job.run()
    assert (job.failures, job.next_at) == (0, time.at + MINUTE)


class Endless:
    """A job in the middle of something long."""

    name = "drain"

    def __init__(self) -> None:
        self.next_at = datetime(2020, 1, 1, tzinfo=UTC)
        self.began, self.put_away = asyncio.Event(), False

    async def run(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.put_away = True


async def test_in_real_life_no_job_holds_another_up_and_all_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_connector.service.jobs.GRACE", timedelta(0))
    jobs, long, stopping = Jobs(WallClock()), Endless(), asyncio.Event()
    met: list[str] = []

    class Other:
        name = "sweep"
        next_at = datetime(2020, 1, 1, tzinfo=UTC)

        async def run(self) -> None:
            await long.began.wait()
            met.append("sweep")
            self.next_at = WallClock().now() + MINUTE
            stopping.set()

    jobs.add(long)
    jobs.add(Other())
    await jobs.run(stopping)
    assert (met, long.put_away) == (["sweep"], True)


async def test_what_a_job_raises_ends_the_service() -> None:
    jobs, long = Jobs(WallClock()), Endless()

    class Broken:
        name = "broken"
        next_at = datetime(2020, 1, 1, tzinfo=UTC)

        async def run(self) -> None:
            await long.began.wait()
            raise LookupError("a mistake of ours")

    jobs.add(long)
    jobs.add(Broken())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ml_connector.service.jobs.GRACE", timedelta(0))
        with pytest.raises(LookupError):
            await jobs.run(asyncio.Event())
    assert long.put_away
