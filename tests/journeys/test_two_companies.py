"""Two companies that are connected to one org: each proves its own invoices (accounting-rules G R1, D.5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from ml_connector.actions.match import declare_new
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.sync import sync
from ml_connector.app import App, assemble, connection_id
from ml_connector.custody import SealedTokens
from ml_connector.store import schema
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.tieout.report import TieOut
from ml_connector.world import World
from support.world import Installation, SimClock

Json = dict[str, Any]
MONTH = "2026-11"


class Group:
    """The tiny company, `ours`, and one more, `theirs`, that shares its org."""

    def __init__(self, folder: Path) -> None:
        self.home = Installation(folder)
        self.ours = self.home.app
        self.realm = self.quickbooks("open_company", "", name="Northern Branch")["realm_id"]
        self.theirs = self._second()
        sales = self.quickbooks("create", "Account", self.realm, Name="Sales", AccountType="Income")
        ours = next(row for row in self.home.state("quickbooks", "Account") if row["AccountType"] == "Income")
        self.income = {"": ours["Id"], self.realm: sales["Id"]}

    def _second(self) -> App:
        """A connection of its own, on the same state."""
        home, realm = self.home, self.realm
        assert home.settings.quickbooks is not None
        clock = SimClock(home.clock)
        granted = self.quickbooks("connect", "", realm_id=realm)["refresh_token"]
        tokens = Tokens(access_token="", refresh_token=granted, access_expires_at=clock.now())
        SealedTokens(home.custody("quickbooks"), realm).store(tokens)
        name = connection_id(realm, home.rules.org_id)
        home.store.add_connection(name, realm, home.rules.org_id, "Northern Branch", clock.now())
        rules = msgspec.structs.replace(home.rules, realm_id=realm, template=None)
        settings = msgspec.structs.replace(
            home.settings, rules=rules, quickbooks=msgspec.structs.replace(home.settings.quickbooks, realm_id=realm)
        )
        return assemble(settings, rules, home.store, home.vault, World(home.network, clock, home.ids))

    def quickbooks(self, op: str, kind: str, realm: str = "", **body: Any) -> Json:
        return self.home.emulation.act("quickbooks", op, kind, body, realm)

    def people(self, op: str, kind: str, **body: Any) -> Json:
        return self.home.emulation.act("salesforce", op, kind, body)

    def bill(self, realm: str, name: str, amount: int, note: str = "") -> Json:
        """An invoice to a new customer of one of the companies."""
        customer = self.quickbooks("create", "Customer", realm, DisplayName=name, CurrencyRef={"value": "USD"})
        item = self.quickbooks(
            "create",
            "Item",
            realm,
            Name=f"Work for {name}",
            Type="Service",
            IncomeAccountRef={"value": self.income[realm]},
        )
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(amount),
            "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}, "Qty": Decimal(1), "UnitPrice": Decimal(amount)},
        }
        return self.quickbooks(
            "create", "Invoice", realm, CustomerRef={"value": customer["Id"]}, TxnDate=f"{MONTH}-18", Line=[line],
            CurrencyRef={"value": "USD"}, PrivateNote=note,
        )  # fmt: skip

    def deal(self, name: str, **more: Any) -> str:
        head = {"Name": name, "StageName": "Prospecting", "CloseDate": f"{MONTH}-18"}
        made: str = self.people("create", "Opportunity", **head, **more)["Id"]
        return made

    async def in_step(self, *apps: App) -> None:
        for app in apps or (self.ours, self.theirs):
            self.home.clock.advance(timedelta(hours=1))
            await sync(app)

    async def prove(self, app: App) -> TieOut:
        return await reconcile(app, [MONTH])

    def shown(self, opportunity: str) -> Json:
        return next(row for row in self.home.state("salesforce", "Opportunity") if row["Id"] == opportunity)

    def open(self, tie_out: TieOut) -> list[tuple[str, str]]:
        return [(item.reason, item.says) for _, item in tie_out.open_items]


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[Group]:
    made = Group(tmp_path)
    for app in (made.ours, made.theirs):
        await made.home.run(app)
    yield made
    made.home.store.close()


@pytest.mark.parametrize("told_by", ["its mark", "its account"])
async def test_what_the_other_company_bills_is_its_own_affair(group: Group, told_by: str) -> None:
    if told_by == "its account":
        group.home.emulation.set_switches("salesforce", {"hidden_fields": {"Opportunity": ["QBO_Company__c"]}})
    group.bill("", "Acme of the south", 100)
    group.bill(group.realm, "Acme of the north", 40)
    await group.in_step()
    marked = {
        row.get("QBO_Id__c", "").partition(":")[0]: row["Id"] for row in group.home.state("salesforce", "Account")
    }
    own = {"AccountId": marked[group.realm]} if told_by == "its account" else {}
    deal = group.deal("A deal of sales", **own)
    group.bill(group.realm, "Baker of the north", 700, note=f"for {deal}")
    await group.in_step()
    assert group.shown(deal)["QBO_Invoiced_Net__c"] == 700
    for app in (group.ours, group.theirs):
        tie_out = await group.prove(app)
        assert (group.open(tie_out), tie_out.agrees) == ([], True), app.rules.realm_id


async def test_a_copy_is_proved_by_the_company_whose_figures_it_carries(group: Group) -> None:
    deal = group.deal("A deal of sales")
    group.bill(group.realm, "Acme of the north", 700, note=f"for {deal}")
    await group.in_step()
    copied = {name: value for name, value in group.shown(deal).items() if name.startswith("QBO_")}
    group.deal("A copy", **copied)
    assert group.open(await group.prove(group.ours)) == []
    assert group.open(await group.prove(group.theirs)) == [("U7", "A copy")]
    group.deal("Figures of nobody", QBO_Invoiced_Net__c=Decimal(700))
    assert group.open(await group.prove(group.ours)) == [("U7", "Figures of nobody")]


async def test_one_sum_is_never_of_two_companies(group: Group) -> None:
    deal = group.deal("A deal of sales")
    group.bill(group.realm, "Acme of the north", 700, note=f"for {deal}")
    await group.in_step()
    group.bill("", "Acme of the south", 30, note=f"for {deal}")
    await group.in_step(group.ours, group.theirs)
    assert (group.shown(deal)["QBO_Invoiced_Net__c"], group.shown(deal)["QBO_Company__c"]) == (700, group.realm)
    for app in (group.ours, group.theirs):
        assert group.open(await group.prove(app)) == [], app.rules.realm_id


async def test_an_account_is_of_one_company_and_who_comes_second_is_held(group: Group) -> None:
    def accounts() -> list[str]:
        rows = group.home.state("salesforce", "Account")
        return [row["QBO_Id__c"].partition(":")[0] for row in rows if row["Name"] == "Acme of the world"]

    own = group.ours.rules.realm_id
    group.bill("", "Acme of the world", 100)
    await group.in_step(group.ours)
    theirs = group.bill(group.realm, "Acme of the world", 40)
    await group.in_step()
    assert accounts() == [own]
    connection = group.theirs.connection.id
    held = {str(row.ref): row.code for row in group.home.store.holds(connection) if row.ref.kind == "Customer"}
    customer = f"quickbooks:Customer:{theirs['CustomerRef']['value']}"
    assert held == {customer: "OTHER-COMPANY"}
    declare_new(group.theirs, customer, "ana")
    await group.in_step()
    assert accounts() == [own, group.realm]
    assert [row for row in group.home.store.holds(connection) if row.ref.kind in ("Customer", "Invoice")] == []


async def test_two_connections_of_one_company_renew_its_sign_in_once_and_share_its_limits(group: Group) -> None:
    home = group.home
    assert home.settings.salesforce is not None
    org = msgspec.structs.replace(home.settings.salesforce, org_id="00D000000000999AAA")
    settings = msgspec.structs.replace(home.settings, salesforce=org)
    world = World(home.network, SimClock(home.clock), home.ids)
    twin = assemble(settings, home.rules, home.store, home.vault, world)
    assert twin.connection.id != group.ours.connection.id
    home.clock.advance(timedelta(hours=30))
    home.network.sent.clear()
    names = await asyncio.gather(*(app.quickbooks.check_company() for app in (group.ours, twin, group.ours, twin)))
    assert len({company.company_name for company in names}) == 1
    assert [path for _, _, path in home.network.sent].count("/oauth2/v1/tokens/bearer") == 1
    with home.store.begin() as tx:
        rows = (
            tx.execute(select(schema.pace.c.name).where(schema.pace.c.name.startswith("quickbooks:"))).scalars().all()
        )
    assert sorted(rows) == sorted([f"quickbooks:{group.ours.rules.realm_id}", f"quickbooks:{group.realm}"])
