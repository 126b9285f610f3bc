"""`empty` and `tiny`, and the twin as crash runs use it: build once, put aside, bring back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.gate import Answer
from ml_emulators.kit.wire import Request
from ml_emulators.scenarios import load, new_twin
from ml_emulators.scenarios.plan import calendar

TODAY = date(2026, 11, 20)


def counts(scenario: str) -> dict[str, int]:
    twin = new_twin()
    load(twin, scenario, today=TODAY)
    kinds = [("quickbooks", kind) for kind in ("Customer", "Invoice", "Account")]
    kinds += [("salesforce", kind) for kind in ("Account", "Order", "Product2")]
    found = {f"{system} {kind}": len(twin.vendors[system].records(kind)) for system, kind in kinds}
    assert twin.planted == []
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


def test_a_twin_is_put_aside_and_brought_back() -> None:
    twin = new_twin()
    load(twin, "tiny", today=TODAY)
    before = twin.snapshot()
    for round_ in range(2):
        twin.act("quickbooks", "create", "Customer", {"DisplayName": f"Late {round_}"})
        twin.act("salesforce", "create", "Account", {"Name": f"Late {round_}"})
        twin.clock.freeze()
        twin.restore(before)
        assert len(twin.vendors["quickbooks"].records("Customer")) == 3
        assert len(twin.vendors["salesforce"].records("Account")) == 3
        assert not twin.clock.frozen


def test_in_process_callers_need_no_socket() -> None:
    twin = new_twin()
    load(twin, "tiny", today=TODAY)
    realm = twin.vendors["quickbooks"].connection_info()["realm_id"]
    outcome = twin.gate.serve("quickbooks", Request("GET", f"/v3/company/{realm}/companyinfo/{realm}"))
    assert isinstance(outcome, Answer)
    assert outcome.response.status == 401
    assert twin.log.totals("quickbooks").requests == 1


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 11, 20, 20, 0, tzinfo=UTC), "2026-11-20"),  # noon in Los Angeles
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), "2026-11-19"),  # seven in the morning: nothing happened yet
    ],
)
def test_without_a_day_a_scenario_ends_on_the_clocks(now: datetime, last: str) -> None:
    clock = VirtualClock(lambda: now)
    twin = new_twin(clock=clock)
    load(twin, "tiny")
    assert max(one["TxnDate"] for one in twin.vendors["quickbooks"].records("Invoice")) == last
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
