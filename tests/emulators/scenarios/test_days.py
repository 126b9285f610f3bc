"""Five business days: what happens on each, that it can always happen, and what it leaves to hold."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.kit.emulation import Emulation
from ml_emulators.scenarios import LAST, business_day, load, new_emulation, play_day

from .conftest import TODAY
from .judge import check_orders, matching, qbo, sf
from .scoring import customer


def test_five_days_at_scale_two_leave_only_planted_orders_held() -> None:
    emulation, scale = new_emulation(3), 2
    load(emulation, "sample", scale, 3, TODAY)
    before = len(qbo(emulation, "Invoice"))
    assert len(qbo(emulation, "Customer")) >= 800
    assert sum(one.code == "H-ITEM-TYPE" for one in emulation.planted) == 2
    for number in range(1, LAST + 1):
        report = play_day(emulation, number)
        assert (report.ok, report.failed) == (True, None)
    check_orders(emulation)
    assert emulation.memory["today"] == "2026-11-27"
    assert len(qbo(emulation, "Invoice")) >= before + 5 * 14 * scale
    _, accounts, _ = matching(emulation)
    review = {one.key for one in emulation.planted if one.kind == "Customer"}
    outcomes = {one["Id"]: accounts.outcome(customer(one))[0] for one in qbo(emulation, "Customer")}
    assert {ident for ident, outcome in outcomes.items() if outcome == "review"} == review


def test_what_happens_on_which_day(sample: Emulation) -> None:
    told: list[dict[str, Any]] = []
    for number in range(1, LAST + 1):
        day = business_day(sample, number, 7)
        assert (day.operations[0].system, day.operations[0].op) == ("clock", "set")
        found = [(operation.system, operation.op, operation.kind) for operation in day.operations]
        told.append({f"{system} {op} {kind}".strip(): found.count((system, op, kind)) for system, op, kind in found})
        assert play_day(sample, number).ok
    assert all(day["quickbooks create Payment"] >= 6 for day in told)
    assert all(day["salesforce create OrderItem"] >= 6 for day in told)
    assert told[0]["salesforce update Account"] == 1
    assert (told[1]["quickbooks void Invoice"], told[1]["quickbooks update Customer"]) == (1, 1)
    assert (told[2]["quickbooks create CreditMemo"], told[2]["quickbooks update Department"]) == (1, 1)
    assert told[3]["salesforce create Order"] == 5
    assert (told[4]["salesforce create Order"], told[4]["salesforce update Account"]) == (3, 2)


def test_the_planted_list_grows_and_causes_go_away(sample: Emulation) -> None:
    first = list(sample.planted)
    for number in range(1, LAST + 1):
        play_day(sample, number)
    grown = sample.planted[len(first) :]
    assert [one.code for one in grown] == ["H-DIM-UNMAPPED"]
    assert any(order["Id"] == grown[0].key for order in sf(sample, "Order"))
    released = sorted(one.code for one in sample.planted if one.released)
    assert released == ["H-CUST-UNLINKED", "V-COUNTRY", "V-COUNTRY"]


def test_planning_a_day_changes_nothing(sample: Emulation) -> None:
    day = business_day(sample, 1, 7)
    assert business_day(sample, 1, 7) == day
    assert sample.scenario["days"] == 0
    play_day(sample, 1)
    assert sample.clock.now().isoformat().startswith("2026-11-23T17:00")


@pytest.mark.parametrize("number", [0, 2, 6])
def test_days_come_in_order(sample: Emulation, number: int) -> None:
    with pytest.raises(ValueError, match="next day is 1"):
        business_day(sample, number, 7)


def test_only_the_sample_company_has_days() -> None:
    emulation = new_emulation()
    load(emulation, "tiny", today=TODAY)
    with pytest.raises(ValueError, match="only the sample company"):
        play_day(emulation, 1)
