"""Which records changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.refs import Change, Ref
from ml_connector.systems.http import Request, Response
from ml_connector.systems.salesforce.arrivals import Knocks, Position
from ml_connector.systems.salesforce.records import instant

from .org import DATA, NOON, FakeClock, Org, answer, client, page, rows_for, statements

STAMP = "2026-11-20T11:58:30.000+0000"
KINDS = ("Account", "Contact", "Opportunity", "Order")
ROWS: dict[str, dict[str, Any]] = {
    "Account": {"Id": "001000000000001AAA", "SystemModstamp": STAMP},
    "Order": {"Id": "801000000000001AAA", "SystemModstamp": STAMP},
    "OrderItem": {"Id": "802000000000001AAA", "OrderId": "801000000000002AAA", "SystemModstamp": STAMP},
}


def by_kind(request: Request, body: Any) -> Response:
    kind = statements(request)[0].partition(" FROM ")[2].split(" ")[0]
    return answer(page(ROWS[kind]) if kind in ROWS else page())


def position(**since: datetime) -> str:
    return Position(since).text()


def known(kinds: tuple[str, ...], at: datetime) -> str:
    return position(**dict.fromkeys((*kinds, "OrderItem"), at))


async def test_everything_is_listed_when_nothing_is_known() -> None:
    org = Org(by_kind)
    found = await client(org).sweep(KINDS, None, NOON)
    refs = [change.ref for change in found.changes]
    assert refs == [
        Ref("salesforce", "Account", "001000000000001AAA"),
        Ref("salesforce", "Order", "801000000000001AAA"),
    ]
    assert {change.source for change in found.changes} == {"backfill"}
    (call,) = org.calls()
    assert statements(call) == [f"SELECT Id, SystemModstamp FROM {kind} ORDER BY Id" for kind in KINDS]


async def test_a_long_list_is_handed_over_page_by_page() -> None:
    row, taken = ROWS["Account"], list[int]()
    rows = page(*[{**row, "Id": f"001{number:012d}AAA"} for number in range(2500)])
    org = Org(lambda request, body: answer(rows if "Account" in statements(request)[0] else page(row)))
    found = await client(org).sweep(["Account"], None, NOON, lambda changes: taken.append(len(list(changes))))
    assert (taken, len(found.changes)) == ([2500], 0)


async def test_five_kinds_are_swept_by_one_call_deleted_records_included() -> None:
    org = Org(by_kind)
    found = await client(org).sweep(KINDS, known(KINDS, NOON - timedelta(minutes=15)), NOON)
    (call,) = org.calls()
    assert call.url.endswith("/composite")
    assert call.body.count(b"/queryAll?q=") == 5
    where = "SystemModstamp >= 2026-11-20T11:35:00Z"
    assert statements(call)[0] == f"SELECT Id, SystemModstamp FROM Account WHERE {where} ORDER BY SystemModstamp, Id"
    assert found.truncated == ()
    assert found.changes[0] == Change(Ref("salesforce", "Account", "001000000000001AAA"), "sweep", instant(STAMP))


async def test_a_changed_line_is_a_knock_on_its_order() -> None:
    found = await client(Org(by_kind)).sweep(["Order"], known(("Order",), NOON), NOON)
    assert [str(change.ref) for change in found.changes] == [
        "salesforce:Order:801000000000001AAA",
        "salesforce:Order:801000000000002AAA",
    ]


async def test_the_position_is_the_clock_of_the_server_and_late_commits_are_not_covered() -> None:
    org, clock = Org(by_kind), FakeClock()
    org.headers["date"] = format_datetime(NOON + timedelta(minutes=3), usegmt=True)
    found = await client(org, clock).sweep(["Account"], None, NOON)
    assert Position.parse(found.position).since == {"Account": NOON + timedelta(minutes=3)}
    assert found.covered_to == NOON - timedelta(minutes=2)


async def test_without_a_date_our_own_clock_serves() -> None:
    org = Org(by_kind)
    del org.headers["date"]
    found = await client(org).sweep(["Account"], None, NOON)
    assert found.covered_to == NOON - timedelta(minutes=5)


async def test_a_kind_that_is_new_is_listed_whole_beside_the_others() -> None:
    org = Org(by_kind)
    found = await client(org).sweep(["Account", "Contact"], position(Account=NOON), NOON)
    assert [text.endswith("ORDER BY Id") for call in org.calls() for text in statements(call)] == [True, False]
    assert set(Position.parse(found.position).since) == {"Account", "Contact"}


async def test_a_kind_that_is_not_swept_this_time_keeps_its_position() -> None:
    early = NOON - timedelta(days=1)
    found = await client(Org(by_kind)).sweep(["Account"], position(Account=early, Contact=early), NOON)
    assert Position.parse(found.position).since == {"Account": NOON, "Contact": early}


async def test_kinds_that_the_org_hides_are_left_out() -> None:
    org = Org(by_kind)
    org.objects |= {"Order": None, "OrderItem": None}
    found = await client(org).sweep(["Account", "Order"], None, NOON)
    assert set(Position.parse(found.position).since) == {"Account"}


async def test_long_silence_may_have_lost_deletions() -> None:
    at = position(Account=NOON - timedelta(days=16), Contact=NOON - timedelta(days=3))
    found = await client(Org(by_kind)).sweep(["Account", "Contact"], at, NOON)
    assert found.truncated == ("Account",)


async def test_all_pages_are_followed() -> None:
    def pages(request: Request, body: Any) -> Response:
        if request.url.endswith("next"):
            return answer(page({"Id": "001000000000002AAA", "SystemModstamp": STAMP}))
        return answer(page(ROWS["Account"], following=f"{DATA}/query/next"))

    found = await client(Org(pages)).sweep(["Account"], None, NOON)
    assert [change.ref.id[14] for change in found.changes] == ["1", "2"]


@pytest.mark.parametrize("bad", [{"Id": None}, {"Id": "7"}, {"SystemModstamp": None}, {"SystemModstamp": "noon"}])
async def test_a_list_without_ids_or_times_is_a_bad_answer(bad: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        await client(Org(rows_for({**ROWS["Account"], **bad}))).sweep(["Account"], None, NOON)


@pytest.mark.parametrize("text", ["x", "[]", '{"since":{"Account":"noon"}}', '{"since":[]}'])
async def test_a_position_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(WrongUse, match="backfill"):
        await client(Org(by_kind)).sweep(["Account"], text, NOON)


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10**12 - 1), st.integers(0, 10**6)), max_size=20))
def test_knocks_come_out_as_they_went_in(rows: list[tuple[str, int, int]]) -> None:
    knocks = Knocks("sweep", datetime(2026, 11, 20, tzinfo=UTC))
    plain = []
    for kind, number, seconds in rows:
        at = NOON + timedelta(seconds=seconds)
        knocks.add(kind, f"001{number:012d}AAA", at)
        plain.append(Change(Ref("salesforce", kind, f"001{number:012d}AAA"), "sweep", at))
    assert list(knocks) == plain
    assert knocks[1:3] == plain[1:3]
    assert len(knocks) == len(plain)
    if plain:
        assert knocks[-1] == plain[-1]
    with pytest.raises(IndexError):
        knocks[len(plain)]


def ids_from(request: Request, body: Any) -> Response:
    """Five thousand accounts, as many as the statement's limit says, beyond the id it names."""
    text = statements(request)[0]
    after = text.partition("Id > '")[2][:18]
    beyond = [key for key in (f"001{number:012d}AAA" for number in range(5_000)) if key > after]
    return answer(page(*({"Id": key} for key in beyond[: int(text.rpartition("LIMIT ")[2])])))


