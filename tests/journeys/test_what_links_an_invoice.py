"""An invoice finds its Opportunity over an estimate, and its people on related accounts; both emulators (D.5, D.10)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.explain import explain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.sync import sync
from ml_connector.engine.worker import DrainReport
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from support.market import Market

Json = dict[str, Any]


class Company(Market):
    """One customer in step with its account, and a won Opportunity of 10,000.00 with an order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.deal: Json = {}
        self.order: Json = {}

    async def ready(self) -> None:
        self.add_pairs(1)
        await self.in_step()
        stage = {"StageName": "Closed Won", "CloseDate": "2026-11-20", "Amount": Decimal(10_000)}
        self.deal = self.salesforce("create", "Opportunity", Name="Big deal", AccountId=self.pairs[0][1], **stage)
        head = {"AccountId": self.pairs[0][1], "EffectiveDate": "2026-11-20", "Status": "Draft"}
        self.order = self.salesforce("create", "Order", OpportunityId=self.deal["Id"], **head)

    def form(self, kind: str, amount: int = 100, **more: Any) -> Json:
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(amount),
            "SalesItemLineDetail": {"ItemRef": {"value": self.item}, "Qty": Decimal(1), "UnitPrice": Decimal(amount)},
        }
        day = self.home.app.connection.today(self.home.clock.now()).isoformat()
        head = {"CustomerRef": {"value": self.pairs[0][0]}, "CurrencyRef": {"value": "USD"}, "TxnDate": day}
        return self.quickbooks("create", kind, **head, Line=[line], **more)

    def invoice_of(self, estimate: Json, amount: int = 100, **more: Any) -> Json:
        return self.form("Invoice", amount, LinkedTxn=[{"TxnId": estimate["Id"], "TxnType": "Estimate"}], **more)

    async def next(self) -> DrainReport:
        self.home.clock.advance(timedelta(minutes=15))
        return await sync(self.home.app)

    def opportunity_of(self, invoice: Json) -> Json:
        ref = Ref("quickbooks", "Invoice", invoice["Id"])
        (found,) = self.home.store.links_of(self.home.app.connection.id, Role.OPPORTUNITY, [ref])[ref]
        return next(row for row in self.home.state("salesforce", "Opportunity") if row["Id"] == found.target.id)

    def flags(self, invoice: Json) -> list[str]:
        return list(explain(self.home.app, f"quickbooks:Invoice:{invoice['Id']}").flags)

    def people_on(self, opportunity: Json) -> list[str]:
        rows = self.home.state("salesforce", "OpportunityContactRole")
        return [row["ContactId"] for row in rows if row["OpportunityId"] == opportunity["Id"]]


@pytest.fixture
async def company(tmp_path: Path) -> Company:
    made = Company(tmp_path)
    await made.ready()
    return made


@pytest.mark.parametrize("token_on", ["estimate", "first invoice", "second invoice"])
async def test_both_invoices_of_an_estimate_are_on_the_deal_that_one_of_them_names(
    company: Company, token_on: str
) -> None:
    token = {"PrivateNote": f"SF-ORD:{company.order['OrderNumber']}"}
    estimate = company.form("Estimate", 10_000, **(token if token_on == "estimate" else {}))
    first = company.invoice_of(estimate, 4_000, **(token if token_on == "first invoice" else {}))
    second = company.invoice_of(estimate, 6_000, **(token if token_on == "second invoice" else {}))
    kept = company.quickbooks("update", "Estimate", Id=estimate["Id"])["SyncToken"]
    with company.counted() as counting:
        report = await company.next()
    assert company.opportunity_of(first)["Id"] == company.opportunity_of(second)["Id"] == company.deal["Id"]
    deal = company.opportunity_of(first)
    assert (deal["QBO_Invoiced_Net__c"], deal["Amount"], deal["Name"]) == (10_000, 10_000, "Big deal")
    assert report.created.get("invoice_to_opportunity opportunity", 0) == 0
    assert len([line for line in counting.asked if "Estimate" in line]) == 1
    (now,) = company.home.state("quickbooks", "Estimate")
    assert now["SyncToken"] == kept, "an estimate is never written"
    assert (await company.next()).written == 0


