"""What every vendor call goes through: repeats of reads, the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from ml_connector.model.errors import LimitReached
from ml_connector.systems.http import (
    Caller,
    GiveUp,
    NoAnswer,
    NotSent,
    Request,
    Response,
    Retry,
    retry,
    retry_after,
)
from ml_connector.systems.limits import free_throttle
from support.network import FixedIds, FunctionNetwork, StillClock

GET = Request(
    "GET", "https://vendor.example/v3/company/4620/customer/12?query=secret%20name", {"Authorization": "Bearer T"}
)
SECOND = timedelta(seconds=1)


def caller(network: FunctionNetwork, clock: StillClock) -> Caller:
    return Caller(network, clock, FixedIds(), free_throttle(clock), "quickbooks")


@pytest.mark.parametrize(("seconds", "sent"), [(1, 1), (0, 0), (-1, 0)])
async def test_nothing_leaves_at_or_after_the_moment_before_which_it_must(seconds: int, sent: int) -> None:
    clock, network = StillClock(), FunctionNetwork(lambda _: Response(200))
    before = clock.now() + seconds * SECOND
    if sent:
        await caller(network, clock).once(GET, "write", lambda: before)
    else:
        with pytest.raises(NotSent):
            await caller(network, clock).once(GET, "write", lambda: before)
    assert len(network.sent) == sent


async def test_the_moment_is_asked_for_when_the_request_could_leave() -> None:
    """It may have moved on while the request waited for its place."""
    clock, network = StillClock(), FunctionNetwork(lambda _: Response(200))
    end = clock.now() + SECOND
    limited = Caller(network, clock, FixedIds(), free_throttle(clock), "quickbooks")
    clock.advance(seconds=2)
    with pytest.raises(NotSent):
        await limited.once(GET, "write", lambda: end)
    end = clock.now() + SECOND
    await limited.once(GET, "write", lambda: end)
    assert len(network.sent) == 1


@pytest.mark.parametrize(
    ("trouble", "attempt", "asked", "decision"),
    [
        (503, 1, None, Retry(timedelta(seconds=0.5))),
        (503, 3, None, Retry(timedelta(seconds=2))),
        (503, 1, 30, Retry(timedelta(seconds=30))),
        (503, 4, None, GiveUp()),
        (429, 1, None, Retry(timedelta(seconds=60))),
        (429, 1, 7, Retry(timedelta(seconds=7))),
        (429, 1, 3600, GiveUp()),
        (400, 1, None, GiveUp()),
        (401, 1, None, GiveUp()),
        (501, 1, None, GiveUp()),
        (NotSent("", ""), 2, None, Retry(SECOND)),
        (NoAnswer("", ""), 1, None, Retry(timedelta(seconds=0.5))),
        (NoAnswer("", ""), 4, None, GiveUp()),
    ],
)
def test_what_is_repeated(trouble: int | NotSent, attempt: int, asked: int | None, decision: Retry | GiveUp) -> None:
    wait = None if asked is None else timedelta(seconds=asked)

    assert retry(trouble, attempt, retry_after=wait) == decision


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("5", 5),
        ("Sun, 22 Nov 2026 17:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 16:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("99999999999999999999", 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, expected: int | None) -> None:
    now = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    found = retry_after(Response(429, {"retry-after": header}), now)

    assert found == (None if expected is None else timedelta(seconds=expected))


async def test_a_read_is_repeated_until_it_succeeds() -> None:
    answers = iter([503, 503, 200])
    network, clock = FunctionNetwork(lambda _: Response(next(answers))), StillClock()
    response = await caller(network, clock).repeating(GET, "read")

    assert (response.status, len(network.sent)) == (200, 3)
    assert clock.slept == [timedelta(seconds=0.5), SECOND]


async def test_a_read_that_stays_throttled_ends_in_limit_reached() -> None:
    network, clock = FunctionNetwork(lambda _: Response(429)), StillClock()
    with pytest.raises(LimitReached):
        await caller(network, clock).repeating(GET, "read")

    assert len(network.sent) == 4
    assert clock.slept == [timedelta(seconds=60)] * 3


async def test_a_network_error_is_raised_after_the_last_attempt() -> None:
    def refuse(_: Request) -> Response:
        raise NotSent("Nobody is there.", "Wait.")

    network = FunctionNetwork(refuse)
    with pytest.raises(NotSent):
        await caller(network, StillClock()).repeating(GET, "read")

    assert len(network.sent) == 4


async def test_a_write_goes_out_once_whatever_comes_back() -> None:
    network, clock = FunctionNetwork(lambda _: Response(503)), StillClock()
    await caller(network, clock).once(GET, "write")

    assert len(network.sent) == 1
    assert clock.slept == []


async def test_the_log_names_the_call_and_nothing_personal() -> None:
    network = FunctionNetwork(lambda _: Response(200, {"intuit_tid": "1-abc"}, b'{"DisplayName":"Ann"}'))
    with capture_logs() as lines:
        await caller(network, StillClock()).once(GET, "read")

    (line,) = lines
    assert {name: line[name] for name in ("vendor", "method", "path", "status", "trace", "kind")} == {
        "vendor": "quickbooks",
        "method": "GET",
        "path": "/v3/company/4620/customer/12",
        "status": 200,
        "trace": "1-abc",
        "kind": "read",
    }
    assert not any(secret in str(line) for secret in ("secret", "Bearer", "Ann"))


async def test_calls_are_counted_by_kind() -> None:
    one = caller(FunctionNetwork(lambda _: Response(200)), StillClock())
    await one.once(GET, "batch")
    await one.repeating(GET, "read")
    await one.repeating(GET, "read")

    assert one.calls == {"batch": 1, "read": 2}
