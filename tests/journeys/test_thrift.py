"""Calls are money: what the figures of DESIGN section 7 allow, as the emulators count it. Sweeps are included."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.apply import apply
from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import make_plan, plans
from ml_connector.engine.intake import receive
from ml_connector.model.refs import Change, Ref
from support.live import Living
from support.market import Counting, Market
from support.world import Installation

MANY = 1000


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """1,000 customers in step with their accounts, one contact each; reference tables are warm."""
    made = Market(tmp_path_factory.mktemp("market"))
    made.add_pairs(MANY)
    asyncio.run(made.in_step())
    return made


@pytest.fixture
async def market(crowd: Market) -> Market:
    await crowd.later(minutes=15)  # the echo of the test before
    return crowd


def within(counting: Counting, *, reads: int, calls: int, writes: int = 0) -> None:
    found = counting.count
    allowed = found.quickbooks_reads <= reads and found.salesforce <= calls and found.quickbooks_writes <= writes
    assert allowed, f"{found}\n{counting.table()}"


async def test_a_thousand_new_invoices_then_nothing_then_a_thousand_changed_ones(market: Market) -> None:
    market.add_invoices(MANY)
    with market.counted() as new:
        report = await market.later(minutes=15)
    assert report.created == {"invoice_to_opportunity opportunity": MANY, "invoice_to_opportunity role": MANY}
    assert report.updated["customer_to_account account"] == MANY  # their balances
    assert report.updated["account_summary summary"] == MANY  # nothing is overdue
    within(new, reads=5, calls=14)

    with market.counted() as echo:
        assert (await market.later(minutes=15)).written == 0
    within(echo, reads=2, calls=3)  # the sweep, and one look at a thousand records of each kind that we wrote
    with market.counted() as quiet:
        assert (await market.later(minutes=15)).written == 0
    within(quiet, reads=1, calls=1)

    market.change_invoices(MANY)
    with market.counted() as changed:
        report = await market.later(minutes=15)
    assert report.updated == {"invoice_to_opportunity opportunity": MANY}
    within(changed, reads=3, calls=8)
    with market.counted() as echo:
        assert (await market.later(minutes=15)).written == 0
    within(echo, reads=1, calls=2)


async def test_a_thousand_new_invoices_of_a_thousand_estimates(market: Market) -> None:
    market.add_invoices(MANY, estimates=True)
    with market.counted() as new:
        report = await market.later(minutes=15)
    assert report.created == {"invoice_to_opportunity opportunity": MANY, "invoice_to_opportunity role": MANY}
    assert [line for line in new.asked if "Estimate" in line] == [f"quickbooks POST Estimate Id IN {MANY}"]
    within(new, reads=5 + 1, calls=14)


async def test_a_thousand_new_invoices_where_contacts_may_belong_to_several_accounts(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    switches = market.home.emulation.vendors["salesforce"].switches
    monkeypatch.setattr(switches, "contacts_to_multiple_accounts", True)
    await market.later(hours=7)
    market.add_invoices(MANY)
    with market.counted() as new:
        report = await market.later(minutes=15)
    assert report.created == {"invoice_to_opportunity opportunity": MANY, "invoice_to_opportunity role": MANY}
    within(new, reads=5, calls=14)
    assert len(market.home.state("salesforce", "AccountContactRelation")) >= MANY


async def test_a_thousand_new_invoices_to_people_whom_nobody_knows(market: Market) -> None:
    market.add_invoices(MANY, strangers=True)
    with market.counted() as counting:
        report = await market.later(minutes=15)
    steps = ("contact", "opportunity", "role")
    assert report.created == {f"invoice_to_opportunity {step}": MANY for step in steps}
    within(counting, reads=5 + 5, calls=14 + 5)


async def test_a_thousand_orders_of_three_lines(market: Market) -> None:
    market.add_orders(MANY)
    market.home.clock.advance(timedelta(minutes=15))
    with market.counted() as planned:
        await make_plan(market.home.app, "preparer")
    within(planned, reads=8, calls=5)  # the sweep and the chart of accounts are in it
    market.home.clock.advance(timedelta(minutes=15))
    (view,) = [each for each in plans(market.home.app) if each.state == "open"]
    with market.counted() as drained:
        report = await apply(market.home.app, view.id, "approver")
    assert report.created == {"order_to_journal journal": MANY}
    assert report.updated == {"order_to_journal order_mark": MANY}
    within(drained, reads=5, calls=12, writes=34)
    with market.counted() as echo:
        assert (await market.later(minutes=15)).written == 0
    within(echo, reads=1, calls=4)


async def test_a_thousand_knocks_while_the_worker_is_busy(tmp_path: Path) -> None:
    market = Market(tmp_path)
    await market.in_step()
    first, second = (row["Id"] for row in market.home.state("quickbooks", "Invoice")[:2])
    app = market.home.app

    def knock(invoice: str) -> None:
        change = Change(Ref("quickbooks", "Invoice", invoice), "webhook", market.home.clock.now())
        receive(app.connection, app.runtime, [change], "webhook")

    def knocks() -> None:
        market.quickbooks("update", "Invoice", Id=second, DueDate="2027-03-01")
        for _ in range(MANY):
            knock(second)

    knock(first)
    with market.counted(meanwhile=knocks) as counting:
        report = await drain(app)
    assert report.updated == {"invoice_to_opportunity opportunity": 1}
    assert [line for line in counting.asked if "Invoice" in line] == ["quickbooks GET Invoice Id IN 1"] * 2
    assert len([line for line in counting.asked if "PATCH" in line or "POST composite/sobjects " in line]) == 1


async def reads_of(home: Installation, length: timedelta) -> int:
    """Metered QuickBooks reads of so much time in the default cadence."""
    living = Living(home)
    before = living.reads()
    await living.live_for(length)
    return living.reads() - before


async def test_two_idle_days(tmp_path: Path) -> None:
    """4,000 reads a month at most. No reading comes round more seldom than once a day, so that two days tell."""
    market = Market(tmp_path)
    await market.in_step()
    assert await reads_of(market.home, timedelta(days=2)) <= 4000 * 2 // 30


async def test_a_quiet_day_with_an_order_that_waits_for_closed_books(tmp_path: Path) -> None:
    market = Market(tmp_path)
    await market.in_step()
    market.add_pairs(1)
    await market.in_step()
    closed = (market.home.app.connection.today(market.home.clock.now()) + timedelta(days=60)).isoformat()
    preferences: Any = {"AccountingInfoPrefs": {"BookCloseDate": closed}}
    market.quickbooks("set_preferences", "Preferences", **preferences)
    market.add_orders(1)
    await market.in_step()
    assert [each.code for each in open_holds(market.home.app)] == ["H-CLOSED"]
    reads = await reads_of(market.home, timedelta(days=1))
    assert reads <= 4000 // 30, "every sweep would look whether the books are open again"
