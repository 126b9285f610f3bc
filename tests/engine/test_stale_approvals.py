"""An entry that came out otherwise than it was approved: nothing is sent, and the next plan shows it again."""

from __future__ import annotations

from pathlib import Path

from ml_connector import actions
from support.world import Installation


def _move_the_item(home: Installation) -> None:
    """Someone in QuickBooks books an item of the orders to another income account."""
    item = next(row for row in home.state("quickbooks", "Item") if row["Name"] == "Consulting Hour")
    account = next(row for row in home.state("quickbooks", "Account") if row.get("AcctNum") == "4000")
    body = {"Id": item["Id"], "IncomeAccountRef": {"value": account["Id"]}}
    home.twin.act("quickbooks", "update", "Item", body)


async def test_what_changed_after_it_was_approved_is_held_and_planned_anew(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.approve_all()
    _move_the_item(home)
    await actions.drain(home.process())
    assert [hold.code for hold in actions.holds(home.app)] == ["H-PLAN-STALE"] * 3
    assert home.state("quickbooks", "JournalEntry") == []
    assert home.store.planned(home.app.connection.id) == 3
    view = await actions.make_plan(home.process(), "preparer")
    assert [write.label for write in view.plan.postings()] == [f"SFO-0000000{number}-01" for number in (1, 2, 3)]
    await home.run(home.process())
    assert actions.holds(home.app) == []
    assert len(home.state("quickbooks", "JournalEntry")) == 3
