"""Limits are kept before they are hit: calls in a span of time, the pause after a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from ml_connector.model.errors import LimitReached, StateTrouble
from ml_connector.model.pace import Pace
from ml_connector.systems.http import Caller, NotSent, Request, Response
from ml_connector.systems.limits import Throttle, free_throttle, quickbooks_throttle
from support.network import FixedIds, FunctionNetwork, StillClock

GET = Request("GET", "https://vendor.example/v3/company/4620/customer/12")


def caller(network: FunctionNetwork, clock: StillClock, throttle: Throttle | None = None) -> Caller:
    return Caller(network, clock, FixedIds(), throttle or free_throttle(clock), "quickbooks")


async def test_a_call_beyond_those_of_a_second_waits() -> None:
    clock = StillClock()
    network = FunctionNetwork(lambda _: Response(200))
    one = caller(network, clock, quickbooks_throttle(clock))
    for _ in range(10):
        await one.once(GET, "read")

    assert clock.slept == [timedelta(seconds=1.1)], "and a tenth, because calls arrive unevenly"


async def test_batches_have_a_limit_of_their_own_and_let_reads_pass() -> None:
    clock = StillClock()
    throttle = quickbooks_throttle(clock)
    for _ in range(38):
        async with throttle.place("batch"):
            clock.advance(seconds=1)

    assert throttle.begin("batch")[0] == timedelta(seconds=22), "a minute after the first"
    assert throttle.begin("read")[0] == timedelta(0)


async def test_calls_that_count_nowhere_wait_for_nothing() -> None:
    clock = StillClock()
    one = caller(FunctionNetwork(lambda _: Response(429)), clock, quickbooks_throttle(clock))
    for _ in range(20):
        assert (await one.once(GET, "token")).status == 429

    assert clock.slept == []


@pytest.mark.parametrize(
    ("header", "waited"),
    [({}, 60), ({"retry-after": "7"}, 7), ({"retry-after": "0"}, 0), ({"retry-after": "300"}, 300)],
)
async def test_after_a_refusal_for_too_many_calls_nobody_calls_before_its_time(
    header: dict[str, str], waited: int
) -> None:
    answers = iter([Response(429, header), Response(200), Response(200)])
    clock = StillClock()
    one = caller(FunctionNetwork(lambda _: next(answers)), clock)
    assert (await one.once(GET, "write")).status == 429
    await one.once(GET, "write")
    await one.repeating(GET, "read")

    assert sum(clock.slept, timedelta(0)) == timedelta(seconds=waited)


async def test_a_long_pause_is_not_waited_for() -> None:
    network, clock = FunctionNetwork(lambda _: Response(429, {"retry-after": "1800"})), StillClock()
    one = caller(network, clock)
    await one.once(GET, "write")
    with pytest.raises(LimitReached):
        await one.repeating(GET, "read")
    with pytest.raises(NotSent):
        await one.once(GET, "write")

    assert (len(network.sent), clock.slept) == (1, [])


async def test_an_answer_is_not_lost_with_the_place_that_cannot_be_given_back() -> None:
    pace_now, clock = Pace(), StillClock()

    def update(edit: Callable[[Pace], Pace]) -> None:
        nonlocal pace_now
        if pace_now.under_way:
            raise StateTrouble("The disk is full.", "Free space.")
        pace_now = edit(pace_now)

    one = caller(FunctionNetwork(lambda _: Response(200)), clock, quickbooks_throttle(clock, update))
    with capture_logs() as lines:
        assert (await one.once(GET, "write")).status == 200
    assert [line["event"] for line in lines] == ["call", "place not given back"]
    with pytest.raises(StateTrouble):
        await one.once(GET, "write")
