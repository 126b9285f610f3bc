"""A page of due tasks is taken in the order in which they wait, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Verdict, Waiting
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
INVOICE = ("quickbooks", "Invoice")


@pytest.fixture
def store() -> Iterator[Store]:
    store = fresh()
    store.add_connection("acme", "1", "2", "Acme", NOON)
    for minute, kind in enumerate(("Invoice", "Payment", "Invoice")):
        refs = [Ref("quickbooks", kind, f"{minute}-{number}") for number in range(3)]
        store.intake("acme", [("invoices", ref) for ref in refs], "sweep", NOON + timedelta(minutes=minute))
    yield store
    store.close()


def taken(store: Store, limit: int, own: tuple[str, str] | None = None) -> list[str]:
    later = NOON + timedelta(hours=1)
    tasks = store.due("acme", "invoices", later, limit, other_kinds_than=own)
    return [f"{task.ref.kind} {task.ref.id}" for task in tasks]


def test_payments_can_be_taken_alone_and_all_are_taken_as_they_came(store: Store) -> None:
    assert taken(store, 9, INVOICE) == ["Payment 1-0", "Payment 1-1", "Payment 1-2"]
    assert taken(store, 4) == ["Invoice 0-0", "Invoice 0-1", "Invoice 0-2", "Payment 1-0"]


@pytest.mark.parametrize(("asked", "found"), [(["orders", "invoices"], {"invoices"}), (["orders"], set())])
def test_which_flows_have_something_due(store: Store, asked: list[str], found: set[str]) -> None:
    later = NOON + timedelta(hours=1)
    assert store.flows_due("acme", asked, later)[1] == found
    assert {flow for flow in asked if store.due("acme", flow, later, 1)} == found


def test_a_flow_whose_tasks_are_not_due_yet_has_nothing_due(store: Store) -> None:
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    tasks = store.due("acme", "invoices", NOON, 99)
    later = NOON + timedelta(hours=1)
    store.settle("acme", token, [Verdict(task=each, ending=Waiting.LATER, next_at=later) for each in tasks], NOON)
    assert [store.flows_due("acme", ["invoices"], now)[1] for now in (NOON, later)] == [set(), {"invoices"}]


def test_nothing_is_sorted_to_find_the_first_page(store: Store) -> None:
    asked: list[tuple[str, Any]] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def heard(_c: object, _k: object, statement: str, parameters: object, _x: object, _m: bool) -> None:
        if "LIMIT" in statement:
            asked.append((statement, parameters))

    taken(store, 2, INVOICE)
    taken(store, 2)
    event.remove(store.engine, "before_cursor_execute", heard)
    for statement, parameters in asked:
        with store.begin() as tx:
            plan = "; ".join(str(row[3]) for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
        assert "task_due" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
    assert len(asked) == 2
