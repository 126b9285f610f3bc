"""The limits of a QuickBooks company are kept before they are hit: with `--limits on` nothing we do is refused.

500 calls a minute, 10 a second and 40 batches a minute for one app (reference section 10), as the emulator's request
log shows them. The waiting is virtual: it happens on the injected clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ml_connector.actions.drain import drain
from ml_connector.systems.http import Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks import writing as outbox
from ml_emulators.kit.log import Entry
from support.market import Market
from support.world import EmulatedNetwork

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    made = Market(tmp_path)
    made.home.emulation.vendors["quickbooks"].switches.limits = True
    return made


def calls(market: Market) -> list[Entry]:
    """What the company's limits count: everything but tokens."""
    return [entry for entry in market.home.emulation.log.entries if entry.path.startswith("/v3/company/")]


def busiest(instants: Iterable[datetime], span: timedelta) -> int:
    """The most calls in any stretch of `span`."""
    seen = sorted(instants)
    return max((sum(start <= each < start + span for each in seen) for start in seen), default=0)


def kept(entries: Sequence[Entry]) -> None:
    assert [entry for entry in entries if entry.status == 429] == []
    assert busiest((entry.at for entry in entries), SECOND) <= 10
    assert busiest((entry.at for entry in entries), MINUTE) <= 500
    assert busiest((entry.at for entry in entries if entry.path.endswith("/batch")), MINUTE) <= 40


async def test_a_first_sync_and_fifty_batches_of_journal_entries_are_never_refused(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH_SIZES", {name: min(size, 2) for name, size in outbox.BATCH_SIZES.items()})
    monkeypatch.setattr(type(market.home.app.quickbooks), "batch_sizes", outbox.BATCH_SIZES)
    market.add_pairs(50)
    await market.in_step()
    market.add_orders(100)
    market.home.clock.advance(timedelta(minutes=15))
    await market.home.approve_all()
    begun = market.home.clock.now()
    report = await drain(market.home.app)

    assert report.created == {"order_to_journal journal": 100}
    batches = [entry for entry in calls(market) if entry.path.endswith("/batch") and entry.at >= begun]
    assert len(batches) == 50
    kept(calls(market))
    waited = market.home.clock.now() - begun
    assert MINUTE <= waited < 2 * MINUTE, "the 39th batch waits until the first is a minute old"


async def test_six_hundred_reads_in_a_row_keep_ten_a_second_and_five_hundred_a_minute(market: Market) -> None:
    begun = market.home.clock.now()
    for _ in range(600):
        await market.home.app.quickbooks.read("Customer", ["1"])
    kept(calls(market))
    assert MINUTE <= market.home.clock.now() - begun < 2 * MINUTE


async def test_without_our_limits_the_same_reads_are_refused(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the tests above can fail."""
    app = market.home.app
    monkeypatch.setattr(app.quickbooks._calls._caller, "_throttle", free_throttle(app.world.clock))
    for _ in range(12):
        await app.quickbooks.read("Customer", ["1"])
    assert [entry.status for entry in calls(market)].count(429) > 0


class Crossroads:
    """A network on which every call takes a moment, and that counts how many are under way."""

    def __init__(self, network: EmulatedNetwork) -> None:
        self._network = network
        self._under_way = 0
        self.most = 0

    async def send(self, request: Request) -> Response:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        self._under_way -= 1
        return await self._network.send(request)


async def test_at_most_eight_calls_of_a_company_are_under_way(market: Market) -> None:
    network = Crossroads(market.home.network)
    app = market.home.process(network=network)
    await app.quickbooks.read("Customer", ["1"])
    await asyncio.gather(*(app.quickbooks.read("Customer", [str(number)]) for number in range(1, 41)))
    assert network.most == 8
