"""What a stream cannot tell is a hole on record, with its cause, and closed by a bounded backfill."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.service.hearing import SOURCE
from ml_connector.systems.salesforce.pubsub.position import Position
from support.streaming import Streaming, streaming

MENDED = timedelta(minutes=17)


def causes(living: Streaming) -> set[tuple[str, str]]:
    """Of every hole there ever was: kind and cause."""
    holes = living.home.store.all_holes(living.home.app.connection.id)
    return {(hole.kind, hole.cause.value) for hole in holes}


async def _settled(living: Streaming) -> None:
    await living.well()
    await living.live_for(MENDED)
    assert living.holes() == []


async def test_a_gap_names_its_record(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await _settled(living)
        account = living.change("create", "Account", Name="Zenith")
        await living.live_for(timedelta(minutes=2))
        living.bus.trouble.plan("gap", "Account")
        calls = living.calls()
        living.change("update", "Account", Id=account, Name="Apex")
        await living.until(lambda: account in living.knocked())
        assert living.calls() == calls
        assert living.holes() == []


@pytest.mark.parametrize("ids", [("001*",), ("001000000000001AAA", "x")])
async def test_a_gap_that_names_none_is_a_hole(tmp_path: Path, ids: tuple[str, ...]) -> None:
    async with streaming(tmp_path) as living:
        await _settled(living)
        living.bus.trouble.plan("lose", "Account")
        account = living.change("create", "Account", Name="Zenith")
        living.bus.trouble.gap_now("Account", ids)
        await living.until(living.holes)
        assert {(hole.kind, hole.cause.value) for hole in living.holes()} == {("Account", "unnamed changes")}
        await living.live_for(timedelta(seconds=5))
        assert living.was_noticed(account)
        await living.live_for(MENDED)
        assert living.holes() == []


async def test_an_overflow(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await _settled(living)
        living.bus.trouble.plan("overflow", "Account")
        account = living.change("create", "Account", Name="Zenith")
        await living.until(living.holes)
        assert {(hole.kind, hole.cause.value) for hole in living.holes()} == {("Account", "overflow")}
        await living.live_for(MENDED)
        assert living.was_noticed(account)
        assert living.holes() == []
        closed = living.home.store.all_holes(living.home.app.connection.id)[-1]
        assert closed.proof


async def test_an_event_that_cannot_be_read(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await _settled(living)
        bus = living.bus.bus
        topic, schema = bus.channels.topic("/data/QboSync__chn"), bus.schema_of("Account")
        assert topic is not None
        assert schema is not None
        bad = bus.publish_event(topic, schema.schema_id, b"\xff", "unreadable")
        await living.until(lambda: _replay(living) == bad.hex())
        assert {(hole.kind, hole.cause.value) for hole in living.holes()} == {
            ("Account", "unnamed changes"),
            ("Order", "unnamed changes"),
        }
        await living.live_for(MENDED)
        assert living.holes() == []


async def test_a_schema_that_nobody_gives_out(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await _settled(living)
        living.bus.trouble.refuse("schema.validation.failed", "GetSchema")
        account = living.change("create", "Account", Name="Zenith")
        await living.until(living.holes)
        await living.live_for(MENDED)
        assert living.was_noticed(account)
        assert living.holes() == []


def _replay(living: Streaming) -> str:
    return _position(living).replay


def _position(living: Streaming) -> Position:
    stored = Position.parse(living.home.store.position(living.home.app.connection.id, SOURCE))
    assert stored is not None
    return stored


@pytest.mark.parametrize("replay", ["ff" * 10, "00" * 10, "01", "ab" * 4_000])
async def test_a_position_that_is_not_taken(tmp_path: Path, replay: str) -> None:
    async with streaming(tmp_path) as living:
        await _settled(living)
        await living.live.jobs.close()
        store, connection = living.home.store, living.home.app.connection.id
        stored = _position(living)
        text = Position(stored.org, stored.topic, replay, stored.kinds, stored.taken).text()
        store.intake(connection, [], SOURCE, living.now, position=text, covered_to=living.now)
        account = living.change("create", "Account", Name="Zenith")
        living.home.clock.advance(timedelta(minutes=5))
        await living.restart()
        await living.live_for(timedelta(minutes=2))
        assert ("Account", "replay lost") in causes(living)
        await living.live_for(MENDED)
        assert living.was_noticed(account)
        assert living.holes() == []


async def test_the_process_was_away_for_four_days(tmp_path: Path) -> None:
    """Longer than events are kept: a hole from where it stood to now, closed by a backfill."""
    async with streaming(tmp_path) as living:
        await _settled(living)
        await living.live.jobs.close()
        account = living.change("create", "Account", Name="Zenith")
        living.home.clock.advance(timedelta(days=4))
        await living.restart()
        await living.live_for(timedelta(seconds=30))
        assert ("Account", "stream down") in causes(living)
        await living.live_for(MENDED)
        assert living.was_noticed(account)
        assert living.holes() == []


async def test_the_stream_is_down_for_longer_than_events_are_kept(tmp_path: Path) -> None:
    """Sweeps bridge; then the position is refused, and nothing that they have not covered is missing."""
    async with streaming(tmp_path) as living:
        living.bus.switches.retention_hours = 2
        await _settled(living)
        await living.door.stop()
        accounts = []
        for hour in range(3):
            accounts.append(living.change("create", "Account", Name=f"Hour {hour}"))
            await living.live_for(timedelta(hours=1))
            assert living.was_noticed(*accounts)
        await living.door.start()
        await living.live_for(timedelta(hours=1))
        assert living.stream.covered == {"Account", "Order"}
        assert living.holes() == []
        lost = [
            hole for hole in living.home.store.all_holes(living.home.app.connection.id) if hole.cause == "replay lost"
        ]
        assert lost
        assert all(hole.span.until - hole.span.since < timedelta(minutes=25) for hole in lost)


async def test_our_own_allowance(tmp_path: Path) -> None:
    """Beyond it the stream rests with a hole on record, and sweeps take over; a day later it listens again."""
    async with streaming(tmp_path, daily_events=100) as living:
        await _settled(living)
        accounts = [living.change("create", "Account", Name=f"Account {number}") for number in range(130)]
        await living.live_for(timedelta(minutes=1))
        assert living.stream.covered == frozenset()
        assert _position(living).total(living.now) == 100
        more = living.change("create", "Account", Name="Apex")
        await living.live_for(MENDED)
        assert living.was_noticed(*accounts, more)
        assert living.bus.bus.usage.count(living.now) == 100
        assert any("delivers no more events" in line for line in living.told)
        assert ("Account", "allowance") in causes(living)
        await _a_day_later(living)
        assert living.stream.covered == {"Account", "Order"}
        assert living.holes() == []


async def _a_day_later(living: Streaming) -> None:
    await living.live.jobs.close()
    living.home.clock.advance(timedelta(hours=25))
    await living.restart()
    await living.live_for(MENDED)


async def test_the_orgs_own_events_are_nearly_used_up(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        living.home.emulation.set_switches("salesforce", {"enforce_limits": True})
        await _settled(living)
        living.bus.bus.usage.count(living.now, 24_000)
        await living.live_for(timedelta(minutes=65))
        assert living.stream.covered == frozenset()
        account = living.change("create", "Account", Name="Zenith")
        await living.live_for(MENDED)
        assert living.was_noticed(account)
        await _a_day_later(living)
        assert living.stream.covered == {"Account", "Order"}
