"""The channel of change events is made where rights allow, and what it does not tell of is said."""

from __future__ import annotations

from pathlib import Path

from ml_connector.actions.channel import channel_findings
from ml_connector.systems.salesforce.fitness import Finding
from support.streaming import Streaming, streaming

READY = Finding("ok", "Channel QboSync__chn tells of Account, Order.")


async def _said(living: Streaming, make: bool = False) -> list[Finding]:
    return await channel_findings(living.live.app, make=make)


async def test_it_is_made_once_for_the_kinds_that_flows_hear_of(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        members = living.bus.bus.channels.members
        del members["QboSync__chn"]
        assert await _said(living) == [Finding("ok", "Channel ChangeEvents tells of Account, Order.")]
        assert await _said(living, make=True) == [READY]
        assert members["QboSync__chn"].keys() == {"Account", "Order"}
        assert await _said(living, make=True) == [READY]


async def test_it_cannot_be_made(tmp_path: Path) -> None:
    """Five objects are selected already: what is there is used, and the rest is swept."""
    async with streaming(tmp_path) as living:
        channels = living.bus.bus.channels
        del channels.members["QboSync__chn"]
        channels.deselect("Order")
        channels.select(living.bus.bus.salesforce.world.schema.objects["OpportunityContactRole"])
        refused, ok, missing = await _said(living, make=True)
        assert refused.level == "warn"
        assert refused.sentence.startswith("The channel QboSync__chn could not be set up: ")
        assert ok.sentence == "Channel QboSync__chn tells of Account."
        assert missing.sentence == "Channel QboSync__chn does not tell of Order."


async def test_without_view_all_an_object_is_not_told_of(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        living.bus.switches.no_view_all = {"Order"}
        assert [finding.level for finding in await _said(living)] == ["ok", "warn"]


async def test_the_event_bus_refuses(tmp_path: Path) -> None:
    async with streaming(tmp_path) as living:
        living.bus.trouble.refuse("service.tenant.license", "GetTopic", 9)
        (finding,) = await _said(living)
        assert finding.level == "warn"


async def test_nothing_is_said_where_nothing_is_listened_to(tmp_path: Path) -> None:
    async with streaming(tmp_path, enabled=False) as living:
        assert await _said(living, make=True) == []
