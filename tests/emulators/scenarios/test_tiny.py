"""`empty` and `tiny`, and the emulation as crash runs use it: build once, put aside, bring back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.gate import Answer
from ml_emulators.kit.wire import Request
from ml_emulators.scenarios import load, new_emulation
from ml_emulators.scenarios.plan import calendar

TODAY = date(2026, 11, 20)


def counts(scenario: str) -> dict[str, int]:
    emulation = new_emulation()
    load(emulation, scenario, today=TODAY)
    kinds = [("quickbooks", kind) for kind in ("Customer", "Invoice", "Account")]
    kinds += [("salesforce", kind) for kind in ("Account", "Order", "Product2")]
    found = {f"{system} {kind}": len(emulation.vendors[system].records(kind)) for system, kind in kinds}
    assert emulation.planted == []
    return found


def test_empty_is_set_up_and_nothing_else() -> None:
    found = counts("empty")
    assert (found["quickbooks Customer"], found["salesforce Account"], found["salesforce Order"]) == (0, 0, 0)
    assert found["quickbooks Account"] == 20
    assert found["salesforce Product2"] == 15


def test_tiny() -> None:
    assert counts("tiny") == {
        "quickbooks Customer": 3,
        "quickbooks Invoice": 4,
        "quickbooks Account": 6,
        "salesforce Account": 3,
        "salesforce Order": 3,
        "salesforce Product2": 2,
    }


def test_an_emulation_is_put_aside_and_brought_back() -> None:
    emulation = new_emulation()
    load(emulation, "tiny", today=TODAY)
    before = emulation.snapshot()
    for round_ in range(2):
        emulation.act("quickbooks", "create", "Customer", {"DisplayName": f"Late {round_}"})
        emulation.act("salesforce", "create", "Account", {"Name": f"Late {round_}"})
        emulation.clock.freeze()
        emulation.restore(before)
        assert len(emulation.vendors["quickbooks"].records("Customer")) == 3
        assert len(emulation.vendors["salesforce"].records("Account")) == 3
        assert not emulation.clock.frozen


def test_in_process_callers_need_no_socket() -> None:
    emulation = new_emulation()
    load(emulation, "tiny", today=TODAY)
    realm = emulation.vendors["quickbooks"].connection_info()["realm_id"]
    outcome = emulation.gate.serve("quickbooks", Request("GET", f"/v3/company/{realm}/companyinfo/{realm}"))
    assert isinstance(outcome, Answer)
    assert outcome.response.status == 401
    assert emulation.log.totals("quickbooks").requests == 1


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 11, 20, 20, 0, tzinfo=UTC), "2026-11-20"),  # noon in Los Angeles
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), "2026-11-19"),  # seven in the morning: nothing happened yet
    ],
)
def test_without_a_day_a_scenario_ends_on_the_clocks(now: datetime, last: str) -> None:
    clock = VirtualClock(lambda: now)
    emulation = new_emulation(clock=clock)
    load(emulation, "tiny")
    assert max(record["TxnDate"] for record in emulation.vendors["quickbooks"].records("Invoice")) == last
    assert (clock.now(), clock.frozen) == (now, False)


@pytest.mark.parametrize(
    ("today", "first", "start", "closed"),
    [
        (date(2026, 11, 20), date(2026, 7, 1), date(2026, 10, 1), date(2026, 10, 4)),
        (date(2027, 1, 31), date(2026, 9, 1), date(2026, 12, 1), date(2026, 12, 4)),
        (date(2027, 3, 1), date(2026, 11, 1), date(2027, 2, 1), date(2027, 2, 4)),
    ],
)
def test_the_calendar(today: date, first: date, start: date, closed: date) -> None:
    days = calendar(today)
    assert (days.first, days.start, days.closed) == (first, start, closed)
