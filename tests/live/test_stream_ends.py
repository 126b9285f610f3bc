"""However a stream ends, it is opened again, and what changed meanwhile arrives."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ml_connector.service.streams import PAUSES
from ml_connector.systems.salesforce.pubsub.faults import cause_of
from ml_emulators.kit.faults import Fault
from ml_emulators.pubsub.refusals import _MESSAGES, _STATUS
from support.streaming import Streaming, streaming

CODES = sorted({*_STATUS, *_MESSAGES})
MENDED = timedelta(minutes=17)


def _pause(code: str) -> timedelta:
    """As long as it takes at most until the stream is opened again."""
    return PAUSES[cause_of(code, _STATUS.get(code, ""))][0] + timedelta(seconds=30)


async def _down(living: Streaming) -> None:
    await living.until(lambda: living.stream._listener is None or living.stream._listener.ended)


async def test_every_code(tmp_path: Path) -> None:
    """Of a running stream, and of the one that is opened after it."""
    async with streaming(tmp_path) as living:
        await living.well()
        await living.live_for(MENDED)
        for number, code in enumerate(CODES):
            living.bus.trouble.refuse(code, "Subscribe")
            living.bus.trouble.break_streams(code)
            await _down(living)
            account = living.change("create", "Account", Name=f"Account {number}")
            await living.live_for(_pause(code))
            await living.live_for(2 * _pause(code))
            await living.well()
            assert living.was_noticed(account), code
            assert living.stream.covered == {"Account", "Order"}, code
        await living.live_for(MENDED)
        assert living.holes() == []
    causes = {hole.cause.value for hole in living.home.store.all_holes(living.home.app.connection.id)}
    assert causes == {"gap", "replay lost", "allowance"}


async def test_a_session_that_is_over_is_replaced_at_once(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        living.bus.switches.expire_streams = True
        living.home.emulation.vendors["salesforce"].act({"op": "kill_sessions", "kind": "", "body": {}})
        await _down(living)
        account = living.change("create", "Account", Name="Zenith")
        await living.live_for(timedelta(seconds=12))
        await living.until(lambda: living.was_noticed(account))
        assert living.told == []


async def test_a_frozen_stream_is_opened_again(tmp_path: Path) -> None:
    """It stays open and says nothing: after 330 seconds it counts as dead."""
    async with streaming(tmp_path) as living:
        await living.well()
        living.bus.trouble.stall_streams()
        account = living.change("create", "Account", Name="Zenith")
        before = living.stream._listener
        await living.live_for(timedelta(seconds=325))
        assert living.stream._listener is before
        await living.live_for(timedelta(seconds=20))
        await living.until(lambda: living.was_noticed(account))
        assert living.stream._listener is not before


async def test_the_server_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Tries come less and less often; sweeps bridge; nothing is missing at the end."""
    async with streaming(tmp_path) as living:
        await living.well()
        await living.live_for(MENDED)
        await living.door.stop()
        await _down(living)
        account = living.change("create", "Account", Name="Zenith")
        await living.live_for(timedelta(minutes=20))
        assert living.was_noticed(account)
        assert living.stream.covered == frozenset()
        assert [line for line in living.told if "event stream" in line][-1:] != []
        tries = living.stream._ends
        await living.live_for(timedelta(hours=5))
        assert living.stream._ends - tries <= 40
        other = living.change("create", "Account", Name="Apex")
        await living.door.start()
        await living.live_for(timedelta(minutes=20))
        assert living.was_noticed(other)
        assert living.stream.covered == {"Account", "Order"}
        assert living.told[-1] == "The event stream of Salesforce is open again."


async def test_the_server_closes_a_stream_that_asks_for_nothing(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        living.bus.switches.idle_close_seconds = 0.01
        await living.well()
        accounts = [living.change("create", "Account", Name=f"Account {number}") for number in range(450)]
        for _ in range(40):
            await living.live_for(timedelta(seconds=15))
        assert living.was_noticed(*accounts)


async def test_a_right_on_one_object_is_lost_and_given_back(tmp_path: Path) -> None:
    """Only what concerns the object ends: it is swept like those without events."""
    async with streaming(tmp_path) as living:
        await living.well()
        await living.live_for(MENDED)
        living.bus.switches.no_view_all = {"Order"}
        await living.live_for(timedelta(hours=2))
        assert living.stream.covered == {"Account"}
        assert "Order" in living.stream.uncovered
        assert any("Order" in line for line in living.told)
        account = living.change("create", "Account", Name="Zenith")
        await living.until(lambda: account in living.knocked())
        living.bus.switches.no_view_all = set()
        await living.live_for(timedelta(hours=2))
        assert living.stream.covered == {"Account", "Order"}
        assert living.holes() == []


async def test_it_goes_on_while_the_orgs_calls_are_used_up(tmp_path: Path) -> None:
    """Events cost no API calls; what has to be asked over the API waits."""
    async with streaming(tmp_path) as living:
        await living.well()
        living.home.emulation.faults.add(
            Fault(
                kind="status",
                vendor="salesforce",
                status=403,
                code="REQUEST_LIMIT_EXCEEDED",
                path="/services/data/v",
                count=100_000,
            )
        )
        await living.live_for(timedelta(hours=2))
        assert living.live.sides.of("salesforce").state == "limited"
        assert living.stream.covered == {"Account", "Order"}
        account = living.change("create", "Account", Name="Zenith")
        await living.until(lambda: account in living.knocked())
        await living.restart()
        await living.live_for(timedelta(minutes=2))
        assert living.stream.covered == {"Account", "Order"}


async def test_nobody_is_listened_to_where_the_settings_say_so(tmp_path: Path) -> None:
    async with streaming(tmp_path, enabled=False) as living:
        assert "stream" not in living.live.jobs.names
