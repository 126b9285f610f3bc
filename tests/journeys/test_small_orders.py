"""Orders up to `auto_approve_limit` are posted by a sync, without a click (accounting-rules 0.4, H)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.actions.apply import approve
from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import make_plan
from ml_connector.actions.sync import sync
from ml_connector.store.approvals import LIMIT as BY_THE_LIMIT
from support.in_step import in_step
from support.market import Market

LIMIT = Decimal("250.00")


class Shop:
    """One customer, and orders of one line each."""

    def __init__(self, folder: Path, **rules: Any) -> None:
        self.market = Market(folder, in_step(folder))
        self.home = self.market.home
        self.change_rules(**{"auto_approve_limit": LIMIT, **rules})

    def change_rules(self, **rules: Any) -> None:
        """Other settings; the process starts anew. A template is signed off as it stands then."""
        self.home.rules = msgspec.structs.replace(self.home.rules, **rules)
        self.home.app = self.home.process()

    async def open(self, clean: int = 20) -> None:
        """So many orders are posted with a person's approval."""
        await self.home.run()
        self.market.add_pairs(1)
        await self.later()
        before = len(self.entries())
        for _ in range(clean - before):
            self.order("10.00")
        await self.home.run()
        await self.later()
        assert len(self.entries()) == clean

    def order(self, price: str, second: str = "") -> str:
        """A new order of one line in the East; of one more in a second department."""
        like = self.home.state("salesforce", "Order")[0]
        item = self.home.state("salesforce", "OrderItem")[0]["PricebookEntryId"]
        day = self.home.app.connection.today(self.home.clock.now()).isoformat()
        head = {"AccountId": self.market.pairs[0][1], "Pricebook2Id": like["Pricebook2Id"], "EffectiveDate": day}
        dims = {"Department__c": "East", "Class__c": "SaaS"}
        made: str = self.market.salesforce("create", "Order", Status="Draft", **head, **dims)["Id"]
        line = {"PricebookEntryId": item, "Quantity": Decimal(1), "UnitPrice": Decimal(price)}
        for department in filter(None, ("East", second)):
            self.market.salesforce("create", "OrderItem", OrderId=made, Department__c=department, **line)
        self.market.salesforce("update", "Order", Id=made, Status="Activated")
        return made

    async def later(self, **time: int) -> None:
        self.home.clock.advance(timedelta(**(time or {"minutes": 15})))
        await sync(self.home.app)

    def entries(self) -> list[str]:
        return [row["PrivateNote"] for row in self.home.state("quickbooks", "JournalEntry")]

    def posted(self, order: str) -> bool:
        return any(f"|ord={order}|" in note for note in self.entries())

    def verdict(self, order: str) -> str:
        return next(v for ref, v in self.home.store.verdicts(self.home.app.connection.id, "order_to_journal").items()
                    if ref.id == order)  # fmt: skip

    def approvals(self) -> list[Any]:
        events = self.home.store.audit_events(self.home.app.connection.id)
        return [event for event in events if (event.action, event.actor) == ("approve", BY_THE_LIMIT)]


