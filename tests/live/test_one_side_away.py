"""While one vendor is away, or its calls are used up, nothing of the other is read because of that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.status import current_status
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.live import Living, another_phone, phone

HOUR = timedelta(hours=1)
FOR_GOOD = 10**9
SALESFORCE: Mapping[str, Any] = {
    "vendor": "salesforce",
    "path": "/services/data/v",
    "kind": "status",
    "count": FOR_GOOD,
}


@pytest.mark.parametrize(
    ("fault", "state"), [({"status": 503}, "away"), ({"status": 403, "code": "REQUEST_LIMIT_EXCEEDED"}, "limited")]
)
async def test_a_day_without_salesforce(tmp_path: Path, fault: dict[str, Any], state: str) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(HOUR)
    living.home.emulation.faults.add(Fault(**SALESFORCE, **fault))
    before = living.reads()
    changes = [(hour * HOUR, lambda hour=hour: another_phone(living.home, hour)) for hour in range(24)]
    await living.live_for(24 * HOUR, *changes)

    assert living.reads() - before <= 100, "a sweep each quarter of an hour, and nothing else"
    status = current_status(living.home.app)
    assert [(side.system, side.state) for side in status.sides] == [("quickbooks", "live"), ("salesforce", state)]
    assert status.exit_status == 3
    assert len(living.told) == 1, "told once, not once a try"

    living.home.emulation.faults.clear()
    await living.live_for(2 * HOUR)
    assert (phone(living.home), living.unserved) == ("(617) 555-0123", 0)
    assert living.told[1:] == ["Salesforce answers again."]
    assert current_status(living.home.app).exit_status == 0


async def test_a_day_without_quickbooks(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(HOUR)
    living.home.emulation.faults.add(Fault("drop_before", vendor="quickbooks", count=FOR_GOOD))
    before = living.calls()
    await living.live_for(24 * HOUR)
    assert living.calls() - before <= 110
    assert (
        living.live.sides.of("salesforce").asked_at
        == living.home.app.store.sides(living.connection)["salesforce"].asked_at
    )
    assert living.live.sides.of("salesforce").state == "live"


async def test_a_restart_pays_no_sweep_and_asks_no_side_before_its_time(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(HOUR)
    before = (living.reads(), living.calls())
    for _ in range(20):
        living.started(living.home.process())
        await living.live_for(timedelta(seconds=5))
    reads, calls = living.reads() - before[0], living.calls() - before[1]
    assert (reads <= 1, calls <= 3) == (True, True), (reads, calls)
