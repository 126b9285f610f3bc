"""A hold that lasts too long is told of once, whatever is started anew, and again only if it begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.model.plans import Hold
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task, Verdict
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALLOWED = {"WAIT_CUSTOMER": DAY, "WAIT_PARENT": 2 * DAY}
BILL = Ref("quickbooks", "Invoice", "7")


class Office:
    """One record, held and let go at given times."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = fresh(url)
        self.store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)

    def decide(self, at: datetime, code: str = "") -> None:
        token = self.store.take_lease("acme", "me", at)
        assert token is not None
        hold = Hold(code=code, facts={"customer": "Ann Lee"}) if code else None
        verdict = Verdict(task=Task("invoices", BILL, 1, 0, at), ending=hold or Reason.IN_AGREEMENT)
        self.store.settle("acme", token, [verdict], at)
        self.store.release_lease("acme", token)

    def told(self, at: datetime) -> list[tuple[str, datetime]]:
        return [(each.code, each.since) for each in self.store.tell_late("acme", ALLOWED, "us", at)]


@pytest.fixture
def office(fresh_url: str) -> Iterator[Office]:
    office = Office(fresh_url)
    yield office
    office.store.close()


def test_after_its_time_it_is_told_once(office: Office) -> None:
    office.decide(NOON, "WAIT_CUSTOMER")
    assert office.told(NOON + DAY - timedelta(minutes=1)) == []
    assert office.told(NOON + DAY) == [("WAIT_CUSTOMER", NOON)]
    assert office.told(NOON + DAY) == []
    office.decide(NOON + DAY, "WAIT_CUSTOMER")
    assert office.told(NOON + 9 * DAY) == [], "decided again it is the same hold"


def test_it_stands_in_the_audit_chain_without_names(office: Office) -> None:
    office.decide(NOON, "WAIT_CUSTOMER")
    office.told(NOON + DAY)
    held, event = office.store.audit_events("acme")
    assert held.action == "hold"
    assert (event.action, event.object, event.actor) == ("alert", "quickbooks:Invoice:7", "us")
    assert event.detail == {"code": "WAIT_CUSTOMER", "since": "2026-11-20T12:00:00+00:00"}
    assert office.store.verify_audit() == 2


def test_another_reason_has_its_own_time(office: Office) -> None:
    office.decide(NOON, "WAIT_CUSTOMER")
    office.told(NOON + DAY)
    office.decide(NOON + DAY, "WAIT_PARENT")
    assert office.told(NOON + 2 * DAY) == []
    assert office.told(NOON + 3 * DAY) == [("WAIT_PARENT", NOON + DAY)]


def test_what_has_no_stated_time_is_never_told(office: Office) -> None:
    office.decide(NOON, "H-TAX")
    assert office.told(NOON + 900 * DAY) == []


def test_let_go_and_held_again_it_is_told_again(office: Office) -> None:
    office.decide(NOON, "WAIT_CUSTOMER")
    office.told(NOON + DAY)
    office.decide(NOON + DAY)
    assert office.told(NOON + 3 * DAY) == []
    office.decide(NOON + 3 * DAY, "WAIT_CUSTOMER")
    assert office.told(NOON + 4 * DAY - timedelta(minutes=1)) == []
    assert office.told(NOON + 4 * DAY) == [("WAIT_CUSTOMER", NOON + 3 * DAY)]
