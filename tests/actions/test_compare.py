"""What no feed of changes tells is found by comparing ids: by itself where it is needed, and when asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.backfill import backfill
from ml_connector.actions.compare import compare_all, estimate
from ml_connector.actions.status import current_status
from ml_connector.actions.sweep import sweep_all
from ml_connector.actions.sync import sync
from ml_connector.model.errors import BadAnswer
from ml_connector.model.refs import Ref
from ml_connector.systems.http import NoAnswer, Request
from support.market import Market


@pytest.fixture
async def market(tmp_path: Path) -> Market:
    market = Market(tmp_path)
    market.home.emulation.set_switches("quickbooks", {"merge_leaves_stub": False})
    market.add_pairs(3, contact=False)
    await market.in_step()
    return market


def due(market: Market, flow: str) -> set[str]:
    app = market.home.app
    return {task.ref.id for task in app.store.due(app.connection.id, flow, market.home.clock.now(), 10_000)}


def merge(market: Market, survivor: int, loser: int) -> str:
    """Gone without any trace in the feed of changes."""
    customers = [customer for customer, _ in market.pairs]
    market.quickbooks("merge", "Customer", Id=customers[survivor], deletedId=customers[loser])
    return customers[loser]


def lose(market: Market, number: int) -> str:
    """An account that is deleted, and gone from the Recycle Bin before anybody asks."""
    _, account = market.pairs[number]
    market.salesforce("delete", "Account", Id=account)
    vendor: Any = market.home.emulation.vendors["salesforce"]
    vendor._world.state.tables["Account"].erase(account)  # no user can hurry the bin
    return account


def compared(market: Market) -> dict[str, str]:
    """Why each comparison was made, from the audit log, the last one of each kind."""
    app = market.home.app
    events = app.store.audit_events(app.connection.id)
    return {event.object: str(event.detail["why"]) for event in events if event.action == "compare"}


async def test_a_first_list_of_everything_needs_no_comparison(market: Market) -> None:
    assert compared(market) == {}
    assert {row.kind for row in current_status(market.home.app).compared} >= {"Customer", "Invoice", "Account", "Order"}


async def test_a_full_feed_has_its_kinds_compared(market: Market) -> None:
    gone = merge(market, 0, 1)
    for number in range(1_001):
        market.quickbooks("create", "Customer", DisplayName=f"Crowd {number}")
    market.home.clock.advance(timedelta(minutes=20))
    await sweep_all(market.home.app)
    assert gone in due(market, "customer_to_account")
    assert compared(market) == {"quickbooks Customer": "deletions may be missing"}


async def test_a_feed_right_at_the_limit_is_compared_a_day_later(market: Market) -> None:
    """It has most probably hidden nothing: the reads are paid for when there is time."""
    for number in range(1_000):
        market.quickbooks("create", "Customer", DisplayName=f"Crowd {number}")
    market.home.clock.advance(timedelta(minutes=20))
    await sweep_all(market.home.app)
    assert compared(market) == {}
    market.home.clock.advance(timedelta(hours=25))
    await sweep_all(market.home.app)
    assert compared(market) == {"quickbooks Customer": "a feed was full to the last place"}


async def test_after_forty_days_both_sides_are_compared(market: Market) -> None:
    customer, account = merge(market, 0, 1), lose(market, 2)
    market.home.clock.advance(timedelta(days=40))
    await sweep_all(market.home.app)
    assert customer in due(market, "customer_to_account")
    assert account in due(market, "account_to_customer")
    assert set(compared(market).values()) == {"deletions may be missing"}


async def test_once_a_week_it_is_compared_whatever_the_feeds_say(market: Market) -> None:
    account = lose(market, 2)
    assert account not in due(market, "account_to_customer")
    await market.later(minutes=20)
    assert compared(market) == {}
    market.home.clock.advance(timedelta(days=7))
    await sweep_all(market.home.app)
    assert account in due(market, "account_to_customer")
    assert set(compared(market).values()) == {"weekly"}
    await sync(market.home.app)
    assert (await market.later(days=8)).written == 0, "what was found is done with"


async def test_a_backfill_asks_from_where_the_last_sweep_ended_before_it_forgets_it(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None: ...

    monkeypatch.setattr("ml_connector.actions.sweep.compare_due", never)
    market.add_invoices(1)
    await market.in_step()
    await market.later(minutes=20)
    market.quickbooks("delete", "Invoice", Id=market.invoices[0])
    market.home.clock.advance(timedelta(hours=1))
    await backfill(market.home.app)
    assert market.invoices[0] in due(market, "invoice_to_opportunity")


async def test_a_backfill_compares_too(market: Market) -> None:
    customer, account = merge(market, 0, 1), lose(market, 2)
    await backfill(market.home.app)
    assert customer in due(market, "customer_to_account")
    assert account in due(market, "account_to_customer")


async def test_what_cannot_be_compared_stays_due_and_keeps_nothing_back(market: Market) -> None:
    async def no_ids(vendor: str, request: Request) -> None:
        if "SELECT%20Id%20FROM%20Customer" in request.url:
            raise BadAnswer("It cannot be read.", "It is read again later.")

    gone = merge(market, 0, 1)
    market.home.network.before = no_ids
    rows = {row.kind: row for row in await compare_all(market.home.app)}
    assert (rows["Customer"].why, rows["Account"].why) == ("asked for", "")
    assert gone not in due(market, "customer_to_account")
    market.home.network.before = None
    await sweep_all(market.home.app)
    assert gone in due(market, "customer_to_account")
    assert not any(row.why for row in current_status(market.home.app).compared)


async def test_a_vendor_that_is_away_ends_it_and_it_goes_on_later(market: Market) -> None:
    async def away(vendor: str, request: Request) -> None:
        if vendor == "salesforce":
            raise NoAnswer("No answer came.", "Again.")

    market.home.network.before = away
    with pytest.raises(NoAnswer):
        await compare_all(market.home.app)
    market.home.network.before = None
    assert any(row.why for row in current_status(market.home.app).compared)
    await sweep_all(market.home.app)
    assert not any(row.why for row in current_status(market.home.app).compared)


async def test_on_demand_it_costs_what_was_told(market: Market) -> None:
    customer = merge(market, 0, 1)
    expected = estimate(market.home.app)
    rows = await compare_all(market.home.app)
    reads = {name: sum(row.reads for row in rows if row.system == name) for name in expected}
    assert reads == expected
    assert sum(row.vanished for row in rows) == 1
    assert Ref("quickbooks", "Customer", customer).id in due(market, "customer_to_account")
    again = await compare_all(market.home.app)
    assert sum(row.vanished + row.unknown for row in again) == 0
