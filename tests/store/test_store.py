"""What the database promises by itself: one task, one open write, one made record, one holder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from ml_connector.model.errors import ConnectorError, LeaseLost, WrongUse
from ml_connector.model.plans import Hold, OpenWrite, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Settled, Task, Verdict, Waiting, WriteEnd
from ml_connector.model.triggers import linked
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACME = Ref("quickbooks", "Customer", "12")
ACCOUNT = Ref("salesforce", "Account", "001000000000001AAA")
ORDER = Ref("salesforce", "Order", "801000000000001AAA")


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


def _open_write(key: str = "v1|JE|1", *, name: str = "w1") -> OpenWrite:
    write = Write(
        step="journal",
        system="quickbooks",
        kind="JournalEntry",
        action="create",
        body={"a": Decimal("1.10")},
        key=key,
    )
    return OpenWrite(
        id=name,
        flow="orders",
        source=ORDER,
        write=write,
        body=b"{}",
        request_id="r",
        batch_id="b",
        position=0,
        noted_at=NOON,
        sent_at=NOON,
    )


def _token(store: Store) -> int:
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    return token


def test_a_hundred_knocks_are_one_task(store: Store) -> None:
    for _ in range(100):
        store.intake("acme", [("customers", ACME)], "webhook", NOON)
    (task,) = store.due("acme", "customers", NOON, 10)
    assert task == Task("customers", ACME, 100, 0, NOON)


def test_a_knock_during_the_work_keeps_the_task_due(store: Store) -> None:
    store.intake("acme", [("customers", ACME)], "webhook", NOON)
    token = _token(store)
    (task,) = store.due("acme", "customers", NOON, 10)
    store.intake("acme", [("customers", ACME)], "webhook", NOON)
    store.settle("acme", token, [Verdict(task=task, ending=Reason.IN_AGREEMENT)], NOON)
    assert [t.noticed for t in store.due("acme", "customers", NOON, 10)] == [2]


def test_what_waits_for_a_later_look_rests_until_then_or_until_there_is_news(store: Store) -> None:
    later, served = Ref("quickbooks", "Customer", "13"), Ref("quickbooks", "Customer", "14")
    tasks = [("customers", ref) for ref in (ACME, later, served)]
    store.intake("acme", tasks, "test", NOON)
    token, until = _token(store), NOON + timedelta(minutes=5)
    by_ref = {task.ref: task for task in store.due("acme", "customers", NOON, 10)}
    waits = [Verdict(task=by_ref[ref], ending=Waiting.BEING_CHECKED, next_at=until) for ref in (ACME, later)]
    store.settle("acme", token, [*waits, Verdict(task=by_ref[served], ending=Reason.IN_AGREEMENT)], NOON)
    assert store.resting("acme", tasks, NOON) == set(tasks[:2])
    assert store.resting("acme", [("orders", ACME)], NOON) == set()
    assert store.resting("acme", tasks, until) == set()
    store.intake("acme", tasks[:1], "test", NOON)
    assert store.resting("acme", tasks, NOON) == {tasks[1]}


def test_a_second_holder_waits_and_takes_over_when_the_first_is_silent(store: Store) -> None:
    first = _token(store)
    assert store.take_lease("acme", "you", NOON + timedelta(seconds=89)) is None
    second = store.take_lease("acme", "you", NOON + timedelta(seconds=90))
    assert second == first + 1
    with pytest.raises(LeaseLost):
        store.settle("acme", first, [], NOON + timedelta(seconds=91))


def test_a_zombie_changes_nothing(store: Store) -> None:
    store.intake("acme", [("customers", ACME)], "webhook", NOON)
    first = _token(store)
    (task,) = store.due("acme", "customers", NOON, 10)
    store.take_lease("acme", "you", NOON + timedelta(minutes=5))
    with pytest.raises(LeaseLost):
        store.settle("acme", first, [Verdict(task=task, ending=Reason.IN_AGREEMENT)], NOON)
    assert store.due("acme", "customers", NOON, 10) == [task]


@pytest.mark.parametrize(("state", "again"), [(None, False), ("done", False), ("refused", True), ("dropped", True)])
def test_a_key_makes_one_record(store: Store, state: WriteEnd | None, again: bool) -> None:
    token = _token(store)
    store.note("acme", token, [_open_write()], NOON)
    if state is not None:
        store.settle_writes("acme", token, [Settled(id="w1", state=state)], NOON)
    if again:
        store.note("acme", token, [_open_write(name="w2")], NOON)
        assert [w.id for w in store.open_writes("acme")] == ["w2"]
    else:
        with pytest.raises(IntegrityError):
            store.note("acme", token, [_open_write(name="w2")], NOON)


def test_refusals_are_counted_for_the_next_key(store: Store) -> None:
    token = _token(store)
    for name in ("w1", "w2"):
        store.note("acme", token, [_open_write(name=name)], NOON)
        store.settle_writes("acme", token, [Settled(id=name, state="refused", outcome="refused 6210")], NOON)
    assert store.refusals("acme", ["v1|JE|1", "other"]) == {"v1|JE|1": 2}


def test_a_noted_write_comes_back_with_exact_amounts(store: Store) -> None:
    store.note("acme", _token(store), [_open_write()], NOON)
    (write,) = store.open_writes("acme")
    assert write.write.body == {"a": Decimal("1.10")}


def test_a_record_with_an_open_write_is_not_due(store: Store) -> None:
    store.intake("acme", [("orders", ORDER)], "sweep", NOON)
    token = _token(store)
    store.note("acme", token, [_open_write()], NOON)
    assert store.due("acme", "orders", NOON, 10) == []
    store.settle_writes("acme", token, [Settled(id="w1", state="dropped")], NOON)
    assert len(store.due("acme", "orders", NOON, 10)) == 1


def test_a_hold_waits_for_a_link_and_keeps_its_age(store: Store) -> None:
    store.intake("acme", [("orders", ORDER)], "sweep", NOON)
    token = _token(store)
    trigger = linked(Role.ACCOUNT, ACCOUNT)
    for hours in (0, 1):
        (task,) = store.due("acme", "orders", NOON, 10)
        hold = Hold(code="H-CUST-UNLINKED", facts={"account": "Globex"}, waits_for=(trigger,), amount=Decimal("5.00"))
        verdict = Verdict(task=task, ending=hold, waits_for=hold.waits_for)
        store.settle("acme", token, [verdict], NOON + timedelta(hours=hours))
        assert store.due("acme", "orders", NOON, 10) == []
        store.intake("acme", [("orders", ORDER)], "sweep", NOON)
    (held,) = store.holds("acme")
    assert (held.code, held.since, held.amount) == ("H-CUST-UNLINKED", NOON, Decimal("5.00"))
    (task,) = store.due("acme", "orders", NOON, 10)
    store.settle("acme", token, [Verdict(task=task, ending=hold, waits_for=hold.waits_for)], NOON)
    link = Link(Role.ACCOUNT, ACME, ACCOUNT, exclusive=True)
    store.settle_writes("acme", token, [Settled(id="none", state="done", links=(link,))], NOON)
    (task,) = store.due("acme", "orders", NOON, 10)
    store.settle("acme", token, [Verdict(task=task, ending=Reason.IN_AGREEMENT)], NOON)
    assert store.holds("acme") == []


def test_two_customers_cannot_have_one_account(store: Store) -> None:
    token = _token(store)
    both = tuple(
        Link(Role.ACCOUNT, Ref("quickbooks", "Customer", name), ACCOUNT, exclusive=True) for name in ("12", "13")
    )
    with pytest.raises(ConnectorError, match="same counterpart"):
        store.settle_writes("acme", token, [Settled(id="none", state="done", links=both)], NOON)
    assert store.all_links("acme", Role.ACCOUNT) == []


def test_links_are_found_from_both_sides(store: Store) -> None:
    link = Link(Role.ACCOUNT, ACME, ACCOUNT, {"name": "Acme", "phone": None}, exclusive=True)
    store.settle_writes("acme", _token(store), [Settled(id="none", state="done", links=(link,))], NOON)
    assert store.links_of("acme", Role.ACCOUNT, [ACME, ACCOUNT, ORDER]) == {ACME: [link], ACCOUNT: [link], ORDER: []}


def test_knocks_and_position_are_saved_together(store: Store) -> None:
    store.intake("acme", [("customers", ACME)], "sweep:quickbooks", NOON, position="p1", covered_to=NOON)
    assert store.position("acme", "sweep:quickbooks") == "p1"
    assert store.unserved("acme") == {"customers": 1}


def test_reference_versions_tell_what_changed(store: Store) -> None:
    items, rates = ("quickbooks", "items"), ("quickbooks", "rates")
    assert store.changed_references("acme", {items: "a", rates: "x"}) == [items, rates]
    assert store.changed_references("acme", {items: "a", rates: "x"}) == []
    assert store.changed_references("acme", {items: "b", rates: "x"}) == [items]


def test_the_audit_chain_shows_a_change(store: Store) -> None:
    for action in ("connect", "approve", "apply"):
        store.audit("acme", "ana", action, "plan 1", {"n": 1}, NOON)
    assert store.verify_audit() == 3
    with store.begin() as tx:
        tx.exec_driver_sql("UPDATE audit SET actor = 'eve' WHERE id = 2")
    with pytest.raises(ConnectorError, match="event 2"):
        store.verify_audit()


def test_state_is_there_after_reopening(store_url: str) -> None:
    store = Store.open(store_url)
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    store.close()
    again = Store.open(store_url)
    found = again.connection("acme")
    again.close()
    assert found is not None
    assert found.realm_id == "4620"


def test_sealed_bytes_come_back_as_they_were(store: Store) -> None:
    sealed = bytes(range(256))
    store.put_sealed("acme", "tokens", sealed, NOON)
    assert store.all_sealed() == [("acme", "tokens", sealed)]


def test_names_are_ordered_by_bytes_whatever_the_language_of_the_database(store: Store) -> None:
    refs = [Ref("salesforce", "Account", name) for name in ("b", "B", "a-1", "a1", "Ä", "_")]
    store.intake("acme", [("accounts", ref) for ref in refs], "sweep", NOON)
    assert [task.ref.id for task in store.due("acme", "accounts", NOON, 10)] == ["B", "_", "a-1", "a1", "b", "Ä"]


def test_many_records_are_looked_up_at_once(store: Store) -> None:
    refs = [Ref("quickbooks", "Customer", str(number)) for number in range(40_000)]
    assert len(store.links_of("acme", Role.ACCOUNT, refs)) == 40_000
    assert store.approvals("acme", [str(ref) for ref in refs]) == {}


def test_a_simulation_starts_from_nothing(store_url: str) -> None:
    for _ in range(2):
        store = Store.fresh(store_url)
        store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
        assert store.unserved("acme") == {}
        store.intake("acme", [("customers", ACME)], "sweep", NOON)
        store.close()


def test_a_simulation_never_empties_an_installation(store_url: str) -> None:
    Store.open(store_url).close()
    with pytest.raises(WrongUse, match="holds an installation"):
        Store.fresh(store_url)


def test_a_sign_in_is_renewed_by_one_process_at_a_time(store: Store) -> None:
    soon, late = NOON + timedelta(minutes=5), NOON + timedelta(minutes=6)
    assert store.take_turn("quickbooks:4620", "first", soon, NOON)
    assert store.take_turn("quickbooks:4620", "first", soon, NOON)
    assert not store.take_turn("quickbooks:4620", "second", soon, NOON)
    assert store.take_turn("quickbooks:9999", "second", soon, NOON)

    store.end_turn("quickbooks:4620", "second")
    assert not store.take_turn("quickbooks:4620", "second", soon, NOON)
    store.end_turn("quickbooks:4620", "first")
    assert store.take_turn("quickbooks:4620", "second", soon, NOON)

    assert store.take_turn("quickbooks:4620", "third", late, soon), "the turn of one that died ends by itself"


def test_a_turn_of_a_clock_that_was_ahead_ends_when_a_turn_would(store: Store) -> None:
    ahead, soon = NOON + timedelta(days=20), NOON + timedelta(minutes=5)
    assert store.take_turn("quickbooks:4620", "ahead", ahead + timedelta(minutes=5), ahead)
    assert store.take_turn("quickbooks:4620", "ours", soon, NOON)

    a_bit = NOON + timedelta(seconds=20)
    assert store.take_turn("quickbooks:9999", "a bit ahead", a_bit + timedelta(minutes=5), a_bit)
    assert not store.take_turn("quickbooks:9999", "ours", soon, NOON), "clocks differ a little"
