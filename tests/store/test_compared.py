"""The ids that we know come in the vendor's order, from tasks and links, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from ml_connector.model.reading import Order, id_key
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KIND = ("ours", "Bill")
IDS = ["1", "2", "9", "10", "11", "99", "100", "1000", "12345678901"]


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "1", "00D", "Acme", NOON)
    yield store
    store.close()


def bill(key: str) -> Ref:
    return Ref(*KIND, key)


def known(store: Store, order: Order, after: str = "", upto: str | None = None, page: int = 2) -> list[list[str]]:
    return list(store.known_ids("acme", ["bills", "sums"], KIND, order, after, upto, page))


def fill(store: Store) -> None:
    other = [Ref("ours", "BillLine", "5"), Ref("ours", "Bil", "6"), Ref("theirs", "Bill", "7")]
    store.intake("acme", [("bills", ref) for ref in [*map(bill, IDS[:6]), *other]], "test", NOON)
    store.intake("acme", [("sums", bill(key)) for key in IDS[2:7]] + [("else", bill("55"))], "test", NOON)
    store.put_link("acme", Link(Role.BILLED, bill(IDS[7]), Ref("theirs", "Deal", "1")), NOON)
    store.put_link("acme", Link(Role.ACCOUNT, Ref("theirs", "Deal", "2"), bill(IDS[8])), NOON)


@pytest.mark.parametrize("order", ["number", "text"])
@pytest.mark.parametrize("page", [1, 2, 100])
def test_each_once_in_order_however_the_pages_fall(store: Store, order: Order, page: int) -> None:
    fill(store)
    pages = known(store, order, page=page)
    assert [key for part in pages for key in part] == sorted(IDS, key=lambda key: id_key(key, order))
    assert max(map(len, pages)) <= page


@pytest.mark.parametrize("order", ["number", "text"])
def test_between_any_two_ids(store: Store, order: Order) -> None:
    fill(store)
    ordered = sorted([*IDS, "5", "500"], key=lambda key: id_key(key, order))
    for low, after in enumerate(ordered):
        for upto in ordered[low + 1 :]:
            between = {key for key in IDS if id_key(after, order) < id_key(key, order) <= id_key(upto, order)}
            assert {key for part in known(store, order, after, upto) for key in part} == between


def test_letters_are_compared_by_bytes(store: Store) -> None:
    store.intake("acme", [("bills", bill(key)) for key in ("a", "B", "Z", "0", "b")], "test", NOON)
    assert [key for part in known(store, "text") for key in part] == ["0", "B", "Z", "a", "b"]


def test_where_nothing_is_known_nothing_comes(store: Store) -> None:
    assert known(store, "number") == []
    assert known(store, "text") == []
    assert store.count_known("acme", ["bills"], KIND) == 0


def test_about_how_many_are_known(store: Store) -> None:
    fill(store)
    assert store.count_known("acme", ["bills", "sums"], KIND) == 6


def test_missed_once_until_listed_again(store: Store) -> None:
    refs = [bill(str(number)) for number in range(1_200)]
    store.keep_missed("acme", refs[:600], NOON)
    store.keep_missed("acme", refs[:600], NOON)
    assert store.not_missed_yet("acme", refs) == refs[600:]
    store.ask_comparison("acme", *KIND[:1], KIND[1:], "test", NOON)
    (row,) = store.comparisons("acme")
    done = msgspec.structs.replace(row, why="", listed=600)
    assert store.went_on("acme", row, done, refs[:599], "us", NOON)
    assert store.not_missed_yet("acme", refs) == [*refs[:599], *refs[600:]]


def test_only_the_first_of_two_goes_on(store: Store) -> None:
    store.ask_comparison("acme", "ours", ["Bill"], "test", NOON)
    (row,) = store.comparisons("acme")
    further = msgspec.structs.replace(row, position="2", after="9", reads=1, listed=9)
    assert store.went_on("acme", row, further, [], "us", NOON)
    assert not store.went_on("acme", row, further, [], "us", NOON)
    assert store.comparisons("acme") == [further]
    assert [event.action for event in store.audit_events("acme")] == []


def test_asked_for_again_it_keeps_when_it_last_ended(store: Store) -> None:
    store.count_as_compared("acme", "ours", ["Bill", "Sum"], NOON)
    store.ask_comparison("acme", "ours", ["Bill"], "test", NOON)
    bills, sums = store.comparisons("acme")
    assert (bills.why, bills.ended_at, sums.why, sums.ended_at) == ("test", NOON, "", NOON)
