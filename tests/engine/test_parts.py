"""Entries in parts and entries without a click, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from ml_connector.actions.drain import drain
from ml_connector.actions.plan import plans
from ml_connector.actions.sync import sync
from ml_connector.engine.ports import CrashPoint
from ml_connector.store.approvals import LIMIT
from support.world import Installation


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def home(tmp_path: Path, fresh_url: str) -> Iterator[Installation]:
    """Entries take two lines, so every department and class of an order is a part."""
    home = Installation(tmp_path / "home", store_url=fresh_url)
    home.rules = msgspec.structs.replace(home.rules, max_lines=2)
    home.app = home.process()
    yield home
    home.store.close()


def _numbers(home: Installation) -> list[str]:
    return sorted(row["DocNumber"] for row in home.state("quickbooks", "JournalEntry"))


def _dying(at: str, count: int) -> CrashPoint:
    seen: list[str] = []

    async def step(name: str) -> None:
        seen.append(name)
        if name == at and seen.count(at) == count:
            raise Killed

    return step


@pytest.mark.parametrize("at", ["noted", "applied", "writes settled"])
async def test_a_run_that_is_killed_at_every_write(home: Installation, at: str) -> None:
    """However often it dies, the parts of all orders are there once, and the orders are marked."""
    await home.approve_all()
    planned = sorted(write.label for write in plans(home.app)[0].plan.postings())
    assert len(planned) > len(home.state("salesforce", "Order"))
    for count in range(1, 40):
        try:
            await drain(home.process(_dying(at, 1 + count % 2)))
            break
        except Killed:
            home.clock.advance(timedelta(minutes=10))
            assert set(_numbers(home)) <= set(planned)
    assert _numbers(home) == planned
    assert {row["QBO_Status__c"] for row in home.state("salesforce", "Order") if row.get("Status") == "Activated"} == {
        "POSTED"
    }
    assert home.store.unserved(home.app.connection.id) == {}


async def test_the_limit_approves_in_the_run_and_on_record(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three clean postings are enough here; then a tiny entry goes out, and the chain of the audit trail holds."""
    monkeypatch.setattr("ml_connector.model.rules.CLEAN_POSTINGS", 3)
    home.rules = msgspec.structs.replace(home.rules, max_lines=500, auto_approve_limit=Decimal(99_999))
    home.app = home.process()
    await home.run()
    before = len(_numbers(home))
    assert before >= 3
    like = home.state("salesforce", "Order")[0]
    line = next(row for row in home.state("salesforce", "OrderItem") if row["OrderId"] == like["Id"])
    head = {name: like[name] for name in ("AccountId", "Pricebook2Id", "EffectiveDate")}
    head |= {"Status": "Draft", "Department__c": "East", "Class__c": "SaaS"}
    made = home.emulation.act("salesforce", "create", "Order", head)["Id"]
    item = {"OrderId": made, "PricebookEntryId": line["PricebookEntryId"], "Quantity": 1, "UnitPrice": Decimal(7)}
    home.emulation.act("salesforce", "create", "OrderItem", item)
    home.emulation.act("salesforce", "update", "Order", {"Id": made, "Status": "Activated"})
    home.clock.advance(timedelta(minutes=15))
    await sync(home.app)
    assert len(_numbers(home)) == before + 1
    events = home.store.audit_events(home.app.connection.id)
    (event,) = [event for event in events if (event.action, event.actor) == ("approve", LIMIT)]
    assert event.detail["amount"] == "7.00"
    assert home.store.verify_audit() > 0
