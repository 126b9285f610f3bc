"""What decides many orders is read for all of them together."""

from __future__ import annotations

from pathlib import Path

from ml_connector.accounting.order_entry import order_posting
from ml_connector.systems.salesforce.records import SObject
from ml_connector.tieout.order_reading import read_for, with_rates
from support.market import Market
from tieout.test_order_states import reading


async def test_a_hundred_orders_cost_as_much_as_one(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.add_pairs(1)
    await market.in_step()
    ids = market.add_orders(30)
    run = reading(market)
    orders = [order for order in (await run.salesforce.read("Order", ids)).values() if isinstance(order, SObject)]
    counts = []
    for some in (orders[:1], orders):
        with market.counted() as counting:
            known = await read_for(reading(market), some)
        counts.append(counting.count)
        scopes = await with_rates(known.reading, {order.id: known.scope(order) for order in some})
        assert all(order_posting(scope).entry.parts for scope in scopes.values())
    assert counts[0] == counts[1]
    assert (counts[1].quickbooks_writes, counts[1].quickbooks_reads) == (0, 6), "five tables and the customers"