async def test_250_00_passes_and_250_01_waits(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.open()
    small, large = shop.order("250.00"), shop.order("250.01")
    await shop.later()
    assert (shop.posted(small), shop.posted(large)) == (True, False)
    assert shop.verdict(large) == "PLANNED"
    (event,) = shop.approvals()
    assert event.object[:4] == "SFO-"
    assert {name: event.detail[name] for name in ("amount", "limit", "currency")} == {
        "amount": "250.00", "limit": "250.00", "currency": "USD",
    }  # fmt: skip
    assert event.detail["rules"] == shop.home.rules.digest()
    shop.home.store.verify_audit()
    await shop.home.run()
    assert shop.posted(large), "with a click"
    assert len(shop.approvals()) == 1


async def test_the_twentieth_clean_posting_lets_the_others_go(tmp_path: Path) -> None:
    """An order that only waits for that is posted by the sync after it."""
    shop = Shop(tmp_path)
    await shop.open(clean=19)
    waiting = shop.order("20.00")
    await shop.later()
    assert shop.verdict(waiting) == "PLANNED"
    large = shop.order("900.00")
    view = await make_plan(shop.home.app, "preparer")
    writes = [write for write in view.plan.writes if write.record.endswith(large)]
    row = shop.home.store.plan(shop.home.app.connection.id, view.id)
    approve(shop.home.app, row, msgspec.structs.replace(view.plan, writes=writes), "approver")
    await shop.later()
    assert (shop.posted(large), shop.posted(waiting)) == (True, False)
    await shop.later()
    assert shop.posted(waiting)


async def test_off_by_default(tmp_path: Path) -> None:
    shop = Shop(tmp_path, auto_approve_limit=Decimal("0.00"))
    await shop.open()
    order = shop.order("1.00")
    await shop.later()
    assert not shop.posted(order)
    shop.change_rules(auto_approve_limit=LIMIT)
    await shop.later()
    assert shop.posted(order), "what waits is looked at again when the limit is set"


async def test_a_lower_limit_counts_at_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.open()
    order = shop.order("250.00")
    shop.change_rules(auto_approve_limit=Decimal("249.99"))
    await shop.later()
    assert not shop.posted(order)


async def test_the_first_entry_of_an_item_on_an_account_waits(tmp_path: Path) -> None:
    """The item is booked to another income account from now on: one entry waits, the next passes."""
    shop = Shop(tmp_path)
    await shop.open()
    line = shop.home.state("salesforce", "OrderItem")[0]
    product = next(row for row in shop.home.state("salesforce", "Product2") if row["Id"] == line["Product2Id"])
    item = next(row for row in shop.home.state("quickbooks", "Item") if row.get("Sku") == product["StockKeepingUnit"])
    accounts = [row for row in shop.home.state("quickbooks", "Account") if row["AccountType"] == "Income"]
    other = next(row["Id"] for row in accounts if row["Id"] != item["IncomeAccountRef"]["value"])
    shop.market.quickbooks("update", "Item", Id=item["Id"], IncomeAccountRef={"value": other})
    first = shop.order("10.00")
    await shop.later()
    assert shop.verdict(first) == "PLANNED"
    await shop.home.run()
    second = shop.order("10.00")
    await shop.later()
    assert (shop.posted(first), shop.posted(second)) == (True, True)
    assert len(shop.approvals()) == 1


async def test_the_first_entry_of_a_template_waits(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.open()
    assert shop.home.rules.template is not None
    ours = shop.home.rules.template.deferred_default
    like = next(row for row in shop.home.state("quickbooks", "Account") if row["Id"] == ours)
    kinds = {name: like[name] for name in ("AccountType", "AccountSubType")}
    other = shop.market.quickbooks("create", "Account", Name="Deferred Services", AcctNum="2460", **kinds)["Id"]
    await shop.later(hours=2)
    shop.change_rules(template=msgspec.structs.replace(shop.home.rules.template, deferred_default=other))
    order = shop.order("10.00")
    await shop.later()
    assert shop.verdict(order) == "PLANNED"
    await shop.home.run()
    again = shop.order("10.00")
    await shop.later()
    assert shop.posted(again)


async def test_an_entry_that_moves_to_an_open_day_takes_a_click(tmp_path: Path) -> None:
    shop = Shop(tmp_path, closed_policy="next_open")
    await shop.open()
    today = shop.home.app.connection.today(shop.home.clock.now())
    order = shop.order("10.00")
    closed = (today + timedelta(days=1)).isoformat()
    shop.market.quickbooks("set_preferences", "Preferences", AccountingInfoPrefs={"BookCloseDate": closed})
    await shop.later(days=3)
    assert not shop.posted(order)
    await shop.home.run()
    assert shop.posted(order)


async def test_a_limit_never_overrules_what_a_person_approved(tmp_path: Path) -> None:
    """The order was approved at 200.00 and is 150.00 now: a person looks at it again."""
    shop = Shop(tmp_path)
    await shop.open()
    order = shop.order("200.00")
    await shop.home.approve_all()
    line = next(row for row in shop.home.state("salesforce", "OrderItem") if row["OrderId"] == order)
    shop.market.salesforce("update", "OrderItem", Id=line["Id"], UnitPrice=Decimal(150))
    await shop.later()
    assert not shop.posted(order)
    assert [hold.code for hold in open_holds(shop.home.app) if hold.record.endswith(order)] == ["H-PLAN-STALE"]


@pytest.mark.parametrize(("price", "parts"), [("125.00", 2), ("125.01", 0)])
async def test_the_parts_of_an_order_count_together(tmp_path: Path, price: str, parts: int) -> None:
    shop = Shop(tmp_path)
    await shop.open()
    shop.change_rules(max_lines=2)
    order = shop.order(price, second="East:Boston")
    await shop.later()
    assert sum(f"|ord={order}|" in note for note in shop.entries()) == parts
    assert [event.object[-3:] for event in shop.approvals()] == ["-01", "-02"][:parts]
