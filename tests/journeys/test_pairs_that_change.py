"""Accounts and customers that people merge, delete and restore, on both emulators (accounting-rules D.9, E.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.backfill import backfill
from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.match import declare_pair
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.sweep import sweep_all
from ml_connector.actions.sync import sync
from ml_connector.engine.worker import DrainReport
from ml_connector.model.refs import Ref
from support.in_step import in_step
from support.world import Installation


class Town:
    """The tiny company; its people merge and delete what stands in both systems."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.item = home.state("quickbooks", "Item")[0]["Id"]
        self.customers: dict[str, str] = {}
        self.before = {each.record for each in open_holds(home.app)}

    def books(self, op: str, kind: str, **body: Any) -> dict[str, Any]:
        return self.home.emulation.act("quickbooks", op, kind, body)

    def people(self, op: str, kind: str, **body: Any) -> dict[str, Any]:
        return self.home.emulation.act("salesforce", op, kind, body)

    def customer(self, name: str) -> str:
        self.customers[name] = self.books("create", "Customer", DisplayName=name)["Id"]
        return self.customers[name]

    def bill(self, customer: str, amount: int) -> str:
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(amount),
            "SalesItemLineDetail": {"ItemRef": {"value": self.item}},
        }
        made: str = self.books(
            "create", "Invoice", CustomerRef={"value": self.customers[customer]}, CurrencyRef={"value": "USD"},
            Line=[line], TxnDate=self.home.app.connection.today(self.home.clock.now()).isoformat(),
        )["Id"]  # fmt: skip
        return made

    def accounts(self, name: str) -> list[dict[str, Any]]:
        """Those that live."""
        rows = self.home.state("salesforce", "Account")
        return [row for row in rows if row["Name"] == name and not row["IsDeleted"]]

    def account(self, name: str) -> dict[str, Any]:
        return self.accounts(name)[0]

    def mark(self, customer: str) -> str:
        return f"{self.home.rules.realm_id}:{self.customers[customer]}"

    def shown_on(self, account: str) -> list[Any]:
        rows = self.home.state("salesforce", "Opportunity")
        return sorted(row["Amount"] for row in rows if row.get("AccountId") == account and row.get("QBO_Id__c"))

    async def later(self) -> DrainReport:
        self.home.clock.advance(timedelta(minutes=20))
        return await sync(self.home.app)

    async def rests(self) -> None:
        """Nothing is left to write, and every difference has its name, to the cent."""
        assert (await self.later()).written == 0
        assert (await reconcile(self.home.app, ["2026-11"])).reports[0].adds_up

    def held(self) -> list[str]:
        """What is held since the beginning, by code and kind."""
        found = [each for each in open_holds(self.home.app) if each.record not in self.before]
        return sorted(f"{each.code} {each.record.split(':')[1]}" for each in found)

    def asked_for_winners(self) -> int:
        """Calls for nothing but what deleted accounts were merged into; a sweep asks for several kinds at once."""
        return sum(method == "GET" and path.endswith("/queryAll") for _, method, path in self.home.network.sent)

    def merge_accounts(self, loser: str, winner: str) -> None:
        self.people("merge", "Account", Id=self.account(winner)["Id"], losers=[self.account(loser)["Id"]])

    def merge_customers(self, loser: str, survivor: str) -> None:
        self.books("merge", "Customer", Id=self.customers[survivor], deletedId=self.customers[loser])

    def confirm(self, customer: str, account: str) -> None:
        record = Ref("quickbooks", "Customer", self.customers[customer])
        declare_pair(self.home.app, str(record), f"salesforce:Account:{account}", "preparer")


@pytest.fixture
async def town(tmp_path: Path, fresh_url: str) -> AsyncIterator[Town]:
    home = in_step(tmp_path, store_url=fresh_url)
    try:
        yield Town(home)
    finally:
        home.store.close()


async def pair(town: Town, *names: str) -> None:
    for number, name in enumerate(names, 1):
        town.customer(name)
        town.bill(name, 100 * number)
    await town.later()


async def test_accounts_merged_then_confirmed(town: Town) -> None:
    await pair(town, "Alpha", "Beta")
    alpha = town.account("Alpha")["Id"]
    await town.later()
    assert town.asked_for_winners() == 0, "nobody asks while no account is gone"
    town.merge_accounts("Beta", "Alpha")
    await town.later()
    assert town.asked_for_winners() == 1
    assert (town.held(), town.shown_on(alpha)) == (["ACCOUNTS-MERGED Customer"], [100, 200])
    town.bill("Alpha", 10)
    town.bill("Beta", 20)
    await town.later()
    assert town.shown_on(alpha) == [10, 20, 100, 200]
    assert town.account("Alpha")["QBO_Balance__c"] == 110
    await town.rests()
    town.confirm("Beta", alpha)
    await town.later()
    assert town.held() == []
    town.bill("Beta", 30)
    await town.later()
    assert (town.held(), town.shown_on(alpha)) == ([], [10, 20, 30, 100, 200])
    await town.rests()


