"""What no feed of changes tells is found by comparing ids: by itself where it is needed, and when asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.backfill import backfill
from ml_connector.actions.compare import accept_vanished, compare_all, estimate
from ml_connector.actions.doctor import doctor
from ml_connector.actions.holds import open_holds
from ml_connector.actions.status import current_status
from ml_connector.actions.sweep import sweep_all
from ml_connector.actions.sync import sync
from ml_connector.model.errors import BadAnswer
from ml_connector.model.flags import Flag
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


# --- too much at once


@pytest.fixture
async def town(tmp_path: Path) -> Market:
    market = Market(tmp_path)
    market.add_pairs(24, contact=False)
    await market.in_step()
    return market


def live(market: Market, kind: str) -> list[dict[str, Any]]:
    return [row for row in market.home.state("salesforce", kind) if not row["IsDeleted"]]


async def test_when_sharing_is_lost_nothing_is_treated_as_deleted(town: Market) -> None:
    vendor: Any = town.home.emulation.vendors["salesforce"]
    kept = {account: vendor._world.state.tables["Account"].get(account) for _, account in town.pairs[:21]}
    for account in kept:
        vendor._world.state.tables["Account"].erase(account)  # no longer shown to this user
    rows = {row.kind: row for row in await compare_all(town.home.app)}
    assert (rows["Account"].withheld, due(town, "account_to_customer")) == (21, set())
    status = current_status(town.home.app)
    alarm = next(item for item in status.undone() if item.level == "FAIL")
    assert "21 of " in alarm.sentence
    assert "Account" in alarm.sentence
    assert (alarm.command, status.attention) == ("backfill --compare-only", True)
    assert any(
        finding.level == "FAIL" and finding.sentence == alarm.sentence for finding in await doctor(town.home.app)
    )
    assert accept_vanished(town.home.app, "Dana") == 21
    assert due(town, "account_to_customer") == set(kept)
    assert not current_status(town.home.app).attention
    event = town.home.app.store.audit_events(town.home.app.connection.id)[-1]
    assert (event.action, event.actor, event.object) == ("accept vanished", "Dana", "salesforce Account")
    assert accept_vanished(town.home.app, "Dana") == 0


async def test_a_deleted_opportunity_is_made_again_for_its_invoice(market: Market) -> None:
    market.add_invoices(3)
    await market.in_step()
    gone = market.home.state("salesforce", "Opportunity")[-1]
    market.salesforce("delete", "Opportunity", Id=gone["Id"])
    await market.later(days=8)
    again = [row for row in live(market, "Opportunity") if row.get("QBO_Id__c") == gone["QBO_Id__c"]]
    assert len(again) == 1
    assert again[0]["Id"] != gone["Id"]
    assert (await market.later(days=8)).written == 0


async def test_a_deleted_contact_is_looked_for_anew(market: Market) -> None:
    market.add_invoices(1)
    await market.in_step()
    contact = market.home.state("salesforce", "Contact")[-1]
    market.salesforce("delete", "Contact", Id=contact["Id"])
    await market.later(days=8)
    market.add_invoices(1)
    await market.later(hours=1)
    assert open_holds(market.home.app) == []
    now = [row["Id"] for row in live(market, "Contact") if row.get("Email") == contact["Email"]]
    assert now
    assert contact["Id"] not in now


async def test_a_deleted_entry_is_flagged_and_not_posted_again(market: Market) -> None:
    entries = market.home.state("quickbooks", "JournalEntry")
    mine = next(entry for entry in entries if entry.get("DocNumber", "").startswith("SFO-"))
    market.quickbooks("delete", "JournalEntry", Id=mine["Id"])
    await market.later(days=8)
    await market.home.run()
    flagged = market.home.app.store.flags(market.home.app.connection.id)
    assert (Ref("quickbooks", "JournalEntry", mine["Id"]), Flag.ENTRY_DELETED) in [
        (ref, name) for _, ref, name in flagged
    ]
    left = {row["Id"] for row in market.home.state("quickbooks", "JournalEntry") if row.get("status") != "Deleted"}
    assert left == {entry["Id"] for entry in entries} - {mine["Id"]}
