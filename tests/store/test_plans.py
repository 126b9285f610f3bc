"""Numbers of plans, and approvals by people and by the limit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from ml_connector.model.plans import Hold, OpenWrite, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Settled, Task, Verdict, WriteEnd
from ml_connector.store import Store
from ml_connector.store.rows import Approved, PlanRow, SmallWrite

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "2026-11-20"
PLAN = PlanRow("", NOON, "ana", "hash", "{}", "open", "")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store.fresh(store_url)
    for name in ("acme", "globex"):
        store.add_connection(name, "4620", "00D", name, NOON)
    yield store
    store.close()


def test_planners_at_the_same_time_get_different_numbers(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [each.result(timeout=60) for each in [pool.submit(store.save_plan, "acme", DAY, PLAN) for _ in range(8)]]
    assert sorted(plan.id for plan in made) == [f"2026-11-20-{number:02d}" for number in range(1, 9)]
    assert len(store.plans("acme")) == 8


def test_every_connection_counts_for_itself(store: Store) -> None:
    """Both have a first plan of the day; applying one leaves the other open."""
    assert {store.save_plan(name, DAY, PLAN).id for name in ("acme", "globex")} == {"2026-11-20-01"}
    store.approve("acme", "2026-11-20-01", {}, "ben", NOON)
    assert [store.plan(name, "2026-11-20-01").state for name in ("acme", "globex")] == ["applied", "open"]


def test_numbers_go_on_after_ninety_nine(store: Store) -> None:
    for _ in range(101):
        last = store.save_plan("acme", DAY, PLAN)
    assert last.id == "2026-11-20-101"
    assert store.save_plan("acme", "2026-11-21", PLAN).id == "2026-11-21-01"


# --- approvals


def _posted(store: Store, token: int, number: int, *, state: WriteEnd = "done", plan: str = "p", part: int = 1) -> Ref:
    """An order's entry that was approved (`plan` empty: by the limit) and sent."""
    order = Ref("salesforce", "Order", str(number))
    key = f"{number}|{part:02d}|{state if state != 'done' else ''}"
    if plan:
        store.approve("acme", plan, {key: "h"}, "ben", NOON)
    else:
        store.approve_small("acme", token, [SmallWrite(key=key, approval="h", label=key, detail={})], NOON)
    write = Write(step="journal", system="q", kind="JournalEntry", action="create", body={}, key=key)
    open_write = OpenWrite(
        id=key, flow="orders", source=order, write=write, body=b"{}", request_id=key, batch_id=key, position=0,
        noted_at=NOON,
    )  # fmt: skip
    store.note("acme", token, [open_write], NOON)
    store.settle_writes("acme", token, [Settled(id=key, state=state, result=order)], NOON)
    return order


def test_clean_postings(store: Store) -> None:
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    for number in (1, 2, 3):
        _posted(store, token, number)
    assert store.clean_postings("acme", 20) == 3
    assert store.clean_postings("acme", 2) == 2, "nobody asks for more"
    _posted(store, token, 3, part=2)
    assert store.clean_postings("acme", 20) == 3, "the parts of an order are one posting"
    _posted(store, token, 4, plan="")
    assert store.clean_postings("acme", 20) == 3, "the limit approved it, no person did"
    _posted(store, token, 5, state="refused")
    _posted(store, token, 5)
    assert store.clean_postings("acme", 20) == 3, "QuickBooks refused it first"
    hold = Hold(code="H-DRIFT")
    task = Task("orders", Ref("salesforce", "Order", "1"), 1, 0, NOON)
    store.settle("acme", token, [Verdict(task=task, ending=hold)], NOON)
    assert store.clean_postings("acme", 20) == 2, "somebody changed the entry"
    assert store.clean_postings("globex", 20) == 0


def test_what_the_limit_approves_stands_in_the_audit_trail_once(store: Store) -> None:
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    why = {"amount": "240.00", "limit": "250.00", "currency": "USD", "rules": "5f"}
    for _ in range(2):
        small = SmallWrite(key="k", approval="h", label="SFO-00000001-01", detail=why)
        store.approve_small("acme", token, [small], NOON)
    (event,) = store.audit_events("acme")
    assert (event.actor, event.action, event.object) == ("auto_approve_limit", "approve", "SFO-00000001-01")
    assert event.detail == {**why, "key": "k", "hash": "h"}
    assert store.verify_audit() == 1
    assert store.approvals("acme", ["k"]) == {}, "the limit is asked anew each time"
    store.approve("acme", "p", {"k": "other"}, "ben", NOON)
    assert store.approvals("acme", ["k"]) == {"k": Approved("other")}
