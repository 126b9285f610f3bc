"""The facts of R1 from an invoice, from its link and from an Opportunity."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.records import Department, Invoice
from ml_connector.systems.salesforce.records import SObject
from ml_connector.tieout import Links
from ml_connector.tieout.r1 import InvoiceFact, LinkFact, OpportunityFact
from ml_connector.tieout.r1_reading import MARKS, Company, invoice_fact, link_fact, opportunity_fact, read_r1
from ml_connector.tieout.reading import Reading
from ml_connector.tieout.report import Cell
from support.market import Market

DEPARTMENTS = {"10": Department(id="10", name="East", fully_qualified_name="East")}
INVOICE, OPPORTUNITY = Ref("quickbooks", "Invoice", "7"), Ref("salesforce", "Opportunity", "006")


class Today:
    """What a fact needs of the run."""

    today = date(2026, 11, 22)
    rules = Rules(realm_id="1", org_id="00D", start_date=date(2026, 11, 1))


def fact(*, one_currency: bool = False, accounts: frozenset[str] = frozenset(), **fields: Any) -> InvoiceFact:
    body: dict[str, Any] = {
        "Id": "7",
        "TxnDate": "2026-11-18",
        "TotalAmt": "1088.00",
        "Balance": "388.00",
        "DueDate": "2026-11-21",
    }
    body |= {"TxnTaxDetail": {"TotalTax": "88.00"}, "DepartmentRef": {"value": "10"}}
    invoice = msgspec.convert({**body, **fields}, Invoice, strict=False)
    company = Company(reading=Today, departments=DEPARTMENTS, home="USD", one_currency=one_currency)  # type: ignore[arg-type]
    return invoice_fact(invoice, company, {}, accounts)


def test_an_invoice_counts_net_of_tax_where_its_header_says() -> None:
    assert fact(accounts=frozenset({"001"})) == InvoiceFact(
        record=str(INVOICE), cell=Cell("2026-11", "USD", "East"), net=Decimal("1000.00"), status="OVERDUE",
        accounts=frozenset({"001"}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "cell"),
    [
        ({"DepartmentRef": None}, Cell("2026-11", "USD", "-")),
        ({"DepartmentRef": {"value": "99"}}, Cell("2026-11", "USD", "-")),
        ({"CurrencyRef": {"value": "EUR"}, "TxnDate": "2026-10-01"}, Cell("2026-10", "EUR", "East")),
    ],
)
def test_the_cell_of_an_invoice(fields: dict[str, Any], cell: Cell) -> None:
    assert fact(**fields).cell == cell


@pytest.mark.parametrize(
    ("currency", "rate", "net", "shown"),
    [
        ("USD", None, "1000.00", ("1000.00", "USD")),
        ("EUR", "1.0850", "1000.00", ("1085.00", "USD")),
        # half away from zero: 0.05 x 1.10 = 0.0550
        ("EUR", "1.10", "0.05", ("0.06", "USD")),
        ("JPY", "0.0067", "150000", ("1005.00", "USD")),
        # rounded in its own currency first: 1001 x 0.0067 = 6.7067, not 1000.50 x 0.0067 = 6.70335
        ("JPY", "0.0067", "1000.50", ("6.71", "USD")),
        ("KWD", "3.2510", "100.125", ("325.52", "USD")),
        # without a rate it cannot be shown in home currency, and is never added to what is
        ("EUR", None, "1000.00", ("1000.00", "EUR")),
        ("EUR", "0", "1000.00", ("1000.00", "EUR")),
    ],
)
def test_an_org_with_one_currency_shows_home_amounts(
    currency: str, rate: str | None, net: str, shown: tuple[str, str]
) -> None:
    fields: dict[str, Any] = {
        "CurrencyRef": {"value": currency},
        "ExchangeRate": rate,
        "TotalAmt": net,
        "TxnTaxDetail": {},
    }
    found = fact(one_currency=True, **fields)
    assert (found.net, found.cell.currency) == (Decimal(shown[0]), shown[1])
    agreed = {"txn_date": "2026-11-18", "currency": currency, "net": net, "rate": rate, "home": rate and "USD"}
    if found.cell.currency == "USD":
        linked = link_fact(Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, agreed), "1")
        assert (linked.net, linked.cell.currency) == (found.net, "USD"), "home is compared with home"


@pytest.mark.parametrize(
    ("fields", "skipped"),
    [
        ({"TxnDate": "2026-10-31", "Balance": "0.00"}, True),
        ({"TxnDate": "2026-10-31", "Balance": "0.01"}, False),
        ({"TxnDate": "2026-11-01", "Balance": "0.00"}, False),
    ],
)
def test_old_paid_invoices_are_left_out_by_the_rules(fields: dict[str, Any], skipped: bool) -> None:
    assert fact(**fields).skipped is skipped


def test_what_a_link_agreed_on() -> None:
    agreed = {"txn_date": "2026-11-18", "currency": "USD", "department": "East", "net": "1000.00", "status": "CREDITED"}
    found = link_fact(Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, {**agreed, "number": "1043"}), "1")
    # Payments are not read for the tie-out, so an invoice settled by credit shows there as paid.
    assert found == LinkFact(
        record=str(INVOICE), opportunity="006", cell=Cell("2026-11", "USD", "East"), net=Decimal("1000.00"),
        status="PAID", number="1043", key="1:7",
    )  # fmt: skip


def test_a_link_that_agreed_on_nothing_yet() -> None:
    found = link_fact(Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY), "1")
    assert (found.net, found.cell.department, found.status) == (Decimal("0.00"), "-", "")


def test_an_opportunity_of_an_org_with_one_currency() -> None:
    record = SObject("Opportunity", "006", {"Name": "INV 7", "CloseDate": "2026-11-18", "QBO_Status__c": "CREDITED"})
    assert opportunity_fact(record, "USD") == OpportunityFact(
        id="006", cell=Cell("2026-11", "USD", "-"), name="INV 7", status="PAID"
    )
    assert opportunity_fact(record.merged({"CurrencyIsoCode": "EUR"}), "USD").cell.currency == "EUR"


# --- over both emulated vendors


async def read(market: Market) -> Any:
    app = market.home.app
    links = Links(app.store, app.connection.id)
    run = Reading(app.quickbooks, app.salesforce, links, app.rules, datetime(2026, 11, 22, tzinfo=UTC))
    return await read_r1(run, ["2026-11"])


@pytest.fixture
async def market(tmp_path: Path) -> Market:
    """A client and its invoice of 100.00, in step."""
    made = Market(tmp_path)
    made.add_pairs(1)
    made.add_invoices(1)
    await made.in_step()
    return made


def mirror(market: Market) -> dict[str, Any]:
    rows = market.home.state("salesforce", "Opportunity")
    return next(row for row in rows if row["AccountId"] == market.pairs[0][1])


@pytest.mark.parametrize("mark", [name for name in MARKS if name != "QBO_Id__c"])
async def test_a_record_with_any_mark_of_ours_is_not_overlooked(market: Market, mark: str) -> None:
    original = mirror(market)
    value = original.get(mark)
    if value is None:
        value = Decimal("1.00")
    fields = {name: original[name] for name in ("AccountId", "StageName", "CloseDate")}
    twin = market.salesforce("create", "Opportunity", Name="A copy", **fields, **{mark: value})
    report = await read(market)
    assert [(item.reason, item.record, item.says) for _, item in report.open_items] == [
        ("U7", f"salesforce:Opportunity:{twin['Id']}", "A copy")
    ]
    market.salesforce("delete", "Opportunity", Id=twin["Id"])
    assert (await read(market)).agrees


async def test_the_mirrors_of_another_company_are_its_own_affair(market: Market) -> None:
    fields = {name: mirror(market)[name] for name in ("AccountId", "StageName", "CloseDate", "QBO_Invoiced_Net__c")}
    market.salesforce("create", "Opportunity", Name="Theirs", QBO_Id__c="9999:7", **fields)
    assert (await read(market)).agrees


@pytest.mark.parametrize("hidden", [[name] for name in MARKS] + [["Department__c", "AccountId"], list(MARKS)])
async def test_nothing_is_asked_that_the_org_does_not_show(market: Market, hidden: list[str]) -> None:
    market.home.emulation.set_switches("salesforce", {"hidden_fields": {"Opportunity": hidden}})
    report = await read(market)
    assert report.agrees is ("QBO_Invoiced_Net__c" not in hidden), "without the figure nothing is proved"
