"""A comparison of ids finds all that vanished and all that is unknown, whatever the pages, in bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.engine import compare as subject
from ml_connector.engine import intake
from ml_connector.engine.compare import compare, tell_vanished
from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.corridor import Connection, Runtime
from ml_connector.model.plans import Flow, Skip
from ml_connector.model.reading import IdPage, Order, id_key
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.store import Store
from ml_connector.store.rows import Comparison
from support.digests import digest
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NUMBERS = st.integers(1, 10**6).map(str)
LETTERS = st.text("09AZaz", min_size=1, max_size=4)


class Vendor:
    """Lists ids in its order, `size` at a time, `overlap` of them again at the start of the next page."""

    def __init__(self, ids: Sequence[str], order: Order, size: int = 3, overlap: int = 1) -> None:
        self.ids_there = sorted(ids, key=lambda record_id: id_key(record_id, order))
        self.order, self.size, self.overlap = order, size, overlap
        self.asked: list[str] = []

    async def ids(self, kind: str, position: str) -> IdPage | None:
        self.asked.append(position)
        start = int(position or 0)
        page = self.ids_there[start : start + self.size]
        following = str(start + len(page) - self.overlap) if len(page) == self.size else ""
        return IdPage(page, following, self.order)


class Hidden:
    async def ids(self, kind: str, position: str) -> IdPage | None:
        return None


class Still:
    def now(self) -> datetime:
        return NOON


class Room:
    """A state that knows some records of one kind, and a vendor."""

    def __init__(self, vendor: Any, known: Sequence[str], linked: Sequence[str] = (), limit: int = 10**6) -> None:
        rules = Rules(realm_id="", org_id="", vanish_limit=limit)
        self.vendor = vendor
        self.store = fresh()
        self.store.add_connection("acme", "1", "00D", "Acme", NOON)
        self.store.intake("acme", [("bills", self.ref(key)) for key in known], "test", NOON)
        for number, key in enumerate(linked):
            link = Link(Role.OPPORTUNITY, self.ref(key), Ref("theirs", "Deal", str(number)))
            self.store.put_link("acme", link, NOON)
        self.connection = Connection("acme", rules, ZoneInfo("UTC"))
        self.steps = 0
        self.dies_at = 0

    def ref(self, key: str) -> Ref:
        return Ref("ours", "Bill", key)

    @property
    def runtime(self) -> Runtime:
        async def step(name: str) -> None:
            self.steps += 1
            if self.steps == self.dies_at:
                raise KeyboardInterrupt(name)

        skip: Any = lambda *_: Skip()  # noqa: E731 - never called: nothing is decided here
        flow = Flow(name="bills", system="ours", kind="Bill", rank=1, decide=skip, gone=skip, refused=skip)
        still: Any = Still()
        return Runtime(self.store, {"ours": self.vendor}, [flow], still, still, step, ReferenceCache(), skip, digest)

    def noticed(self) -> dict[str, int]:
        """How often each record was knocked on."""
        tasks = self.store.due("acme", "bills", NOON, 100_000)
        return {task.ref.id: task.noticed for task in tasks}

    def pending(self) -> list[Comparison]:
        return subject.pending(self.runtime, ["ours"], self.store.comparisons("acme"))

    def due(self) -> list[Comparison]:
        return subject.due(self.connection, self.runtime, ["ours"])

    def compared(self, why: str = "test") -> dict[str, int]:
        """What a comparison adds to the knocks."""
        self.store.ask_comparison("acme", "ours", ["Bill"], why, NOON)
        return self.gone_on()

    def gone_on(self) -> dict[str, int]:
        before = self.noticed()
        for row in self.pending():
            asyncio.run(compare(self.connection, self.runtime, row))
        return {key: n - before.get(key, 0) for key, n in self.noticed().items() if n != before.get(key, 0)}


@given(st.data(), st.sampled_from(["number", "text"]), st.integers(2, 7), st.integers(1, 5))
def test_both_differences_of_any_two_sets_are_knocked_on_once(
    data: st.DataObject, order: Order, size: int, page: int
) -> None:
    ids = st.sets(NUMBERS if order == "number" else LETTERS, max_size=25)
    theirs, known, linked = data.draw(ids), data.draw(ids), data.draw(ids)
    vendor = Vendor(sorted(theirs), order, size, overlap=data.draw(st.integers(0, size - 1)))
    room = Room(vendor, sorted(known), sorted(linked))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "PAGE", page)
        assert room.compared() == dict.fromkeys(theirs ^ (known | linked), 1)
        (row,) = room.store.comparisons("acme")
        assert (row.vanished, row.unknown, row.why) == (
            len((known | linked) - theirs),
            len(theirs - known - linked),
            "",
        )
        assert row.listed == len(theirs)
        assert room.compared() == {}, "what was found is knocked on once"
    room.store.close()


@given(st.sets(NUMBERS, min_size=3, max_size=20), st.sets(NUMBERS, min_size=3, max_size=20), st.integers(1, 6))
def test_after_a_crash_it_goes_on_where_it_was(theirs: set[str], known: set[str], dies_at: int) -> None:
    room = Room(Vendor(sorted(theirs), "number", size=4, overlap=0), sorted(known))
    room.dies_at = dies_at
    try:
        first = room.compared()
    except KeyboardInterrupt:
        first = {key: n - (key in known) for key, n in room.noticed().items() if n != (key in known)}
        (row,) = room.store.comparisons("acme")
        assert row.why == "test"
        pages = len(room.vendor.asked)
        second = room.gone_on()
        assert room.vendor.asked[pages] == row.position, "it begins with the page that was not compared"
        first |= second
    assert first == dict.fromkeys(theirs ^ known, 1)
    room.store.close()


def test_a_page_whose_knocks_were_kept_but_not_its_end_finds_nothing_a_second_time(monkeypatch: Any) -> None:
    room = Room(Vendor([], "number"), ["1", "2"])

    def killed(*_: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "went_on", killed)
        with pytest.raises(KeyboardInterrupt):
            room.compared()
    assert room.noticed() == {"1": 2, "2": 2}
    assert room.gone_on() == {}
    room.store.close()


def test_what_is_listed_again_may_vanish_again() -> None:
    room = Room(Vendor([], "number"), ["1"])
    assert room.compared() == {"1": 1}
    room.vendor = Vendor(["1"], "number")
    assert room.compared() == {}
    room.vendor = Vendor([], "number")
    assert room.compared() == {"1": 1}
    room.store.close()


def test_a_kind_that_is_not_shown_says_nothing_of_its_records() -> None:
    room = Room(Hidden(), ["1", "2"])
    assert room.compared() == {}
    assert room.pending() == []
    room.store.close()


def test_who_asks_while_it_is_under_way_has_it_begun_anew() -> None:
    room = Room(Vendor([str(n) for n in range(1, 30)], "number"), [])
    room.dies_at = 4
    with pytest.raises(KeyboardInterrupt):
        room.compared()
    room.vendor.ids_there.remove("1")
    assert room.compared("again")["1"] == 1
    room.store.close()


def test_another_process_that_has_gone_further_is_left_to_it() -> None:
    room = Room(Vendor([str(n) for n in range(1, 30)], "number"), [])
    room.store.ask_comparison("acme", "ours", ["Bill"], "test", NOON)
    (stale,) = room.pending()
    room.gone_on()
    calls = len(room.vendor.asked)
    asyncio.run(compare(room.connection, room.runtime, stale))
    assert len(room.vendor.asked) == calls + 1


def test_no_more_than_a_page_of_either_side_is_held(monkeypatch: Any) -> None:
    sizes, whole = list[int](), intake.receive

    def receive(connection: Any, runtime: Any, changes: Any, source: str, **flows: Any) -> int:
        sizes.append(len(changes))
        return whole(connection, runtime, changes, source, **flows)

    monkeypatch.setattr(subject, "receive", receive)
    known = [str(n) for n in range(1, 6_001)]
    room = Room(Vendor([str(n) for n in range(7_000, 11_000)], "number", size=1_000), known)
    found = room.compared()
    assert (len(found), max(sizes)) == (10_000, 1_000)
    room.store.close()


def test_what_was_never_compared_or_a_week_ago_is_due() -> None:
    room = Room(Vendor(["1"], "number"), ["1"])
    assert [row.why for row in room.due()] == ["weekly"]
    room.gone_on()
    assert room.due() == []
    room.store.count_as_compared("acme", "ours", ["Bill"], NOON - timedelta(days=7))
    assert len(room.due()) == 1
    assert subject.estimate(room.connection, room.runtime, "ours") == 1
    room.store.close()


def test_it_is_on_record_in_the_audit_chain() -> None:
    room = Room(Vendor(["1", "3"], "number", size=9), ["1", "2"])
    room.compared("asked for")
    event = room.store.audit_events("acme")[-1]
    assert (event.action, event.object, event.actor) == ("compare", "ours Bill", "ml-connector")
    assert event.detail == {
        "why": "asked for",
        "reads": 1,
        "listed": 2,
        "vanished": 1,
        "unknown": 1,
        "known": 2,
        "withheld": 0,
    }
    room.store.close()


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 12), st.sampled_from(["number", "text"]))
def test_too_much_at_once_is_not_believed(known: int, lost: int, limit: int, order: Order) -> None:
    """More than the limit and more than 5 % of what is known: nothing is knocked on until a person says so."""
    ids = sorted((str(number) for number in range(1, known + 1)), key=lambda key: id_key(key, order))
    there = ids[min(lost, known) :]
    room = Room(Vendor(there, order), ids, limit=limit)
    missing = known - len(there)
    believed = missing <= limit or missing * 20 <= known
    assert room.compared() == (dict.fromkeys(ids[:missing], 1) if believed else {})
    (row,) = room.store.comparisons("acme")
    assert (row.vanished, row.withheld, row.known, row.why) == (missing, 0 if believed else missing, known, "")
    if not believed:
        assert room.compared() == {}, "the same again"
        assert room.store.comparisons("acme")[0].withheld == missing
        tell_vanished(room.connection, room.runtime, row)
        assert room.noticed() == {key: 2 if key in ids[:missing] else 1 for key in ids}
    assert room.compared() == {}
    room.store.close()


def test_what_comes_back_was_never_gone() -> None:
    ids = [str(number) for number in range(1, 10)]
    room = Room(Vendor([], "number"), ids, limit=3)
    assert room.compared() == {}
    room.vendor = Vendor(ids[:-2], "number")
    assert room.compared() == {"8": 1, "9": 1}, "two are few enough"
    assert room.store.comparisons("acme")[0].withheld == 0
    room.store.close()


def test_what_was_gone_long_ago_does_not_count_as_known() -> None:
    ids = [str(number) for number in range(1, 201)]
    room = Room(Vendor(ids[:8], "number"), ids)
    assert len(room.compared()) == 192
    room.connection = Connection("acme", Rules(realm_id="", org_id="", vanish_limit=1), ZoneInfo("UTC"))
    room.vendor = Vendor(ids[:6], "number")
    assert room.compared() == {}
    (row,) = room.store.comparisons("acme")
    assert (row.withheld, row.known) == (2, 8)
    room.store.close()


def test_what_is_withheld_is_looked_for_again_after_a_day() -> None:
    room = Room(Vendor([], "number"), ["1", "2"], limit=0)
    room.compared()
    assert room.due() == []
    room.store.count_as_compared("acme", "ours", ["Bill"], NOON - subject.NO_HURRY)
    assert room.store.comparisons("acme")[0].withheld == 2
    assert [row.why for row in room.due()] == ["weekly"]
    room.store.close()
