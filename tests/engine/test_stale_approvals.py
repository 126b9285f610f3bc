"""An entry that came out otherwise than it was approved: nothing is sent, and the next plan shows it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import make_plan
from ml_connector.actions.sync import sync
from support.tables import put_back, rows_of
from support.world import Installation


def _move_the_item(home: Installation) -> None:
    """Someone in QuickBooks books an item of the orders to another income account."""
    item = next(row for row in home.state("quickbooks", "Item") if row["Name"] == "Consulting Hour")
    account = next(row for row in home.state("quickbooks", "Account") if row.get("AcctNum") == "4000")
    body = {"Id": item["Id"], "IncomeAccountRef": {"value": account["Id"]}}
    home.emulation.act("quickbooks", "update", "Item", body)


async def test_what_changed_after_it_was_approved_is_held_and_planned_anew(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.approve_all()
    _move_the_item(home)
    await drain(home.process())
    assert [hold.code for hold in open_holds(home.app)] == ["H-PLAN-STALE"] * 3
    assert home.state("quickbooks", "JournalEntry") == []
    assert home.store.planned(home.app.connection.id) == 3
    view = await make_plan(home.process(), "preparer")
    assert [write.label for write in view.plan.postings()] == [f"SFO-0000000{number}-01" for number in (1, 2, 3)]
    await home.run(home.process())
    assert open_holds(home.app) == []
    assert len(home.state("quickbooks", "JournalEntry")) == 3


class Killed(BaseException):
    """The process is gone."""


async def _killed_when_posted(name: str) -> None:
    if name == "applied":
        raise Killed


async def test_entries_that_are_there_by_the_next_plan_are_taken_for_ours_and_their_orders_marked(
    tmp_path: Path,
) -> None:
    """The database is lost right after the entries were posted, and brought back from a copy made before."""
    home = Installation(tmp_path)
    home.store.go_live(home.app.connection.id, home.clock.now())
    await sync(home.app)
    copy = rows_of(home.store)
    dying = home.process(_killed_when_posted)
    await home.approve_all(dying)
    with pytest.raises(Killed):
        await drain(dying)
    put_back(home.store, copy)
    home.clock.advance(timedelta(hours=1))
    view = await make_plan(home.process(), "preparer")
    assert view.plan.postings() == []
    await sync(home.process())
    assert home.store.planned(home.app.connection.id) == 0
    assert {order["QBO_Status__c"] for order in home.state("salesforce", "Order")} == {"POSTED"}
    assert len(home.state("quickbooks", "JournalEntry")) == 3
