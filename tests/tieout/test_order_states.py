"""Where orders stand, read from both emulated vendors (accounting-rules G, completeness)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.tieout.order_states import OrderState, read_states
from ml_connector.tieout.reading import Links, Reading
from support.market import Market


def reading(market: Market) -> Reading:
    app = market.home.app
    links = Links(app.store, app.connection.id)
    return Reading(app.quickbooks, app.salesforce, links, app.rules, app.world.clock.now())


async def states(market: Market, *orders: str, known: bool = True) -> list[OrderState]:
    run = reading(market)
    links: dict[Ref, Link] = {link.source: link for link in run.links.all_of(Role.JOURNAL)} if known else {}
    found = await read_states(run, orders, links)
    return [found[order] for order in orders]


@pytest.fixture
async def market(tmp_path: Path) -> Market:
    """A client in step."""
    made = Market(tmp_path)
    made.add_pairs(1)
    await made.in_step()
    return made


async def test_posted_pending_held_and_gone(market: Market) -> None:
    (done,) = market.add_orders(1)
    await market.in_step()
    due, stuck, gone = market.add_orders(3)
    market.salesforce("update", "Order", Id=stuck, Department__c="Nowhere")
    posted, pending, held, skipped = await states(market, done, due, stuck, f"{gone[:-6]}zzzAAA")
    assert [state.name for state in (posted, pending, held, skipped)] == ["posted", "pending", "held", "skipped"]
    assert [key.rpartition("|")[2] for key in pending.planned] == ["01"]
    assert posted.expected is not None
    assert [state.expected for state in (pending, held, skipped)] == [None, None, None]


async def test_an_entry_that_no_link_knows_is_found_by_its_number(market: Market) -> None:
    (done,) = market.add_orders(1)
    await market.in_step()
    (known,), (found,) = await states(market, done), await states(market, done, known=False)
    assert (found.name, known.name) == ("posted", "posted")
    assert found.expected == known.expected


async def test_what_was_posted_and_would_not_be_today(market: Market) -> None:
    (done,) = market.add_orders(1)
    await market.in_step()
    for item in market.home.state("quickbooks", "Item"):
        market.quickbooks("update", "Item", Id=item["Id"], Active=False)
    (state,) = await states(market, done)
    assert (state.name, state.expected, state.lost) == ("posted", None, "H-ITEM-INACTIVE")