async def test_several_accounts_merged_into_one_that_has_no_customer(town: Town) -> None:
    await pair(town, "Alpha", "Beta")
    winner = town.people("create", "Account", Name="Winner")["Id"]
    losers = [town.account(name)["Id"] for name in ("Alpha", "Beta")]
    town.people("merge", "Account", Id=winner, losers=losers)
    await town.later()
    mark = town.mark("Alpha")
    assert (town.account("Winner")["QBO_Id__c"], town.held()) == (mark, ["ACCOUNTS-MERGED Customer"])
    assert (town.account("Winner")["QBO_Balance__c"], town.shown_on(winner)) == (100, [100, 200])
    await town.rests()


async def test_customers_merged_and_then_their_accounts(town: Town) -> None:
    await pair(town, "Alpha", "Beta")
    alpha, beta = town.account("Alpha")["Id"], town.account("Beta")["Id"]
    town.merge_customers("Beta", "Alpha")
    await town.later()
    assert (town.held(), town.shown_on(alpha), town.shown_on(beta)) == (["CUSTOMERS-MERGED Account"], [100, 200], [])
    await town.rests()
    town.merge_accounts("Alpha", "Beta")
    await town.later()
    assert (town.held(), town.shown_on(beta)) == ([], [100, 200])
    assert town.account("Beta")["QBO_Id__c"] == town.mark("Alpha")
    await town.rests()


async def test_the_winners_customer_is_merged_into_the_second_one(town: Town) -> None:
    await pair(town, "Alpha", "Beta")
    town.merge_accounts("Beta", "Alpha")
    await town.later()
    town.merge_customers("Alpha", "Beta")
    await town.later()
    alpha = town.account("Alpha")
    assert (alpha["QBO_Id__c"], alpha["QBO_Balance__c"]) == (
        town.mark("Beta"),
        300,
    )
    assert (town.held(), town.shown_on(alpha["Id"])) == ([], [100, 200])
    await town.rests()


async def test_nobody_knows_into_which_customer(town: Town) -> None:
    """Without an invoice nothing says who took over: one hold, and a person decides."""
    await pair(town, "Alpha")
    town.customer("Beta")
    await town.later()
    beta = town.account("Beta")["Id"]
    town.merge_customers("Beta", "Alpha")
    await town.later()
    assert town.held() == ["CUSTOMER-GONE Account"]
    town.confirm("Alpha", beta)
    await town.later()
    assert town.held() == []
    assert town.account("Beta")["QBO_Id__c"] is None
    await town.rests()


async def test_a_deleted_account_is_linked_anew(town: Town) -> None:
    await pair(town, "Alpha")
    town.people("delete", "Account", Id=town.account("Alpha")["Id"])
    town.bill("Alpha", 20)
    await town.later()
    gone = ["ACCOUNT-GONE Customer", "ACCOUNT-GONE Invoice", "ACCOUNT-GONE Invoice"]
    assert town.held() == gone
    await town.rests()
    await backfill(town.home.app)
    await town.later()
    assert (town.held(), town.accounts("Alpha")) == (gone, [])
    other = town.people("create", "Account", Name="Alpha anew")["Id"]
    await town.later()
    town.confirm("Alpha", other)
    await town.later()
    assert (town.held(), town.shown_on(other)) == ([], [20, 100])
    assert town.account("Alpha anew")["QBO_Balance__c"] == 120
    await town.rests()


async def test_an_account_deleted_after_the_sweep(town: Town) -> None:
    """The invoice is refused by Salesforce; the account is looked at in the same run, and the hold says why."""
    await pair(town, "Alpha")
    account = town.account("Alpha")["Id"]
    town.bill("Alpha", 20)
    town.home.clock.advance(timedelta(minutes=20))
    await sweep_all(town.home.app)
    town.people("delete", "Account", Id=account)
    await drain(town.home.app)
    assert "REFUSED-BY-SALESFORCE Invoice" not in town.held()
    await town.later()
    assert town.held() == ["ACCOUNT-GONE Customer", "ACCOUNT-GONE Invoice", "ACCOUNT-GONE Invoice"]
    town.people("undelete", "Account", Id=account)
    await town.later()
    assert (town.held(), town.shown_on(account)) == ([], [20, 100])
    await town.rests()