async def test_ids_come_in_pages_each_from_the_last_id_before() -> None:
    org, position, listed = Org(ids_from), "", list[str]()
    while True:
        found = await client(org).ids("Account", position)
        assert found is not None
        listed += found.ids
        if not (position := found.position):
            break
        assert position == listed[-1]
    assert (listed, len(org.calls())) == ([f"001{number:012d}AAA" for number in range(5_000)], 3)


async def test_ids_in_another_order_are_no_list_of_ids() -> None:
    org = Org(rows_for({"Id": "001000000000002AAA"}, {"Id": "001000000000001AAA"}))
    with pytest.raises(BadAnswer, match="in no known order"):
        await client(org).ids("Account", "")


async def test_ids_without_an_id_are_not_taken() -> None:
    with pytest.raises(BadAnswer, match="without its id"):
        await client(Org(rows_for({"Name": "x"}))).ids("Account", "")


async def test_no_position_lies_ahead_of_the_vendor_though_our_clock_does() -> None:
    """It would hide all that changes before it. In a rehearsal the emulators may live on another day, too."""
    org, then = Org(by_kind), NOON - timedelta(days=10)
    org.headers["date"] = format_datetime(then, usegmt=True)
    found = await client(org).sweep(KINDS, known(KINDS, then), NOON)
    assert max(Position.parse(found.position).since.values()) == then
