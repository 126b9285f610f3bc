"""The tie-out of a whole company over both emulated vendors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.model.errors import WrongUse
from ml_connector.tieout import Links, TieOut, tie_out
from ml_emulators.kit.faults import Fault, RecordMatch
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


REFUSED, FAILS = {"status": 400, "code": "4002"}, {"status": 500}


@pytest.mark.parametrize(
    ("vendor", "kind", "place", "how"),
    [
        ("quickbooks", "Invoice", 0, REFUSED),
        ("quickbooks", "Invoice", -1, FAILS),
        ("quickbooks", "JournalEntry", -1, REFUSED),
        ("quickbooks", "Customer", 0, FAILS),
        ("salesforce", "Opportunity", 0, FAILS),
        ("salesforce", "Opportunity", -1, {"status": 400, "code": "MALFORMED_ID"}),
        ("salesforce", "Order", -1, FAILS),
    ],
)
async def test_a_record_that_cannot_be_read_is_unproved_by_name_and_all_others_are_proved(
    in_step: Market, vendor: str, kind: str, place: int, how: dict[str, Any]
) -> None:
    home = in_step.home
    bad = _of_the_market(in_step, vendor, kind)[place]
    home.emulation.faults.add(Fault(kind="status", vendor=vendor, record=RecordMatch(kind, bad), **how))
    found = await proof(in_step, "2026-11")
    assert (found.adds_up, found.agrees) == (True, False)
    named = {item.record for _, item in found.open_items}
    assert {item.reason for _, item in found.open_items} == {"U8"}
    if kind != "Customer":
        assert named == {f"{vendor}:{kind}:{bad}"}
    assert all(row.unexplained == 0 for report in found.reports for row in report.rows)
    assert sum(len(report.rows) for report in found.reports) > 1


def _of_the_market(market: Market, vendor: str, kind: str) -> list[str]:
    if (vendor, kind) == ("quickbooks", "Customer"):
        return [books for books, _ in market.pairs]
    ids = [row["Id"] for row in market.home.state(vendor, kind)]
    return ids[-2:] if kind == "Order" else ids


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Market:
    market = Market(tmp_path_factory.mktemp("market"))
    asyncio.run(_brought_in_step(market))
    return market


async def _brought_in_step(market: Market) -> None:
    market.add_pairs(2)
    market.add_invoices(2)
    await market.in_step()
    market.add_orders(2)
    await market.in_step()
    assert (await proof(market, "2026-11")).agrees


@pytest.fixture
def in_step(company: Market) -> Iterator[Market]:
    yield company
    company.home.emulation.faults.clear()


@pytest.mark.parametrize(
    ("path", "name"), [("FROM%20Invoice%20", "R1"), ("FROM%20JournalEntry%20", "R2"), ("FROM%20Department%20", "R1")]
)
async def test_a_report_of_which_nothing_can_be_read_says_so_beside_the_others(
    in_step: Market, path: str, name: str
) -> None:
    fault = Fault(kind="status", vendor="quickbooks", path=path, status=400, code="4001")
    in_step.home.emulation.faults.add(fault)
    found = await proof(in_step, "2026-11")
    assert not found.agrees
    assert f"all of {name}" in {item.record for _, item in found.open_items}
