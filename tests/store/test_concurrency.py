"""Several processes on one state: nothing lost, nothing forked, nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Event

import pytest

from ml_connector.model.plans import Hold
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Verdict
from ml_connector.model.triggers import linked, record_changed
from ml_connector.store import Store
from ml_connector.store.base import lock
from ml_connector.store.holds import put_holds
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMERS = [Ref("quickbooks", "Customer", str(number)) for number in range(40)]


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


def _together(*jobs: Callable[[], object]) -> list[object]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [job.result(timeout=60) for job in [pool.submit(each) for each in jobs]]


def _serve_until(store: Store, knocking: Event) -> dict[Ref, int]:
    """Serve all that is due, again and again, as long as there is knocking; how often each record was noticed."""
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    served: dict[Ref, int] = {}
    while True:
        last = knocking.is_set()
        tasks = store.due("acme", "customers", NOON, 25)
        store.settle("acme", token, [Verdict(task=task, ending=Reason.IN_AGREEMENT) for task in tasks], NOON)
        served |= {task.ref: task.noticed for task in tasks}
        if last and not tasks:
            return served


def _knock(store: Store, number: int) -> None:
    """Twenty pages of 25 knocks; every second source goes through the records backwards."""
    step = 1 if number % 2 else -1
    for page in range(20):
        refs = [CUSTOMERS[(number * 7 + page + each * step) % 40] for each in range(25)]
        store.intake("acme", [("customers", ref) for ref in refs], f"source {number}", NOON)


def test_knocks_of_many_sources_while_the_worker_settles_are_all_served(store: Store) -> None:
    ended = Event()

    def sources() -> None:
        try:
            _together(*[partial(_knock, store, number) for number in range(8)])
        finally:
            ended.set()

    _, served = _together(sources, partial(_serve_until, store, ended))
    assert isinstance(served, dict)
    assert sum(served.values()) == 8 * 20 * 25
    assert store.unserved("acme") == {}


def test_a_knock_that_meets_a_settling_waits_and_stays_due(store: Store) -> None:
    """The knock comes while the worker's transaction is open; it is counted after it, not lost in it."""
    store.intake("acme", [("customers", CUSTOMERS[0])], "sweep", NOON)
    (task,) = store.due("acme", "customers", NOON, 1)
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as tx:
            store.guard(tx, "acme", token, NOON)
            knock = pool.submit(store.intake, "acme", [("customers", CUSTOMERS[0])], "webhook", NOON)
            store._end_tasks(tx, "acme", [Verdict(task=task, ending=Reason.IN_AGREEMENT)])
            assert not knock.done()
        knock.result(timeout=60)
    assert [each.noticed for each in store.due("acme", "customers", NOON, 9)] == [2]


def test_a_change_that_meets_the_settling_of_a_hold_releases_it(store: Store) -> None:
    """The hold is written while the knock waits for the lock; who waits for what is read after that, not before."""
    order = Ref("salesforce", "Order", "801")
    store.intake("acme", [("orders", order)], "sweep", NOON)
    (task,) = store.due("acme", "orders", NOON, 1)
    hold = Hold(code="H-CUST-INACTIVE", waits_for=(record_changed(CUSTOMERS[0]),))
    verdict = Verdict(task=task, ending=hold, waits_for=hold.waits_for)
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    with ThreadPoolExecutor(1) as pool:
        with store.begin() as tx:
            store.guard(tx, "acme", token, NOON)
            change = pool.submit(store.intake, "acme", [], "webhook", NOON, changed=[CUSTOMERS[0]])
            store._end_tasks(tx, "acme", [verdict])
            put_holds(tx, "acme", [verdict], NOON)
            assert not change.done()
        change.result(timeout=60)
    assert [each.ref for each in store.due("acme", "orders", NOON, 9)] == [order]


def test_releases_and_knocks_at_once_all_count(store: Store) -> None:
    store.intake("acme", [("orders", CUSTOMERS[0])], "sweep", NOON)
    (task,) = store.due("acme", "orders", NOON, 1)
    trigger = linked(Role.ACCOUNT, CUSTOMERS[0])
    hold = Hold(code="H-CUST-UNLINKED", facts={"account": "Globex"}, waits_for=(trigger,))
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    verdict = Verdict(task=task, ending=hold, waits_for=hold.waits_for)
    store.settle("acme", token, [verdict], NOON)
    fire = partial(store.fire, "acme", [trigger], NOON)
    knock = partial(store.intake, "acme", [("orders", CUSTOMERS[0])], "webhook", NOON)
    _together(fire, knock, fire, knock)
    assert [each.noticed for each in store.due("acme", "orders", NOON, 9)] == [5]


def test_one_of_many_takes_the_run(store: Store) -> None:
    tokens = _together(*[partial(store.take_lease, "acme", "someone", NOON)] * 8)
    assert [token for token in tokens if token is not None] == [1]


def test_the_audit_chain_does_not_fork(store: Store) -> None:
    def write() -> None:
        for number in range(10):
            store.audit("acme", "ana", "apply", f"plan {number}", {}, NOON)

    _together(*[write] * 6)
    assert store.verify_audit() == 60


def test_several_processes_make_the_schema_at_once(store_url: str) -> None:
    stores = _together(*[partial(Store.open, store_url)] * 4)
    for store in stores:
        assert isinstance(store, Store)
        assert store.connection("acme") is None
        store.close()


def test_on_postgresql_connections_do_not_wait_for_each_other(postgres_url: str) -> None:
    store = fresh(postgres_url)
    for name in ("acme", "globex"):
        store.add_connection(name, "4620", "00D", name, NOON)
    with store.begin() as tx:
        lock(tx, "acme")
        store.intake("globex", [("customers", CUSTOMERS[0])], "webhook", NOON)
    assert store.unserved("globex") == {"customers": 1}
    store.close()
