"""What fires while a page is being decided is not missed by the holds of that page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ml_connector.model.plans import Hold
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Verdict
from ml_connector.model.triggers import SETTINGS, Trigger, record_changed, table_changed
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER, CUSTOMER = Ref("salesforce", "Order", "801"), Ref("quickbooks", "Customer", "7")
OTHER = Ref("quickbooks", "Customer", "8")


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    store.intake("acme", [("orders", ORDER)], "sweep", NOON)
    yield store
    store.close()


def _begin(store: Store) -> int:
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    return token


def mark(store: Store) -> int:
    return store.flows_due("acme", ["orders"], NOON)[0]


def _hold(store: Store, token: int, trigger: Trigger, since: int) -> list[Ref]:
    """The order is held until `trigger`; what is due afterwards."""
    (task,) = store.due("acme", "orders", NOON, 10)
    hold = Hold(code="H-CUST-INACTIVE", waits_for=(trigger,))
    verdict = Verdict(task=task, ending=hold, waits_for=hold.waits_for)
    store.settle("acme", token, [verdict], NOON, since)
    return [each.ref for each in store.due("acme", "orders", NOON, 10)]


@pytest.mark.parametrize(
    ("changed", "due"), [((CUSTOMER,), [ORDER]), ((OTHER,), []), ((OTHER, CUSTOMER), [ORDER]), ((), [])]
)
def test_a_record_that_changes_between_reading_and_settling(
    store: Store, changed: tuple[Ref, ...], due: list[Ref]
) -> None:
    token = _begin(store)
    since = mark(store)
    store.intake("acme", [], "webhook", NOON, changed=changed)
    assert _hold(store, token, record_changed(CUSTOMER), since) == due


@pytest.mark.parametrize("trigger", [SETTINGS, table_changed("items")])
def test_settings_and_tables_that_change_meanwhile(store: Store, trigger: Trigger) -> None:
    token = _begin(store)
    since = mark(store)
    store.fire("acme", [trigger], NOON)
    assert _hold(store, token, trigger, since) == [ORDER]


def test_the_second_look_is_not_released_by_the_same_change(store: Store) -> None:
    token, trigger = _begin(store), record_changed(CUSTOMER)
    since = mark(store)
    store.intake("acme", [], "webhook", NOON, changed=[CUSTOMER])
    assert _hold(store, token, trigger, since) == [ORDER]
    assert _hold(store, token, trigger, mark(store)) == []


def test_what_fired_before_the_page_was_read_releases_nothing(store: Store) -> None:
    token = _begin(store)
    store.intake("acme", [], "webhook", NOON, changed=[CUSTOMER])
    assert _hold(store, token, record_changed(CUSTOMER), mark(store)) == []
    store.intake("acme", [], "webhook", NOON, changed=[CUSTOMER])
    assert [each.ref for each in store.due("acme", "orders", NOON, 10)] == [ORDER]


def test_nothing_is_kept_while_no_run_is_at_work_nor_after_it(store: Store) -> None:
    store.intake("acme", [], "webhook", NOON, changed=[CUSTOMER])
    assert mark(store) == 0
    token = _begin(store)
    store.intake("acme", [], "webhook", NOON, changed=[CUSTOMER])
    assert mark(store) > 0
    store.release_lease("acme", token)
    assert mark(store) == 0
