"""What changed: no change is lost, whatever the vendor cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.reading import IdPage, Sweep
from ml_connector.model.refs import Change, Ref
from ml_connector.systems.http import Response
from ml_connector.systems.quickbooks.arrivals import Position
from ml_connector.systems.quickbooks.client import QuickBooks
from support.network import START

from .company import EmulatedCompany, accounts, canned, journal, journal_body, noted, ok

KINDS = ("Customer", "JournalEntry", "Class")


def refs(sweep: Sweep) -> set[str]:
    return {f"{change.ref.kind}:{change.ref.id}" for change in sweep.changes}


async def begun(company: EmulatedCompany, kinds: Sequence[str] = KINDS) -> str:
    """A first sweep with ten quiet minutes before and after it: the position from which the next one starts."""
    company.clock.advance(minutes=10)
    position = (await company.client.sweep(kinds, None, company.clock.now())).position
    company.clock.advance(minutes=10)
    return position


def customers(company: EmulatedCompany, count: int, name: str = "Customer") -> set[str]:
    return {f"Customer:{company.act('create', 'Customer', DisplayName=f'{name} {n}')['Id']}" for n in range(count)}


async def test_the_first_sweep_lists_everything() -> None:
    company = EmulatedCompany()
    made = customers(company, 2)
    company.act("deactivate", "Customer", Id="1")
    debit, credit = accounts(company)
    await company.client.apply(noted(journal("SFO-1-01", debit=debit, credit=credit)))
    sweep = await company.client.sweep(KINDS, None, company.clock.now())

    assert refs(sweep) == {*made, "JournalEntry:1"}
    assert {change.source for change in sweep.changes} == {"backfill"}
    assert (sweep.covered_to, sweep.truncated) == (START, ())
    assert company.reads() == 3


async def test_the_first_sweep_pages_through_thousands() -> None:
    company = EmulatedCompany()
    made = customers(company, 2100)

    assert refs(await company.client.sweep(["Customer"], None, company.clock.now())) == made
    assert company.reads() == 3


async def test_a_backfill_can_be_taken_page_by_page() -> None:
    company = EmulatedCompany()
    made = customers(company, 1500)
    pages = [knocks async for _, knocks in company.client.pages(["Customer", "Class"])]

    assert [len(knocks) for knocks in pages] == [1000, 500, 0]
    assert {f"Customer:{knock.ref.id}" for knocks in pages for knock in knocks} == made


async def test_a_long_list_is_handed_over_page_by_page_and_nothing_of_it_is_kept() -> None:
    company, taken = EmulatedCompany(), list[Sequence[Change]]()
    made = customers(company, 1500)
    sweep = await company.client.sweep(["Customer"], None, company.clock.now(), taken.append)

    assert (list(map(len, taken)), sweep.changes) == ([1000, 500], [])
    assert {f"Customer:{change.ref.id}" for page in taken for change in page} == made


async def test_later_sweeps_are_one_call_for_all_kinds() -> None:
    company = EmulatedCompany()
    customers(company, 1)
    position = await begun(company)
    before = company.reads()
    made = customers(company, 2, "Late")
    company.act("create", "Class", Name="SaaS")
    sweep = await company.client.sweep(KINDS, position, company.clock.now())

    assert refs(sweep) == {*made, "Class:1"}
    assert company.reads() - before == 1
    assert sweep.covered_to == company.clock.now()
    assert {change.at for change in sweep.changes} == {company.clock.now()}


async def test_an_idle_company_gives_nothing_and_moves_on() -> None:
    company = EmulatedCompany()
    position = await begun(company)
    sweep = await company.client.sweep(KINDS, position, company.clock.now())

    assert sweep.changes == []
    assert sweep.position > position


async def test_sweeps_overlap_by_five_minutes() -> None:
    company = EmulatedCompany()
    position = (await company.client.sweep(KINDS, None, company.clock.now())).position
    company.clock.advance(minutes=-4)
    made = customers(company, 1)
    company.clock.advance(minutes=60)

    assert refs(await company.client.sweep(KINDS, position, company.clock.now())) == made


async def test_a_deleted_entry_is_a_knock() -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    await company.client.apply(noted(journal("SFO-1-01", debit=debit, credit=credit)))
    position = await begun(company)
    company.act("delete", "JournalEntry", Id="1")

    assert refs(await company.client.sweep(KINDS, position, company.clock.now())) == {"JournalEntry:1"}


@pytest.mark.parametrize("cap", ["entity", "total"])
@pytest.mark.parametrize("count", [999, 1000, 1001, 2300])
async def test_what_the_vendor_cuts_off_is_found_by_listing(count: int, cap: str) -> None:
    company = EmulatedCompany()
    company.emulator.switches.cdc_cap = cap  # type: ignore[assignment]  # one of its literals
    position = await begun(company)
    made = customers(company, count)
    company.act("create", "Class", Name="SaaS")
    sweep = await company.client.sweep(KINDS, position, company.clock.now())

    assert refs(sweep) == {*made, "Class:1"}


async def test_a_full_list_of_exactly_a_thousand_costs_one_count_more() -> None:
    company = EmulatedCompany()
    position = await begun(company, ["Customer"])
    before = company.reads()
    made = customers(company, 1000)

    assert refs(await company.client.sweep(["Customer"], position, company.clock.now())) == made
    assert company.reads() - before == 2


async def test_an_answer_larger_than_the_limit_proves_that_no_kind_went_unheard() -> None:
    company = EmulatedCompany()
    position = await begun(company)
    customers(company, 1000)
    debit, credit = accounts(company)
    await company.client.apply(noted(*(journal(f"J{n}", debit=debit, credit=credit) for n in range(20))))
    larger = await company.client.sweep(KINDS, position, company.clock.now())
    assert Position.parse(larger.position).proved == company.clock.now()


@pytest.mark.parametrize(
    ("proved", "reads"),
    [
        (timedelta(days=1), 2),  # the changes, and how many customers there are
        (None, 3),  # also the changes of the kinds that may not have been heard
        (timedelta(days=31), 3),
    ],
)
async def test_a_thousand_changes_of_one_kind(proved: timedelta | None, reads: int) -> None:
    company = EmulatedCompany()
    await begun(company)
    now = company.clock.now()
    position = Position(now, now - proved if proved else None).text()
    company.clock.advance(minutes=10)
    made, before = customers(company, 1000), company.reads()
    assert refs(await company.client.sweep(KINDS, position, company.clock.now())) == made
    assert company.reads() - before == reads


def test_the_proof_ends() -> None:
    old = Position.parse("2026-11-01T00:00:00+00:00 2026-10-20T00:00:00+00:00")
    assert old.each_list_has_its_own()
    assert not Position(old.at + timedelta(days=30), old.proved).each_list_has_its_own()
    assert Position.parse(old.text()) == old
    assert not Position.parse("2026-11-01T00:00:00+00:00").each_list_has_its_own()


async def test_a_full_list_may_hide_deletions_and_says_so() -> None:
    company = EmulatedCompany()
    position = await begun(company)
    debit, credit = accounts(company)
    for n in range(1020):
        company.act("create", "JournalEntry", **journal_body(f"J{n}", debit=debit, credit=credit))
    customers(company, 1000)
    sweep = await company.client.sweep(KINDS, position, company.clock.now())

    assert sum(change.ref.kind == "JournalEntry" for change in sweep.changes) == 1020
    assert sweep.truncated == ("JournalEntry",), "more were changed than are told"
    assert sweep.doubtful == ("Customer",), "right at the limit: perhaps one more was merged away"


async def test_a_position_too_old_is_listed_and_every_kind_marked() -> None:
    company = EmulatedCompany()
    old = customers(company, 1)
    position = await begun(company)
    company.clock.advance(days=30)
    made = customers(company, 1, "Late")
    sweep = await company.client.sweep(KINDS, position, company.clock.now())

    assert refs(sweep) == made
    assert old.isdisjoint(refs(sweep))
    assert sweep.truncated == KINDS
    assert {change.source for change in sweep.changes} == {"listing"}


async def test_a_vendor_that_looks_back_less_far_is_listed_too() -> None:
    company = EmulatedCompany()
    company.emulator.switches.cdc_days = 5
    position = await begun(company)
    company.clock.advance(days=10)
    made = customers(company, 1)
    sweep = await company.client.sweep(KINDS, position, company.clock.now())

    assert (refs(sweep), sweep.truncated) == (made, KINDS)


async def test_kinds_that_are_polled_are_left_out() -> None:
    company = EmulatedCompany()
    sweep = await company.client.sweep(["Preferences", "CompanyInfo"], START.isoformat(), company.clock.now())

    assert sweep.changes == []
    assert company.reads() == 0


async def test_a_month_of_sweeps_loses_nothing() -> None:
    company = EmulatedCompany()
    position = await begun(company, ["Customer"])
    made: set[str] = set()
    seen: set[str] = set()
    for day in range(30):
        made |= customers(company, 1, f"Day {day}")
        company.clock.advance(hours=24)
        sweep = await company.client.sweep(["Customer"], position, company.clock.now())
        position = sweep.position
        seen |= refs(sweep)

    assert seen == made


@pytest.mark.parametrize("position", ["", "soon", "2026-11-22T10:00:00"])
async def test_a_position_that_is_no_time_is_named(position: str) -> None:
    with pytest.raises(WrongUse, match="backfill"):
        await EmulatedCompany().client.sweep(KINDS, position, START)


@pytest.mark.parametrize(
    "answer",
    [
        ok({"time": "2026-11-22T09:00:00.000-08:00"}),
        ok({"CDCResponse": [], "time": "yesterday"}),
        ok({"CDCResponse": [], "time": "2026-11-22T09:00:00"}),
        ok({"CDCResponse": [{"QueryResponse": [{"Customer": {}}]}], "time": "2026-11-22T09:00:00Z"}),
        ok({"CDCResponse": [{"QueryResponse": [{"Customer": [{"SyncToken": "1"}]}]}], "time": "2026-11-22T09:00:00Z"}),
        Response(200, {}, b"<html>"),
    ],
)
async def test_an_answer_that_cannot_be_read_moves_no_position(answer: Response) -> None:
    client, _, _ = canned(lambda _: answer)
    with pytest.raises(BadAnswer):
        await client.sweep(KINDS, START.isoformat(), START)


async def test_lists_are_found_by_name_and_unknown_ones_left_alone() -> None:
    body = {
        "CDCResponse": [
            {
                "QueryResponse": [
                    {},
                    {"Hologram": [{"X": 1}], "startPosition": 1},
                    {"Invoice": [{"Id": "7", "domain": "QBO", "status": "Deleted"}], "maxResults": 1},
                    {"Customer": [{"Id": "1", "MetaData": {"LastUpdatedTime": "2026-11-22T08:10:00-08:00"}}]},
                ]
            }
        ],
        "time": "2026-11-22T09:00:00.000-08:00",
    }
    client, network, _ = canned(lambda _: ok(body))
    sweep = await client.sweep(["Customer", "Invoice"], START.isoformat(), START)

    assert [(change.ref, change.at) for change in sweep.changes] == [
        (Ref("quickbooks", "Invoice", "7"), START),
        (Ref("quickbooks", "Customer", "1"), START - timedelta(minutes=50)),
    ]
    assert "entities=Customer%2CInvoice&changedSince=2026-11-22T16%3A55%3A00%2B00%3A00" in network.sent[0].url
    assert datetime.fromisoformat(sweep.position) == START


async def every_id(company: EmulatedCompany, kind: str) -> list[str]:
    position, listed = "", dict[str, None]()
    while True:
        page = await company.client.ids(kind, position)
        assert page is not None
        assert page.order == "number"
        listed |= dict.fromkeys(page.ids)
        if not (position := page.position):
            return list(listed)


async def test_all_ids_come_in_order_inactive_ones_too_for_one_read_a_thousand() -> None:
    company = EmulatedCompany()
    made = customers(company, 1500)
    company.act("deactivate", "Customer", Id="3")
    assert await every_id(company, "Customer") == sorted((ref.partition(":")[2] for ref in made), key=int)
    assert company.reads() == 2


async def test_what_is_deleted_between_two_pages_moves_nothing_out_of_sight() -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    for n in range(1100):
        company.act("create", "JournalEntry", **journal_body(f"J{n}", debit=debit, credit=credit))
    first = await company.client.ids("JournalEntry", "")
    assert first is not None
    for record_id in first.ids[:20]:
        company.act("delete", "JournalEntry", Id=record_id)
    second = await company.client.ids("JournalEntry", first.position)
    assert second is not None
    assert len({*first.ids, *second.ids}) == 1100


def listing(*pages: list[str]) -> QuickBooks:
    """A company that lists these ids, a page for each question."""
    todo = list(pages)
    client, _, _ = canned(lambda _: ok({"QueryResponse": {"Invoice": [{"Id": key} for key in todo.pop(0)]}}))
    return client


async def test_ids_in_the_order_of_text_are_told_as_such_and_go_on_so() -> None:
    ids = sorted(map(str, range(1, 1900)))
    client = listing(ids[:1000], ids[975:])
    first = await client.ids("Invoice", "")
    assert first is not None
    second = await client.ids("Invoice", first.position)
    assert second is not None
    assert (first.order, second.order, second.position) == ("text", "text", "")
    assert sorted({*first.ids, *second.ids}) == ids


async def test_the_only_page_may_come_in_any_order() -> None:
    page = await listing(["9", "10", "2"]).ids("Invoice", "")
    assert page == IdPage(["2", "9", "10"], "", "number")


async def test_many_ids_in_no_order_are_no_list_of_ids() -> None:
    ids = [str(n) for n in range(2000, 3000)]
    with pytest.raises(BadAnswer, match="in no known order"):
        await listing([*ids[1:], ids[0]]).ids("Invoice", "")
    with pytest.raises(BadAnswer, match="in no known order"):
        await listing(["7", "5"]).ids("Invoice", "number 976")


async def test_kinds_that_cannot_be_listed_have_no_ids() -> None:
    company = EmulatedCompany()
    assert await company.client.ids("Preferences", "") is None
