"""An invoice whose customer has no account waits, and after 24 hours somebody is told (accounting-rules D.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from ml_connector.actions.explain import explain
from ml_connector.actions.holds import HeldView, open_holds
from ml_connector.actions.match import declare_new
from ml_connector.actions.status import current_status
from ml_connector.actions.sync import sync
from ml_connector.model.errors import Unreachable
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.world import Installation

NAME = "Hesperia Glass"
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


class Office:
    """A customer that may be one of two accounts, so nobody knows where its invoice goes."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.logged: list[Any] = []
        self.item = home.state("quickbooks", "Item")[0]["Id"]
        home.emulation.act("salesforce", "create", "Account", {"Name": NAME})
        customer = home.emulation.act("quickbooks", "create", "Customer", {"DisplayName": NAME})
        self.customer = f"quickbooks:Customer:{customer['Id']}"
        line = {
            "DetailType": "SalesItemLineDetail", "Amount": Decimal(250),
            "SalesItemLineDetail": {"ItemRef": {"value": self.item}},
        }  # fmt: skip
        body = {"CustomerRef": {"value": customer["Id"]}, "CurrencyRef": {"value": "USD"}, "TxnDate": "2026-11-20"}
        made = home.emulation.act("quickbooks", "create", "Invoice", {**body, "Line": [line]})
        self.invoice = f"quickbooks:Invoice:{made['Id']}"

    async def sync(self, at: datetime, *, restarted: bool = False) -> None:
        """One pass at this instant, maybe by a process that has just been started."""
        self.home.clock.set(at)
        structlog.reset_defaults()
        with capture_logs() as logged:
            try:
                await sync(self.home.process() if restarted else self.home.app)
            finally:
                self.logged += logged

    @property
    def told(self) -> list[str]:
        """The records that the log has warned of."""
        return [each["record"] for each in self.logged if each["event"] == "a hold lasts too long"]

    @property
    def alerts(self) -> list[str]:
        events = self.home.store.audit_events(self.home.app.connection.id)
        return [event.object for event in events if event.action == "alert"]

    @property
    def since(self) -> datetime:
        return next(each.since for each in open_holds(self.home.app) if each.record == self.invoice)

    def wait(self) -> HeldView:
        return next(each for each in open_holds(self.home.app) if each.record == self.invoice)


@pytest.fixture
async def office(tmp_path: Path, fresh_url: str) -> AsyncIterator[Office]:
    home = in_step(tmp_path, store_url=fresh_url)
    try:
        office = Office(home)
        home.clock.advance(timedelta(minutes=20))
        await sync(home.app)
        yield office
    finally:
        home.store.close()


async def test_a_minute_before_nobody_is_told(office: Office) -> None:
    await office.sync(office.since + DAY - MINUTE)
    waiting, status = office.wait(), current_status(office.home.app)
    assert (waiting.code, waiting.overdue, waiting.owner, waiting.hours) == ("WAIT_CUSTOMER", False, "nobody", 23)
    assert (status.overdue, status.attention, office.told, office.alerts) == ([], False, [], [])


async def test_after_a_day_it_has_an_owner_a_remedy_and_the_first_place(office: Office) -> None:
    await office.sync(office.since + DAY)
    first, (late,) = open_holds(office.home.app)[0], current_status(office.home.app).overdue
    assert (first.record, first.overdue, first.owner, first.hours) == (office.invoice, True, "preparer", 24)
    assert f"ml-connector explain {office.customer}" in first.remedy
    assert (late.code, late.count, late.since, late.hours) == ("WAIT_CUSTOMER", 1, office.since, 24)
    assert current_status(office.home.app).attention
    (explained,) = explain(office.home.app, office.customer).holds
    assert explained.code == "REVIEW-MATCH", "where the remedy leads there is something to do"


async def test_it_is_told_once_whoever_syncs(office: Office) -> None:
    for minutes in range(4):
        await office.sync(office.since + DAY + minutes * timedelta(minutes=20), restarted=minutes % 2 == 1)
    assert office.told == office.alerts == [office.invoice]
    assert NAME not in repr(office.logged)
    assert office.wait().overdue


async def test_a_side_that_is_away_does_not_keep_it_quiet(office: Office) -> None:
    office.home.emulation.faults.add(Fault("drop_before", vendor="salesforce", path="/"))
    with pytest.raises(Unreachable):
        await office.sync(office.since + DAY)
    assert office.told == [office.invoice]


async def test_with_its_customer_it_goes_on_and_the_alert_ends(office: Office) -> None:
    await office.sync(office.since + DAY)
    declare_new(office.home.app, office.customer, "ana")
    await office.sync(office.since + DAY + timedelta(minutes=20))
    held = {each.record for each in open_holds(office.home.app)}
    assert not {office.invoice, office.customer} & held
    assert current_status(office.home.app).overdue == []
    assert [row["Amount"] for row in office.home.state("salesforce", "Opportunity") if NAME in row["Name"]] == [250]
    assert office.told == [office.invoice]


async def test_it_waits_anew_and_is_told_anew(office: Office) -> None:
    """Its account is made; then the invoice is moved to another customer that nobody can place."""
    await office.sync(office.since + DAY)
    declare_new(office.home.app, office.customer, "ana")
    begin = office.home.clock.now()
    await office.sync(begin + timedelta(minutes=20))
    books = office.home.emulation
    books.act("salesforce", "create", "Account", {"Name": "Orion Paper"})
    other = books.act("quickbooks", "create", "Customer", {"DisplayName": "Orion Paper"})
    moved = {"Id": office.invoice.rpartition(":")[2], "CustomerRef": {"value": other["Id"]}}
    books.act("quickbooks", "update", "Invoice", moved)
    await office.sync(begin + timedelta(minutes=40))
    again = office.since
    assert again == begin + timedelta(minutes=40)
    await office.sync(again + DAY - MINUTE)
    assert office.told == [office.invoice], "the first time"
    await office.sync(again + DAY)
    assert office.told == office.alerts == [office.invoice, office.invoice]
