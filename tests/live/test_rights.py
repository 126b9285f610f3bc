"""A right to one object is lost: what is about it waits, with its reason, and goes on when it is given back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.status import current_status
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.live import Living, another_phone, phone
from support.world import Installation

HOUR = timedelta(hours=1)
Set = Callable[[Installation], None]


def switches(**values: Any) -> Set:
    return lambda home: home.emulation.set_switches("salesforce", values)


def refuse_invoices(home: Installation) -> None:
    home.emulation.faults.add(
        Fault("status", status=400, code="5020", vendor="quickbooks", path="Invoice", count=10**9)
    )


def another_due_date(home: Installation) -> None:
    invoice = home.state("quickbooks", "Invoice")[0]
    home.emulation.act("quickbooks", "update", "Invoice", {"Id": invoice["Id"], "DueDate": "2027-01-11"})


def due_date(home: Installation) -> str:
    number = home.state("quickbooks", "Invoice")[0]["Id"]
    dates = {row["QBO_Id__c"]: row.get("QBO_Due_Date__c") for row in home.state("salesforce", "Opportunity")}
    return next(str(date) for name, date in dates.items() if name and name.endswith(f":{number}"))


LOST = [
    # what is lost, how it is given back, whether customers still go on, and what is said of the side
    (switches(hidden_objects=["Order"]), switches(hidden_objects=[]), True, ("salesforce", ["Order"])),
    (switches(hidden_objects=["Opportunity"]), switches(hidden_objects=[]), True, None),
    (switches(hidden_objects=["Account"]), switches(hidden_objects=[]), False, ("salesforce", ["Account"])),
    (switches(denied_rights={"Opportunity": ["edit"]}), switches(denied_rights={}), True, None),
    (switches(denied_rights={"Account": ["edit"]}), switches(denied_rights={}), False, None),
    (refuse_invoices, lambda home: home.emulation.faults.clear(), True, ("quickbooks", ["Invoice"])),
]
NAMES = ["orders hidden", "opportunities hidden", "accounts hidden", "no edit of opportunities", "no edit of accounts",
         "no invoices in QuickBooks"]  # fmt: skip


@pytest.mark.parametrize(("lost", "given_back", "goes_on", "refused"), LOST, ids=NAMES)
async def test_only_what_is_concerned_stops(
    tmp_path: Path, lost: Set, given_back: Set, goes_on: bool, refused: tuple[str, list[str]] | None
) -> None:
    home = in_step(tmp_path)
    living = Living(home)
    await living.live_for(HOUR / 3)
    before = phone(home)
    lost(home)
    another_phone(home, 11)
    another_due_date(home)
    await living.live_for(2 * HOUR)

    assert phone(home) == ("(617) 555-0111" if goes_on else before)
    assert {side.state for side in current_status(home.app).sides} == {"live"}
    if refused is not None:
        system, kinds = refused
        assert sorted(living.live.sides.of(system).refused) == kinds
        assert any(kinds[0] in item.sentence for item in current_status(home.app).failing())

    given_back(home)
    await living.live_for(2 * HOUR)
    assert (phone(home), due_date(home)) == ("(617) 555-0111", "2027-01-11")
    assert (living.unserved, home.store.holds(living.connection)) == (0, [])
    assert not any(living.live.sides.of(system).refused for system in ("quickbooks", "salesforce"))