async def test_a_later_invoice_of_the_estimate_follows_the_first(company: Company) -> None:
    estimate = company.form("Estimate", 10_000)
    first = company.invoice_of(estimate, 4_000, PrivateNote=f"for {company.deal['Id']}")
    await company.next()
    second = company.invoice_of(estimate, 6_000)
    await company.next()
    assert company.opportunity_of(first)["Id"] == company.opportunity_of(second)["Id"] == company.deal["Id"]
    assert company.opportunity_of(second)["QBO_Invoiced_Net__c"] == 10_000


async def test_a_deleted_estimate_stops_no_invoice(company: Company) -> None:
    estimate = company.form("Estimate")
    invoice = company.invoice_of(estimate)
    company.quickbooks("delete", "Estimate", Id=estimate["Id"])
    await company.next()
    mirror = company.opportunity_of(invoice)
    assert (mirror["Id"] != company.deal["Id"], mirror["Amount"]) == (True, 100)
    assert open_holds(company.home.app) == []


async def test_an_order_number_that_comes_later_moves_nothing(company: Company) -> None:
    """As with one that is written on the invoice later: what is linked stays linked (M0)."""
    estimate = company.form("Estimate")
    invoice = company.invoice_of(estimate)
    await company.next()
    mirror = company.opportunity_of(invoice)["Id"]
    company.quickbooks("update", "Estimate", Id=estimate["Id"], PrivateNote=f"SF-ORD:{company.order['OrderNumber']}")
    assert (await company.next()).written == 0
    company.quickbooks("update", "Invoice", Id=invoice["Id"], DueDate="2027-03-01")
    await company.next()
    assert company.opportunity_of(invoice)["Id"] == mirror
    company.salesforce("delete", "Opportunity", Id=mirror)
    company.quickbooks("update", "Invoice", Id=invoice["Id"], DueDate="2027-03-02")
    await company.next()
    assert company.opportunity_of(invoice)["Id"] == company.deal["Id"], "without one it is looked for again"


@pytest.fixture
def consultant(company: Company) -> Json:
    """Somebody of another firm, who is related to the customer's account if the org allows that."""
    other = company.salesforce("create", "Account", Name="Consultants")["Id"]
    return company.salesforce("create", "Contact", LastName="Roe", Email="roe@firm.example", AccountId=other)


async def test_a_related_contact_is_the_invoices_contact(company: Company, consultant: Json) -> None:
    company.home.emulation.vendors["salesforce"].switches.contacts_to_multiple_accounts = True
    company.salesforce("create", "AccountContactRelation", ContactId=consultant["Id"], AccountId=company.pairs[0][1])
    company.home.clock.advance(timedelta(hours=7))
    contacts = len(company.home.state("salesforce", "Contact"))
    invoice = company.form("Invoice", BillEmail={"Address": "roe@firm.example"})
    await company.next()
    assert company.people_on(company.opportunity_of(invoice)) == [consultant["Id"]]
    assert (company.flags(invoice), len(company.home.state("salesforce", "Contact"))) == ([], contacts)


async def test_without_the_feature_the_same_person_is_a_contact_from_elsewhere(
    company: Company, consultant: Json
) -> None:
    invoice = company.form("Invoice", BillEmail={"Address": "roe@firm.example"})
    await company.next()
    assert company.people_on(company.opportunity_of(invoice)) == [consultant["Id"]]
    assert [flag.partition(":")[0] for flag in company.flags(invoice)] == ["CONTACT_ELSEWHERE"]


async def test_the_feature_is_switched_off_while_the_connector_runs(company: Company, consultant: Json) -> None:
    switches = company.home.emulation.vendors["salesforce"].switches
    switches.contacts_to_multiple_accounts = True
    company.home.clock.advance(timedelta(hours=7))
    await company.next()
    switches.contacts_to_multiple_accounts = False
    invoice = company.form("Invoice", BillEmail={"Address": "roe@firm.example"})
    await company.next()
    assert company.people_on(company.opportunity_of(invoice)) == [consultant["Id"]]
