"""What is live comes before what a backfill has knocked on, in every flow; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task, Verdict
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
FLOWS = ["customers", "invoices"]


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "1", "00D", "Acme", NOON)
    yield store
    store.close()


def ref(number: int) -> Ref:
    return Ref("quickbooks", "Any", str(number))


def knock(store: Store, flow: str, source: str, *numbers: int) -> None:
    store.intake("acme", [(flow, ref(number)) for number in numbers], source, NOON)


def due(store: Store, flow: str, *, live: bool = False, limit: int = 9) -> list[str]:
    return [task.ref.id for task in store.due("acme", flow, LATER, limit, live=live)]


def flows(store: Store) -> tuple[set[str], bool]:
    _, names, live = store.flows_due("acme", FLOWS, LATER)
    return names, live


def served(store: Store, flow: str, number: int, next_at: datetime | None = None) -> None:
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    task = Task(flow, ref(number), 1, 0, NOON)
    store.settle("acme", token, [Verdict(task=task, ending=Reason.IN_AGREEMENT, next_at=next_at)], NOON)
    store.release_lease("acme", token)


def test_an_invoice_that_changed_does_not_wait_for_a_million_customers(store: Store) -> None:
    knock(store, "customers", "backfill:quickbooks", 1, 2, 3)
    assert flows(store) == ({"customers"}, False)
    assert store.at_leisure("acme") == 3
    knock(store, "invoices", "hooks:quickbooks", 7)
    knock(store, "invoices", "backfill:quickbooks", 8)
    assert flows(store) == ({"invoices"}, True)
    assert due(store, "invoices", live=True) == ["7"]
    assert due(store, "invoices") == ["7", "8"]
    served(store, "invoices", 7)
    assert flows(store) == ({"customers", "invoices"}, False)


def test_a_change_of_a_record_that_waits_at_leisure_makes_it_live(store: Store) -> None:
    knock(store, "customers", "backfill:quickbooks", 1, 2)
    knock(store, "customers", "sweep:quickbooks", 2)
    assert due(store, "customers", live=True) == ["2"]
    knock(store, "customers", "backfill:quickbooks", 2)
    assert due(store, "customers", live=True) == ["2"], "and a list of everything does not put it off"


def test_what_is_tried_again_is_live(store: Store) -> None:
    knock(store, "customers", "backfill:quickbooks", 1, 2)
    served(store, "customers", 1, next_at=LATER)
    assert due(store, "customers", live=True) == ["1"]
    assert due(store, "customers", live=True, limit=1) == ["1"]
    knock(store, "customers", "hooks:quickbooks", 3)
    assert due(store, "customers", live=True, limit=1) == ["3"]
