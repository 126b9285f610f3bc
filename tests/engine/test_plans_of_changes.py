"""The plan of a change shows it once, like the write that will be made of it."""

from __future__ import annotations

from pathlib import Path

from ml_connector.actions.plan import make_plan
from support.market import Market


async def test_another_due_date_is_one_write_of_the_opportunity_that_is_there(tmp_path: Path) -> None:
    market = Market(tmp_path)
    await market.in_step()
    invoice = market.home.state("quickbooks", "Invoice")[0]["Id"]
    market.quickbooks("update", "Invoice", Id=invoice, DueDate="2027-01-05")

    plan = (await make_plan(market.home.app, "preparer")).plan
    assert [(write.record, write.action, write.fields) for write in plan.writes] == [
        (f"quickbooks:Invoice:{invoice}", "upsert", ("QBO_Due_Date__c",))
    ]
    assert plan.holds == []
