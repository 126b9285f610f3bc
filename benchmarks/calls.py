"""Vendor calls for bursts of 1,000, as the emulators count them, beside the least possible (DESIGN section 7)."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from ml_connector.actions.drain import drain
from support.market import Counting, Market

from .rows import Row, row

MANY = 1000


async def calls() -> AsyncIterator[Row]:
    """First load, new and changed invoices, their echo, orders; sweeps are included, reference tables warm."""
    with tempfile.TemporaryDirectory() as folder:
        market = Market(Path(folder))
        market.add_pairs(MANY)
        with market.counted() as first:
            await market.home.run()
        for each in _rows(first, "first sync of 1,000 pairs, tables included", (None, None)):
            yield each
        await market.later(minutes=15)
        market.add_invoices(MANY)
        with market.counted() as new:
            await market.later(minutes=15)
        for each in _rows(new, "1,000 new invoices, contact known", (3, 7)):
            yield each
        with market.counted() as echo:
            await market.later(minutes=15)
        for each in _rows(echo, "the sweep after our own 3,000 writes", (1, 1)):
            yield each
        market.change_invoices(MANY)
        with market.counted() as changed:
            await market.later(minutes=15)
        for each in _rows(changed, "1,000 changed invoices", (1, 2)):
            yield each
        async for each in _orders(market):
            yield each


async def _orders(market: Market) -> AsyncIterator[Row]:
    market.add_orders(MANY)
    market.home.clock.advance(timedelta(minutes=15))
    with market.counted() as planned:
        await market.home.approve_all()
    for each in _rows(planned, "plan of 1,000 orders", (5, 2)):
        yield each
    market.home.clock.advance(timedelta(minutes=15))
    with market.counted() as drained:
        await drain(market.home.app)
    for each in _rows(drained, "1,000 approved orders", (5, 2)):
        yield each
    yield row("1,000 approved orders: QuickBooks writes", drained.count.quickbooks_writes, "calls", 34)


def _rows(counting: Counting, name: str, floor: tuple[float | None, float | None]) -> Iterator[Row]:
    yield row(f"{name}: QuickBooks reads", counting.count.quickbooks_reads, "calls", floor[0])
    yield row(f"{name}: Salesforce calls", counting.count.salesforce, "calls", floor[1])
