"""The tie-out of a whole company over both emulated vendors."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ml_connector.model.errors import WrongUse
from ml_connector.tieout import Links, TieOut, tie_out
from support.market import Market


async def proof(market: Market, *months: str) -> TieOut:
    app = market.home.app
    return await tie_out(
        months, quickbooks=app.quickbooks, salesforce=app.salesforce, links=Links(app.store, app.connection.id),
        rules=app.rules, now=app.world.clock.now(),
    )  # fmt: skip


async def test_what_is_in_step_agrees_and_nothing_is_written(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.add_pairs(2)
    market.add_invoices(2)
    await market.in_step()
    market.add_orders(2)
    await market.in_step()
    with market.counted() as counting:
        found = await proof(market, "2026-11")
    assert found.agrees
    assert [report.name for report in found.reports] == ["R1", "R2"]
    assert counting.count.quickbooks_writes == 0
    assert found.read_at == market.home.app.world.clock.now()


async def test_what_people_change_in_the_books_is_seen(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.add_pairs(1)
    market.add_invoices(1)
    await market.in_step()
    (opportunity,) = [
        row for row in market.home.state("salesforce", "Opportunity") if row["AccountId"] == market.pairs[0][1]
    ]
    market.salesforce("update", "Opportunity", Id=opportunity["Id"], QBO_Invoiced_Net__c=Decimal("90.00"))
    r1, _ = (await proof(market, "2026-11")).reports
    assert [row.unexplained for row in r1.rows if row.unexplained] == [Decimal("10.00")]


async def test_an_entry_edited_by_hand_is_a_difference(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.add_pairs(1)
    await market.in_step()
    market.add_orders(1)
    await market.in_step()
    entry = market.home.state("quickbooks", "JournalEntry")[-1]
    market.quickbooks("delete", "JournalEntry", Id=entry["Id"])
    _, r2 = (await proof(market, "2026-11")).reports
    assert sum(row.unexplained for row in r2.rows) != 0
    assert not r2.agrees


@pytest.mark.parametrize("one_currency_org", [False, True])
async def test_a_company_without_multicurrency(tmp_path: Path, one_currency_org: bool) -> None:
    market = Market(tmp_path)
    market.quickbooks("set_preferences", "Preferences", CurrencyPrefs={"MultiCurrencyEnabled": False})
    market.home.emulation.set_switches("salesforce", {"multicurrency": not one_currency_org})
    market.add_pairs(1)
    market.add_invoices(1)
    await market.in_step()
    market.add_orders(1)
    await market.in_step()
    found = await proof(market, "2026-11")
    assert found.agrees
    assert [[total.cell.currency for total in report.totals()] for report in found.reports] == [["USD"], ["USD"]]


async def test_a_month_that_is_none(tmp_path: Path) -> None:
    market = Market(tmp_path)
    with pytest.raises(WrongUse):
        await proof(market, "2026-13")
