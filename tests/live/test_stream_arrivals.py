"""Change events arrive as knocks; the position goes with them; sweeps are the net under it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.model.errors import StateTrouble
from ml_connector.service import streams
from ml_connector.service.hearing import SOURCE
from ml_connector.systems.http import Request
from ml_connector.systems.salesforce.pubsub.position import Position
from ml_emulators.salesforce.schema.words import text
from support.streaming import Streaming, streaming

MENDED = timedelta(minutes=17)
"""By then what lay between the last sweep and the stream was read, and what is covered is told of again."""


def position(living: Streaming) -> Position:
    stored = Position.parse(living.home.store.position(living.home.app.connection.id, SOURCE))
    assert stored is not None
    return stored


async def arrives(living: Streaming, name: str) -> None:
    account = living.change("create", "Account", Name=name)
    await living.until(lambda: account in living.knocked())


async def test_a_change_arrives_by_itself_and_costs_no_call(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        calls = living.calls()
        await arrives(living, "Zenith Ltd")
        assert living.calls() == calls
        assert position(living).topic == "/data/QboSync__chn"
        assert position(living).kinds == ("Account", "Order")


async def test_between_snapshot_and_stream_nothing_is_uncovered_for_long(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        await living.live_for(timedelta(minutes=2))
        assert {(hole.kind, hole.cause.value) for hole in living.holes()} == {("Account", "gap"), ("Order", "gap")}
        await living.live_for(MENDED)
        assert living.holes() == []
        covered = living.home.store.lines(living.home.app.connection.id)["salesforce", "Account"].covered
        assert len(covered) == 1
        assert living.now - covered[0].span.until <= timedelta(minutes=5)


async def test_a_new_process_goes_on_where_the_old_one_stood(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        await arrives(living, "Zenith Ltd")
        await living.live_for(MENDED)
        await living.live.jobs.close()
        meanwhile = [living.change("create", "Account", Name=f"Meanwhile {number}") for number in range(120)]
        living.home.clock.advance(timedelta(hours=70))
        await living.restart()
        await living.live_for(timedelta(seconds=1))
        await living.until(lambda: living.was_noticed(*meanwhile))
        assert living.holes() == []


async def test_killed_between_delivery_and_commit_it_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        await arrives(living, "Before")
        stood = position(living).replay

        def killed(*_: object, **__: object) -> int:
            raise StateTrouble("The disk is full.", "Make room.")

        with monkeypatch.context() as patch:
            patch.setattr(streams, "receive_all", killed)
            names = [living.change("create", "Account", Name=f"Lost {number}") for number in range(30)]
            await living.until(lambda: living.stream._listener is None or living.stream._listener.ended)
            assert position(living).replay == stood
            assert not set(names) & living.knocked()
        await living.restart()
        await living.live_for(timedelta(seconds=1))
        await living.until(lambda: living.was_noticed(*names))


async def test_a_state_that_is_full_stops_the_stream_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with streaming(tmp_path) as living:
        await living.well()

        def full(*_: object, **__: object) -> int:
            raise StateTrouble("The disk is full.", "Make room.")

        with monkeypatch.context() as patch:
            patch.setattr(streams, "receive_all", full)
            account = living.change("create", "Account", Name="Zenith")
            await living.until(lambda: living.stream._listener is None or living.stream._listener.ended)
        await living.live_for(timedelta(minutes=1))
        await living.until(lambda: account in living.knocked() or living.stream.covered)
        assert living.was_noticed(account)


async def test_while_it_is_well_only_the_rest_is_swept(tmp_path: Path) -> None:
    """What the stream tells of once a day, lines of orders at the cadence; all of it again while it is down."""
    async with streaming(tmp_path) as living:
        await living.well()
        await living.live_for(MENDED)
        asked = _asked(living)
        await living.live_for(timedelta(hours=2))
        assert asked == []
        await living.door.stop()
        await living.live_for(timedelta(hours=1))
        assert 3 <= len(asked) <= 6


def _asked(living: Streaming) -> list[bytes]:
    """The sweeps of accounts from now on."""
    asked: list[bytes] = []

    async def look(_: str, request: Request) -> None:
        if b"FROM%20Account%20WHERE%20SystemModstamp" in request.url.encode() + bytes(request.body):
            asked.append(bytes(request.body))

    living.home.network.before = look
    return asked


async def test_it_knocks_on_a_record_once_and_not_for_noise(tmp_path: Path) -> None:
    """Events of one transaction, of the platform's own geocoding and of kinds that no flow hears of."""
    async with streaming(tmp_path) as living:
        await living.well()
        account = living.change("create", "Account", Name="Zenith")
        await living.until(lambda: account in living.knocked())
        await living.live_for(timedelta(minutes=2))
        assert account not in living.knocked()
        taken = position(living).total(living.now)
        living.bus.switches.geocode = True
        living.bus.switches.merging = "fields"
        living.change("update", "Contact", Id=living.change("create", "Contact", LastName="Roe"), LastName="Poe")
        await living.until(lambda: position(living).total(living.now) == taken + 2)
        assert living.knocked() == set()


async def test_our_own_changes_come_back_and_change_nothing(tmp_path: Path) -> None:
    """They are looked at like all others: automation may have changed more in the same transaction."""
    async with streaming(tmp_path) as living:
        await living.well()
        created = living.home.emulation.vendors["quickbooks"].act(
            {"op": "create", "kind": "Customer", "body": {"DisplayName": "Own Ltd", "CompanyName": "Own Ltd"}}
        )
        assert created
        await living.live_for(timedelta(minutes=20))
        written = sum(report.written for report in living.reports)
        assert written
        assert position(living).total(living.now) >= 1
        await living.live_for(timedelta(minutes=30))
        assert sum(report.written for report in living.reports) == written
        assert living.knocked() == set()


async def test_ten_thousand_events(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        emulator = living.home.emulation.vendors["salesforce"]
        accounts = [living.change("create", "Account", Name=f"Account {number}") for number in range(1_000)]
        for turn in range(9):
            for account in accounts:
                emulator.act({"op": "update", "kind": "Account", "body": {"Id": account, "Phone": f"555-{turn}"}})
        await living.until(lambda: position(living).total(living.now) == 10_000)
        assert living.was_noticed(*accounts)
        assert living.bus.bus.usage.count(living.now) == 10_000


async def test_a_field_is_added_in_the_middle(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        await living.well()
        await arrives(living, "Before")
        objects = living.bus.bus.salesforce.world.schema.objects
        objects["Account"] = objects["Account"].with_fields(text("Region__c", 20))
        await arrives(living, "After")
        assert len(living.stream._schemas) == 2


async def test_a_line_is_a_knock_on_its_order(tmp_path: Path) -> None:
    """Where lines have events: by the order that they name, else by a sweep of the lines."""
    async with streaming(tmp_path, channel="Lines__chn") as living:
        world = living.bus.bus.salesforce.world
        channels = living.bus.bus.channels
        channels.deselect("Product2")
        channels.deselect("Product2", "QboSync__chn")
        channels.select(world.schema.objects["OrderItem"], "Lines__chn", ["OrderId"])
        await living.well()
        assert living.stream.covered == {"OrderItem"}
        line = living.home.state("salesforce", "OrderItem")[0]
        living.change("update", "OrderItem", Id=line["Id"], Description="Changed")
        await living.until(lambda: line["OrderId"] in living.knocked())
