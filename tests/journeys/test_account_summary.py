"""What its invoices make of an Account, over a year on both emulators (accounting-rules E.2, D.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import make_plan
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.sync import sync
from ml_connector.engine.worker import DrainReport
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from support.in_step import in_step
from support.world import Installation


class Company:
    """The tiny company; its clerk bills one customer, its sales people write on the Account."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.customer = self.books("Customer", DisplayName="Harbour Works")["Id"]
        ids = {kind: home.state("quickbooks", kind) for kind in ("Department", "Class")}
        self.departments = {row["FullyQualifiedName"]: row["Id"] for row in ids["Department"]}
        self.classes = {row["FullyQualifiedName"]: row["Id"] for row in ids["Class"]}
        self.item = home.state("quickbooks", "Item")[0]["Id"]

    def books(self, kind: str, op: str = "create", **body: Any) -> dict[str, Any]:
        return self.home.emulation.act("quickbooks", op, kind, body)

    def people(self, kind: str, op: str = "update", **body: Any) -> dict[str, Any]:
        return self.home.emulation.act("salesforce", op, kind, body)

    @property
    def today(self) -> date:
        return self.home.app.connection.today(self.home.clock.now())

    def bill(self, amount: int, department: str, class_: str = "SaaS", *, days: int = 30) -> str:
        """An invoice of today, due in so many days. Gives its id."""
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(amount),
            "SalesItemLineDetail": {"ItemRef": {"value": self.item}, "ClassRef": {"value": self.classes[class_]}},
        }
        made: str = self.books(
            "Invoice", CustomerRef={"value": self.customer}, CurrencyRef={"value": "USD"}, Line=[line],
            TxnDate=self.today.isoformat(), DueDate=(self.today + timedelta(days=days)).isoformat(),
            DepartmentRef={"value": self.departments[department]},
        )["Id"]  # fmt: skip
        return made

    def pay(self, invoice: str, amount: int) -> None:
        linked = [{"TxnId": invoice, "TxnType": "Invoice"}]
        line = [{"Amount": Decimal(amount), "LinkedTxn": linked}]
        self.books("Payment", CustomerRef={"value": self.customer}, TotalAmt=Decimal(amount), Line=line)

    async def later(self, **time: int) -> DrainReport:
        self.home.clock.advance(timedelta(**time))
        return await sync(self.home.app)

    async def until(self, day: date) -> None:
        """Days go by until this one; sign-ins are used before they grow too old."""
        while self.today < day:
            await self.later(days=min(60, (day - self.today).days))

    def counted(self) -> list[Link]:
        """What is on record of the Account's invoices."""
        ref = Ref("salesforce", "Account", self.account["Id"])
        return self.home.store.links_of(self.home.app.connection.id, Role.BILLED, [ref])[ref]

    @property
    def account(self) -> dict[str, Any]:
        mark = f"{self.home.rules.realm_id}:{self.customer}"
        return next(row for row in self.home.state("salesforce", "Account") if row.get("QBO_Id__c") == mark)

    def texts(self) -> tuple[Any, Any]:
        row = self.account
        return row.get("Department__c"), row.get("Class__c")

    def overdue(self) -> Any:
        return self.account.get("QBO_Overdue__c")


@pytest.fixture
async def company(tmp_path: Path, fresh_url: str) -> AsyncIterator[Company]:
    home = in_step(tmp_path, store_url=fresh_url)
    try:
        yield Company(home)
    finally:
        home.store.close()


async def test_a_new_customer_gets_its_texts_in_the_same_run_and_no_echo(company: Company) -> None:
    company.bill(500, "East")
    await company.later(hours=1)
    assert (company.texts(), company.overdue()) == (("East", "SaaS"), 0)
    assert (await company.later(hours=1)).written == 0
    assert (await company.later(hours=1)).written == 0


async def test_a_plan_shows_what_an_invoice_changes_on_its_account(company: Company) -> None:
    company.bill(500, "East")
    await company.later(hours=1)
    company.bill(900, "East:Boston")
    company.home.clock.advance(timedelta(hours=1))
    plan = (await make_plan(company.home.app, "preparer")).plan
    shown = [(write.record, write.fields) for write in plan.writes if write.step == "summary"]
    assert shown == [(f"salesforce:Account:{company.account['Id']}", ("Department__c",))]
    assert company.texts() == ("East", "SaaS")


async def test_a_text_of_people_stays_and_an_emptied_one_is_filled(company: Company) -> None:
    company.bill(500, "East")
    await company.later(hours=1)
    company.people("Account", Id=company.account["Id"], Department__c="Head office")
    await company.later(hours=1)
    company.bill(900, "East:Boston")
    await company.later(hours=1)
    assert company.texts() == ("Head office", "SaaS")
    company.people("Account", Id=company.account["Id"], Department__c=None, QBO_Overdue__c=Decimal(77))
    await company.later(hours=1)
    assert (company.texts(), company.overdue()) == (("East:Boston", "SaaS"), 0)


