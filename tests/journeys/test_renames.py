"""A department is renamed, deactivated, activated again in QuickBooks; both emulators (accounting-rules F.3, S17)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.holds import open_holds
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.sync import sync
from ml_connector.model.refs import Ref
from support.world import Installation

MONTHS = ["2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]
SPELLINGS = ("East:Boston", "Eastern Boston", "east:boston")


class Company:
    """The tiny company in step, with departments East and East:Boston, and people who act on both sides."""

    def __init__(self, folder: Path) -> None:
        self.home = Installation(folder)
        rows = self.home.state("quickbooks", "Department")
        self.departments = {row["FullyQualifiedName"]: row["Id"] for row in rows}
        self.account = self.home.state("salesforce", "Account")[0]["Id"]

    def user(self, system: str, op: str, kind: str, **body: Any) -> dict[str, Any]:
        return self.home.emulation.act(system, op, kind, body)

    def department(self, id_: str, **change: Any) -> None:
        self.user("quickbooks", "update", "Department", Id=id_, **change)

    async def later(self, **time: int) -> None:
        self.home.clock.advance(timedelta(**time))
        await self.home.run()

    def deals(self) -> dict[str, dict[str, str]]:
        """Opportunities of sales and an account that say a department, by what they say."""
        stage = {"StageName": "Closed Won", "CloseDate": "2026-11-20", "AccountId": self.account}
        self.user("salesforce", "update", "Account", Id=self.account, Department__c="East:Boston", Class__c="SaaS")
        return {
            text: self.user("salesforce", "create", "Opportunity", Name=text, Department__c=text, **stage)
            for text in SPELLINGS
        }

    def order(self, department: str) -> str:
        """Sales keys and activates an order like the first one, in another department. Gives its id."""
        like = self.home.state("salesforce", "Order")[0]
        line = next(row for row in self.home.state("salesforce", "OrderItem") if row["OrderId"] == like["Id"])
        day = self.home.app.connection.today(self.home.clock.now()).isoformat()
        taken = {name: like[name] for name in ("AccountId", "Pricebook2Id")}
        head = {**taken, "EffectiveDate": day, "Status": "Draft", "Department__c": department, "Class__c": "SaaS"}
        made: str = self.user("salesforce", "create", "Order", **head)["Id"]
        price = {name: line[name] for name in ("PricebookEntryId", "UnitPrice")}
        self.user("salesforce", "create", "OrderItem", OrderId=made, Quantity=Decimal(1), **price)
        self.user("salesforce", "update", "Order", Id=made, Status="Activated")
        return made

    def text(self, kind: str, id_: str) -> Any:
        return next(row for row in self.home.state("salesforce", kind) if row["Id"] == id_)["Department__c"]

    def mirrored(self) -> set[str]:
        """What the connector's own Opportunities say."""
        return {row["Department__c"] for row in self.home.state("salesforce", "Opportunity") if row.get("QBO_Id__c")}

    def posted_to(self, order: str) -> set[str]:
        """The departments of an order's entry, by id; none if there is no entry."""
        return {
            line["JournalEntryLineDetail"]["DepartmentRef"]["value"]
            for entry in self.home.state("quickbooks", "JournalEntry")
            if f"|ord={order}|" in entry.get("PrivateNote", "")
            for line in entry["Line"]
        }

    def held(self, order: str) -> list[str]:
        name = str(Ref("salesforce", "Order", order))
        return [hold.code for hold in open_holds(self.home.app) if hold.record == name]

    async def differences(self) -> list[str]:
        """What the tie-out finds; nothing but agreement is expected after a rename."""
        proof = await reconcile(self.home.app, MONTHS)
        assert proof.agrees, [row for report in proof.reports for row in report.rows if row.unexplained]
        return [str(item) for report in proof.reports for row in report.rows for item in row.items]


@pytest.fixture
async def company(tmp_path: Path) -> Company:
    made = Company(tmp_path)
    await made.home.run()
    return made


async def test_a_rename_reaches_every_text_and_nothing_else(company: Company) -> None:
    boston, deals = company.departments["East:Boston"], company.deals()
    invoice = company.home.state("quickbooks", "Invoice")[0]["Id"]
    company.user("quickbooks", "update", "Invoice", Id=invoice, DepartmentRef={"value": boston})
    await company.later(hours=1)
    assert company.mirrored() == {"East", "East:Boston"}

    company.department(company.departments["East"], Name="North East")
    await company.later(hours=1)

    assert company.mirrored() == {"North East", "North East:Boston"}
    assert [company.text("Opportunity", deals[text]["Id"]) for text in SPELLINGS] == [
        "North East:Boston", "Eastern Boston", "east:boston",
    ]  # fmt: skip
    assert company.text("Account", company.account) == "North East:Boston"
    assert {row["Department__c"] for row in company.home.state("salesforce", "Order")} == {"East"}
    assert await company.differences() == []


async def test_an_old_name_counts_for_90_days(company: Company) -> None:
    boston = company.departments["East:Boston"]
    company.department(company.departments["East"], Name="North East")
    await company.later(days=1)

    in_time = company.order("East:Boston")
    await company.later(hours=1)
    assert (company.posted_to(in_time), company.held(in_time)) == ({boston}, [])
    assert await company.differences() == []

    company.home.clock.advance(timedelta(days=91))
    too_late = company.order("East:Boston")
    await company.later(hours=1)
    assert (company.posted_to(too_late), company.held(too_late)) == (set(), ["H-DIM-UNMAPPED"])
    assert await company.differences() == []


async def test_a_deactivated_department_holds_its_orders_until_it_is_active_again(company: Company) -> None:
    boston = company.departments["East:Boston"]
    before = company.order("East:Boston")
    await company.later(hours=1)
    company.department(boston, Active=False)
    after = company.order("East:Boston")
    await company.later(hours=1)
    assert (company.posted_to(before), company.held(before)) == ({boston}, [])
    assert (company.posted_to(after), company.held(after)) == (set(), ["H-DIM-INACTIVE"])
    assert await company.differences() == []

    company.department(boston, Active=True)
    await company.later(hours=1)
    assert (company.posted_to(after), company.held(after)) == ({boston}, [])


async def test_a_rename_is_worked_off_once(company: Company) -> None:
    company.department(company.departments["East"], Name="North East")
    await company.later(hours=1)
    company.home.clock.advance(timedelta(hours=1))
    assert (await sync(company.home.app)).written == 0
