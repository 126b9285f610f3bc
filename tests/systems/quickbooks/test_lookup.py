"""Was it written? Found out by what stands there, also when QuickBooks has forgotten every key (promise P2)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ml_connector.model.plans import Done, Foreign, Missing, OpenWrite, Unsure
from ml_connector.systems.quickbooks.lookup import says
from support.network import START

from .company import EmulatedCompany, accounts, customer_update, journal, new_customer, noted


def three_entries(company: EmulatedCompany) -> list[OpenWrite]:
    debit, credit = accounts(company)
    return noted(*(journal(f"SFO-{n}-01", debit=debit, credit=credit) for n in range(3)))


@pytest.mark.parametrize(("kind", "there"), [("drop_before", Missing), ("drop_after", Done), ("cut", Done)])
async def test_a_lost_answer_is_settled_by_one_query(kind: str, there: type) -> None:
    company = EmulatedCompany()
    writes = three_entries(company)
    company.fault(kind, path="/batch")
    assert {type(outcome) for outcome in await company.client.apply(writes)} == {Unsure}
    answers = await company.client.look_up(writes)

    assert {type(answer) for answer in answers} == {there}
    assert company.reads() == 1


async def test_nothing_is_doubled_by_a_vendor_that_has_forgotten_every_key() -> None:
    company = EmulatedCompany()
    company.emulator.switches.requestid_retention = 0
    writes = three_entries(company)
    company.fault("drop_after", path="/batch")
    await company.client.apply(writes)
    missing = [
        w for w, found in zip(writes, await company.client.look_up(writes), strict=True) if isinstance(found, Missing)
    ]

    assert missing == []
    assert len(company.entries()) == 3


async def test_part_of_a_batch_may_be_there() -> None:
    company = EmulatedCompany()
    writes = three_entries(company)
    await company.client.apply(writes[1:2])

    assert [type(answer) for answer in await company.client.look_up(writes)] == [Missing, Done, Missing]


async def test_an_adopted_entry_is_the_record_itself() -> None:
    company = EmulatedCompany()
    writes = three_entries(company)
    outcomes = await company.client.apply(writes)

    assert await company.client.look_up(writes[::-1]) == outcomes[::-1]


async def test_a_manual_entry_with_our_number_is_foreign() -> None:
    company = EmulatedCompany()
    (write, *_) = three_entries(company)
    body = {**write.write.body, "PrivateNote": "typed by hand"}
    made = company.act("create", "JournalEntry", **body)
    (answer,) = await company.client.look_up([write])

    assert isinstance(answer, Foreign)
    assert answer.ref.id == made["Id"]


async def test_our_key_over_other_lines_is_neither_adopted_nor_missing() -> None:
    company = EmulatedCompany()
    (write, *_) = three_entries(company)
    body = {**write.write.body, "Line": [{**line, "Amount": Decimal("99.00")} for line in write.write.body["Line"]]}
    company.act("create", "JournalEntry", **body)

    assert isinstance((await company.client.look_up([write]))[0], Unsure)


async def test_among_namesakes_ours_is_found() -> None:
    company = EmulatedCompany()
    (write, *_) = three_entries(company)
    company.act("create", "JournalEntry", **{**write.write.body, "PrivateNote": ""})
    await company.client.apply([write])
    (answer,) = await company.client.look_up([write])

    assert isinstance(answer, Done)
    assert answer.ref.id == "2"


async def test_dims_are_part_of_what_an_entry_says() -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    east, west = (company.act("create", "Department", Name=name)["Id"] for name in ("East", "West"))
    (ours,) = noted(journal("SFO-1-01", debit=debit, credit=credit, department=east))
    (other,) = noted(journal("SFO-1-01", debit=debit, credit=credit, department=west))
    await company.client.apply([ours])

    assert isinstance((await company.client.look_up([ours]))[0], Done)
    assert isinstance((await company.client.look_up([other]))[0], Unsure)


# --- customers


async def test_a_customer_made_by_our_lost_write_is_adopted() -> None:
    company = EmulatedCompany()
    writes = noted(
        new_customer("Acme", Notes="x", BillAddr={"City": "Bay", "Country": "US"}), new_customer("Böhm & Co")
    )
    company.fault("drop_after", path="/batch")
    await company.client.apply(writes)
    answers = await company.client.look_up(writes)

    assert [answer.record.display_name for answer in answers if isinstance(answer, Done)] == ["Acme", "Böhm & Co"]
    assert company.reads() == 1


async def test_a_customer_that_was_there_before_is_foreign() -> None:
    company = EmulatedCompany()
    company.act("create", "Customer", DisplayName="ACME")
    company.clock.advance(hours=1)
    (answer,) = await company.client.look_up(noted(new_customer("Acme"), at=company.clock.now()))

    assert isinstance(answer, Foreign)


async def test_a_new_customer_that_says_something_else_is_foreign() -> None:
    company = EmulatedCompany()
    company.act("create", "Customer", DisplayName="Acme", Notes="typed by hand")

    assert isinstance((await company.client.look_up(noted(new_customer("Acme", Notes="ours"))))[0], Foreign)


async def test_clocks_may_differ_by_minutes() -> None:
    company = EmulatedCompany()
    company.act("create", "Customer", DisplayName="Acme")

    for ahead, there in ((9, Done), (11, Foreign)):
        (write,) = noted(new_customer("Acme"), at=START + timedelta(minutes=ahead))
        assert isinstance((await company.client.look_up([write]))[0], there)


async def test_an_update_is_done_when_the_record_says_so() -> None:
    company = EmulatedCompany()
    key = company.act("create", "Customer", DisplayName="A", Notes="old")["Id"]
    writes = noted(customer_update(key, "0", Notes="new"), customer_update("999", "0", Notes="new"))
    before = await company.client.look_up(writes)
    await company.client.apply(writes[:1])
    after = await company.client.look_up(writes)

    assert [type(answer) for answer in before] == [Missing, Missing]
    assert [type(answer) for answer in after] == [Done, Missing]


async def test_all_kinds_are_looked_up_together_in_order() -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    writes = noted(
        new_customer("A"), journal("SFO-1-01", debit=debit, credit=credit), customer_update("1", "0", Notes="x")
    )
    await company.client.apply(writes[:1])

    assert [type(answer) for answer in await company.client.look_up(writes)] == [Done, Missing, Missing]
    assert company.reads() == 3


@pytest.mark.parametrize(
    ("there", "ours", "expected"),
    [
        ({"A": "x", "more": 1}, {"A": "x"}, True),
        ({"A": " x  y "}, {"A": "x y"}, True),
        ({}, {"A": ""}, True),
        ({}, {"A": "x"}, False),
        ({}, {"A": {"B": ""}}, True),
        ({"A": {"B": "1", "name": "n"}}, {"A": {"B": "1", "name": "other"}}, True),
        ({"BillAddr": {"Country": "USA"}}, {"BillAddr": {"Country": "US"}}, True),
        ({"A": True}, {"A": False}, False),
        ({}, {"A": False}, True),
        ({"A": Decimal("1.0")}, {"A": 1}, True),
        ({"A": "1"}, {"A": 1}, False),
        ({"A": [{"B": 1}]}, {"A": [{"B": 1}]}, True),
        ({"A": [{"B": 1}, {"B": 1}]}, {"A": [{"B": 1}]}, False),
        ({"A": "x"}, {"A": {"B": "x"}}, False),
    ],
)
def test_what_a_record_says(there: Any, ours: Any, expected: bool) -> None:
    assert says(there, ours) is expected


async def test_a_write_is_judged_by_the_bytes_that_were_sent() -> None:
    company = EmulatedCompany()
    (write, *_) = three_entries(company)
    await company.client.apply([write])
    as_stored = msgspec.json.decode(msgspec.json.encode(write), type=OpenWrite)

    assert isinstance((await company.client.look_up([as_stored]))[0], Done)