async def test_a_renamed_department_is_still_ours(company: Company) -> None:
    company.bill(500, "East")
    await company.later(hours=1)
    company.books("Department", "update", Id=company.departments["East"], Name="North East")
    await company.later(hours=1)
    assert company.texts() == ("North East", "SaaS")
    company.bill(900, "East:Boston")
    await company.later(hours=1)
    assert company.texts() == ("North East:Boston", "SaaS")
    assert (await company.later(hours=1)).written == 0


async def test_overdue_comes_by_the_clock_and_goes_with_the_payment(company: Company) -> None:
    company.bill(300, "East", days=10)
    late = company.bill(200, "East", days=20)
    await company.later(hours=1)
    seen = []
    for _ in range(22):
        await company.later(days=1)
        seen.append(company.overdue())
    assert seen == [0] * 10 + [300] * 10 + [500] * 2
    company.pay(late, 200)
    await company.later(hours=1)
    assert (company.overdue(), company.account["QBO_Balance__c"]) == (300, 300)


async def test_the_most_money_of_the_last_12_months(company: Company) -> None:
    company.pay(company.bill(900, "East:Boston"), 900)
    await company.until(date(2027, 5, 20))
    company.pay(company.bill(400, "East"), 400)
    await company.until(date(2027, 11, 19))
    assert company.texts() == ("East:Boston", "SaaS")
    await company.until(date(2027, 11, 20))
    assert company.texts() == ("East", "SaaS")
    await company.until(date(2028, 6, 1))
    assert company.texts() == ("East", "SaaS")  # nothing was billed for a year: there is no other
    assert company.counted() == []


async def test_an_invoice_that_moves_changes_both_accounts(company: Company) -> None:
    company.bill(500, "East")
    moved = company.bill(900, "East:Boston", days=0)
    await company.later(days=2)
    assert (company.texts()[0], company.overdue()) == ("East:Boston", 900)
    other = company.books("Customer", DisplayName="Second Harbour")["Id"]
    company.books("Invoice", "update", Id=moved, CustomerRef={"value": other})
    await company.later(hours=1)
    assert (company.texts()[0], company.overdue()) == ("East", 0)
    company.customer = other
    assert (company.texts()[0], company.overdue()) == ("East:Boston", 900)


async def test_a_voided_invoice_no_longer_counts(company: Company) -> None:
    company.bill(500, "East")
    voided = company.bill(900, "East:Boston", days=0)
    await company.later(days=2)
    assert (company.texts()[0], company.overdue()) == ("East:Boston", 900)
    company.books("Invoice", "void", Id=voided)
    await company.later(hours=1)
    assert (company.texts()[0], company.overdue()) == ("East", 0)


async def test_what_is_posted_stays_right_when_the_default_changes(company: Company) -> None:
    """An order without dims of its own takes those of its account (B.4); the tie-out remembers which they were."""
    company.bill(500, "East")
    await company.later(hours=1)
    order = _order(company)
    await company.home.run()
    assert _posted_to(company, order) == {company.departments["East"]}
    company.bill(900, "East:Boston")
    await company.later(hours=1)
    assert company.texts()[0] == "East:Boston"
    proof = await reconcile(company.home.app, ["2026-10", "2026-11", "2026-12"])
    assert proof.agrees, [row for report in proof.reports for row in report.rows if row.unexplained]


def _order(company: Company) -> str:
    like = company.home.state("salesforce", "Order")[0]
    price = next(row for row in company.home.state("salesforce", "OrderItem") if row["OrderId"] == like["Id"])
    head = {"AccountId": company.account["Id"], "Pricebook2Id": like["Pricebook2Id"], "Status": "Draft"}
    made: str = company.people("Order", "create", EffectiveDate=company.today.isoformat(), **head)["Id"]
    line = {name: price[name] for name in ("PricebookEntryId", "UnitPrice")}
    company.people("OrderItem", "create", OrderId=made, Quantity=Decimal(1), **line)
    company.people("Order", Id=made, Status="Activated")
    return made


def _posted_to(company: Company, order: str) -> set[str]:
    return {
        line["JournalEntryLineDetail"]["DepartmentRef"]["value"]
        for entry in company.home.state("quickbooks", "JournalEntry")
        if f"|ord={order}|" in entry.get("PrivateNote", "")
        for line in entry["Line"]
    }


async def test_the_account_says_why_it_is_held_until_it_is_not(company: Company) -> None:
    made = company.people("Account", "create", Name="Nowhere", QBO_Ready__c=True)["Id"]
    await company.later(hours=1)

    def status() -> Any:
        return next(row for row in company.home.state("salesforce", "Account") if row["Id"] == made)["QBO_Status__c"]

    assert status() == "V-COUNTRY: Account Nowhere has no billing country."
    assert [hold.code for hold in open_holds(company.home.app)] == ["V-COUNTRY"]
    assert (await company.later(hours=1)).written == 0
    company.people("Account", Id=made, BillingCountry="US")
    await company.later(hours=1)
    assert (status(), open_holds(company.home.app)) == (None, [])
