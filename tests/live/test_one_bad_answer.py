"""One answer that cannot be used never ends the service: each side is waited for by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.live import Living


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"kind": "malformed", "shape": "truncated", "vendor": "quickbooks", "path": "/cdc"}, "away"),
        ({"kind": "html", "status": 200, "vendor": "quickbooks", "path": "/cdc"}, "away"),
        ({"kind": "malformed", "shape": "truncated", "vendor": "salesforce", "path": "/services/data/v"}, "away"),
        ({"kind": "status", "status": 429, "retry_after": 600, "vendor": "quickbooks", "path": "/cdc"}, "limited"),
        ({"kind": "drop_before", "vendor": "salesforce", "count": 50}, "away"),
    ],
)
async def test_it_goes_on(tmp_path: Path, fault: dict[str, Any], state: str) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(timedelta(minutes=5))
    vendor = fault["vendor"]
    other = {"quickbooks": "salesforce", "salesforce": "quickbooks"}[vendor]

    living.home.emulation.faults.add(Fault(**fault))
    await living.live_for(timedelta(minutes=16))
    assert living.live.sides.of(other).state == "live"
    living.home.emulation.faults.clear()
    await living.live_for(timedelta(hours=1))
    assert living.live.sides.of(vendor).state == "live"
    events = [event.action for event in living.home.store.audit_events(living.home.app.connection.id)]
    assert events[-2:] == [f"side {state}", "side live"]
