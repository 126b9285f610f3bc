"""A vendor that fails at one record, each time it is asked for: that one is held, and an outage is no such record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.sync import sync
from ml_connector.model.errors import Unreachable
from ml_emulators.kit.faults import Fault, RecordMatch
from support.world import Installation

WORDS = "An application error has occurred while processing your request"


def held(home: Installation) -> dict[str, str]:
    return {hold.record: hold.meaning for hold in open_holds(home.app, "READ-REFUSED")}


def fail_at(home: Installation, vendor: str, kind: str, record_id: str, status: int = 500) -> None:
    fault = Fault(kind="status", vendor=vendor, status=status, message=WORDS, record=RecordMatch(kind, record_id))
    home.emulation.faults.add(fault)


@pytest.mark.parametrize(
    ("vendor", "kind", "status"),
    [
        ("quickbooks", "Invoice", 500),
        ("quickbooks", "Customer", 503),
        ("salesforce", "Account", 500),
        ("salesforce", "Order", 502),
    ],
)
async def test_one_record_is_held_and_read_again_by_itself(tmp_path: Path, vendor: str, kind: str, status: int) -> None:
    home = Installation(tmp_path, scenario="tiny")
    bad = home.state(vendor, kind)[-1]["Id"]
    fail_at(home, vendor, kind, bad, status)
    home.store.go_live(home.app.connection.id, home.clock.now())
    await home.run()
    await sync(home.app)
    assert f"{vendor}:{kind}:{bad}" in held(home)
    assert WORDS in held(home)[f"{vendor}:{kind}:{bad}"]
    assert home.state("salesforce", "Opportunity")
    home.emulation.faults.clear()
    home.clock.advance(timedelta(hours=1))
    await drain(home.app)
    assert held(home) == {}


@pytest.mark.parametrize("vendor", ["quickbooks", "salesforce"])
async def test_an_outage_stops_the_run_after_a_few_calls(tmp_path: Path, vendor: str) -> None:
    home = Installation(tmp_path, scenario="tiny")
    home.store.go_live(home.app.connection.id, home.clock.now())
    await sync(home.app)
    home.clock.advance(timedelta(minutes=10))
    home.emulation.faults.add(Fault(kind="status", vendor=vendor, status=500))
    home.network.sent.clear()
    with pytest.raises(Unreachable):
        await sync(home.app)
    assert len([call for call in home.network.sent if call[0] == vendor]) <= 6
    assert held(home) == {}


async def test_an_open_write_that_cannot_be_looked_up_stays_open_and_its_neighbours_are_settled(tmp_path: Path) -> None:
    home = Installation(tmp_path, scenario="tiny")
    await home.approve_all()
    home.emulation.faults.add(Fault(kind="drop_after", vendor="quickbooks", path="/batch", skip=1, count=1))
    await drain(home.app)
    connection = home.app.connection.id
    writes = [write for write in home.store.open_writes(connection) if write.write.kind == "JournalEntry"]
    assert len(writes) > 1
    home.clock.advance(timedelta(minutes=10))
    number = writes[0].write.body["DocNumber"]
    refused = Fault(kind="status", vendor="quickbooks", path=f"JournalEntry.*{number}", status=400, code="4002")
    home.emulation.faults.add(refused)
    await drain(home.app)
    assert [write.id for write in home.store.open_writes(connection)] == [writes[0].id]
    home.emulation.faults.clear()
    home.clock.advance(timedelta(minutes=10))
    await drain(home.app)
    assert home.store.open_writes(connection) == []
