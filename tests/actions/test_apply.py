"""A plan is applied once, as it was made, by another person than the one who made it."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from ml_connector.actions.apply import apply, four_eyes
from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import make_plan, plan_named, plans
from ml_connector.actions.sweep import sweep_all
from ml_connector.actions.tampered import accept_row
from ml_connector.model.errors import StateTampered, WrongUse
from ml_connector.store import schema
from support.market import Market
from support.people import in_production, invited
from support.world import Installation, account_ids, rules_for


@pytest.fixture
async def market(tmp_path: Path) -> Market:
    """A client in step; its order would be posted under T2."""
    made = Market(tmp_path)
    home = made.home
    home.rules = rules_for(home.emulation, home.settings, "T2")
    home.app = home.process()
    made.add_pairs(1)
    await made.in_step()
    return made


async def test_a_plan_is_applied_once(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    assert not four_eyes(home.app)
    view = await make_plan(home.app, "mia")
    assert (await apply(home.app, view.id, "ana")).created["order_to_journal journal"] == len(view.plan.postings()) == 3
    assert [plan.state for plan in plans(home.app)] == ["applied"]
    with pytest.raises(WrongUse, match=r"was applied already, by ana\."):
        await apply(home.app, view.id, "ana")


async def test_in_production_another_person_applies_it(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    app = in_production(home.app)
    ana = invited(app, "ana", "admin", "approver")
    mia = invited(app, "mia", "preparer", "approver", by=ana)
    view = await make_plan(app, mia)
    with pytest.raises(WrongUse, match="mia made plan"):
        await apply(app, view.id, mia)
    event = home.store.audit_events(app.connection.id)[-1]
    assert (event.actor, event.action, event.object) == ("mia", "refuse", view.id), "the refusal is on record"
    assert event.detail["why"].startswith("mia made plan")
    assert home.state("quickbooks", "JournalEntry") == []
    await apply(app, view.id, ana)
    assert len(home.state("quickbooks", "JournalEntry")) == 3
    events = home.store.audit_events(app.connection.id)
    given = [(event.actor, event.detail["uid"]) for event in events if event.action == "approve"]
    assert given == [("ana", os.getuid())] * 3
    posted = [event.detail for event in events if event.action == "post"]
    assert [detail["result"].partition(":")[0] for detail in posted] == ["quickbooks"] * 3
    assert {detail["key"] for detail in posted} == {write.key for write in view.plan.postings()}
    assert four_eyes(app)


async def test_a_plan_that_was_altered_is_not_applied(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    view = await make_plan(home.app, "mia")
    content = msgspec.json.encode(msgspec.structs.replace(view.plan, writes=view.plan.writes[1:])).decode()
    with home.store.begin() as tx:
        tx.execute(update(schema.plan).values(content=content))
    with pytest.raises(StateTampered, match=f"plan {view.id}"):
        await apply(home.app, view.id, "ana")
    accept_row(home.app, f"plan {view.id}", "ana")
    with pytest.raises(WrongUse, match="was altered after it was made"):
        await apply(home.app, view.id, "ana")


@pytest.mark.parametrize("minutes", [0, 1, 90])
@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("Item", {"IncomeAccountRef": "4100"}, "H-PLAN-STALE"),
        ("Item", {"Active": False}, "H-ITEM-INACTIVE"),
        ("Account", {"AcctNum": "4009"}, "H-PLAN-STALE"),
        ("Department", {"Active": False}, "H-DIM-INACTIVE"),
        ("Class", {"Active": False}, "H-DIM-INACTIVE"),
        ("Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-12-31"}}, "H-CLOSED"),
        ("Customer", {"Active": False}, "H-CUST-INACTIVE"),
    ],
)
async def test_what_changed_since_the_plan_is_seen_in_the_same_process(
    market: Market, kind: str, change: dict[str, Any], code: str, minutes: int
) -> None:
    """One process keeps its tables for a day; nothing rests on that when a plan is applied."""
    app, (order,) = market.home.app, market.add_orders(1)
    await sweep_all(app)
    view = await make_plan(app, "mia", sweep_first=False)
    assert [write.record for write in view.plan.postings()] == [f"salesforce:Order:{order}"]
    before = len(market.home.state("quickbooks", "JournalEntry"))
    market.home.clock.advance(timedelta(minutes=minutes))
    _change(market, kind, change)
    await apply(app, view.id, "ana")
    assert [hold.code for hold in open_holds(app) if hold.record == f"salesforce:Order:{order}"] == [code]
    assert len(market.home.state("quickbooks", "JournalEntry")) == before


def _change(market: Market, kind: str, change: dict[str, Any]) -> None:
    """Of every record that the order could rest on."""
    if kind == "Preferences":
        market.quickbooks("set_preferences", kind, **change)
        return
    numbers = account_ids(market.home.emulation)
    if income := change.get("IncomeAccountRef"):
        change = {"IncomeAccountRef": {"value": numbers[income]}}
    ids = [numbers["4000"]] if kind == "Account" else [row["Id"] for row in market.home.state("quickbooks", kind)]
    for id_ in [market.pairs[0][0]] if kind == "Customer" else ids:
        market.quickbooks("update", kind, Id=id_, **change)


async def test_tables_that_did_not_change_are_not_read_again(market: Market) -> None:
    app = market.home.app
    market.add_orders(1)
    view = await make_plan(app, "mia")
    with market.counted() as counting:
        await apply(app, view.id, "ana")
    asked = [line for line in counting.asked if line.startswith("quickbooks GET cdc")]
    assert asked == ["quickbooks GET cdc Account,Item,Department,Class"]
    assert not [line for line in counting.asked if re.search("(Account|Item|Department|Class) Active", line)]


async def test_a_plan_without_entries_asks_for_nothing_more(market: Market) -> None:
    view = await make_plan(market.home.app, "mia")
    with market.counted() as counting:
        await apply(market.home.app, view.id, "ana")
    assert not [line for line in counting.asked if "cdc" in line]


async def test_a_plan_is_found_by_its_number(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    view = await make_plan(home.app, "mia")
    assert plan_named(home.app, view.id) == view
    with pytest.raises(WrongUse, match=r"There is no such plan\."):
        plan_named(home.app, "2026-11-20-99")
