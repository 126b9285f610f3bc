"""Arrivals: whoever holds the connection, as a worker that froze in a transaction, does not hold them up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ml_connector.model.errors import StateTrouble
from ml_connector.model.refs import Ref
from ml_connector.store import Store
from ml_connector.store.base import lock
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
INVOICES = [Ref("quickbooks", "Invoice", str(number)) for number in range(3)]


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "9130", "00D", "Acme", NOON)
    yield store
    store.close()


def test_they_are_kept_in_order_until_they_are_tasks(store: Store) -> None:
    for invoice in INVOICES:
        store.add_arrivals([("acme", "webhook", [invoice, invoice])], {"deliveries": 1}, NOON)
    store.add_arrivals([("other", "webhook", INVOICES)], {"deliveries": 1, "knocks": 3}, NOON)
    first = store.arrivals("acme", 2)
    assert [arrival.refs for arrival in first] == [(INVOICES[0],), (INVOICES[1],)]
    knocks = [("invoices", ref) for arrival in first for ref in arrival.refs]
    store.intake("acme", knocks, "webhook", NOON, arrivals=[arrival.id for arrival in first])
    assert store.arrivals_waiting("acme") == (1, NOON)
    assert store.unserved("acme") == {"invoices": 2}
    assert {name: count.count for name, count in store.hook_counts().items()} == {"deliveries": 4, "knocks": 3}


def test_a_worker_that_froze_in_a_transaction_holds_up_tasks_and_no_arrival(postgres_url: str) -> None:
    fresh(postgres_url).close()
    store, frozen = Store.open(postgres_url, patience=1), Store.open(postgres_url)
    store.add_connection("acme", "9130", "00D", "Acme", NOON)
    with frozen.begin() as tx:
        lock(tx, "acme")
        store.add_arrivals([("acme", "webhook", INVOICES)], {"deliveries": 1}, NOON)
        with pytest.raises(StateTrouble, match="locked"):
            store.intake("acme", [("invoices", INVOICES[0])], "webhook", NOON)
        assert len(store.arrivals("acme", 10)) == 1
    store.close()
    frozen.close()
