"""Channels over the Tooling API, and the meter of events, against the emulated org."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ml_connector.model.errors import ReadRefused

from .pubsub.evented import EventedOrg, evented


@pytest.fixture
async def org() -> AsyncIterator[EventedOrg]:
    async with evented() as org:
        yield org


async def _members(org: EventedOrg, channel: str) -> set[str]:
    members = await org.client.channel_members(channel)
    assert members is not None
    return set(members)


async def test_members(org: EventedOrg) -> None:
    assert await _members(org, "QboSync__chn") == {
        "Account",
        "Contact",
        "Opportunity",
        "Order",
        "Product2",
    }
    assert await _members(org, "Other__chn") == set()


async def test_a_channel_is_made_once(org: EventedOrg) -> None:
    for _ in range(2):
        assert await org.client.make_channel("Mine__chn", ["Account", "Order"]) is None
        assert await _members(org, "Mine__chn") == {"Account", "Order"}


async def test_what_the_org_refuses_is_said(org: EventedOrg) -> None:
    refused = await org.client.make_channel("Mine__chn", ["Account", "Nothing"])
    assert isinstance(refused, ReadRefused)
    assert await _members(org, "Mine__chn") == {"Account"}


async def test_a_user_who_may_not_see_setup(org: EventedOrg) -> None:
    for path in ("/tooling/query", "/limits"):
        org.fault("status", status=403, code="INSUFFICIENT_ACCESS", path=f"/services/data/v67.0{path}", count=9)
    assert await org.client.deliveries() is None
    assert await org.client.channel_members("QboSync__chn") is None


async def test_deliveries(org: EventedOrg) -> None:
    org.pubsub.bus.usage.count(org.clock.now(), 24)
    assert await org.client.deliveries() == (25_000, 24_976)
