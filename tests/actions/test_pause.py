"""While writes are stopped nothing is written, but reading goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.audit import verify_audit
from ml_connector.actions.drain import drain
from ml_connector.actions.pause import pause, resume
from ml_connector.actions.status import current_status
from ml_connector.actions.sweep import sweep_all
from ml_connector.model.errors import Stopped
from support.world import Installation


async def test_nothing_is_written_until_they_go_on(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    events = verify_audit(home.app).events
    pause(home.app, "ana", "month end")
    assert sum((await sweep_all(home.app)).values()) > 0
    with pytest.raises(Stopped, match=r"Writes are stopped: month end\."):
        await drain(home.app)
    assert home.state("salesforce", "Opportunity") == []
    assert current_status(home.app).paused == "month end"
    resume(home.app, "ana")
    assert (await drain(home.app)).written > 0
    assert current_status(home.app).paused == ""
    verify_audit(home.app)
    said = [(event.actor, event.action) for event in home.store.audit_events(home.app.connection.id)[events:]]
    assert [each for each in said if each[0] == "ana"] == [("ana", "stop"), ("ana", "resume")]


async def test_a_reason_is_always_on_record(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    pause(home.app, "ana", "")
    assert current_status(home.app).paused == "no reason given"
