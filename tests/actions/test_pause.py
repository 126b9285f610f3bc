"""While writes are stopped nothing is written, but reading goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from ml_connector.actions.audit import verify_audit
from ml_connector.actions.drain import drain
from ml_connector.actions.pause import pause, resume
from ml_connector.actions.status import current_status
from ml_connector.actions.sweep import sweep_all
from ml_connector.model.errors import ConnectorError, StateTampered, Stopped
from ml_connector.restored import PUT_BACK
from ml_connector.store import schema
from ml_emulators.kit.faults import Fault
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
    await resume(home.app, "ana")
    assert (await drain(home.app)).written > 0
    assert current_status(home.app).paused == ""
    verify_audit(home.app)
    said = [(event.actor, event.action) for event in home.store.audit_events(home.app.connection.id)[events:]]
    assert [each for each in said if each[0] == "ana"] == [("ana", "stop"), ("ana", "resume")]


async def test_a_reason_is_always_on_record(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    pause(home.app, "ana", "")
    assert current_status(home.app).paused == "no reason given"


async def test_a_state_that_was_put_back_is_checked_before_it_writes_again(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.run()
    connection = home.app.connection.id
    vanished = home.state("salesforce", "Opportunity")[0]["Id"]
    home.store.pause(connection, PUT_BACK)
    home.emulation.act("salesforce", "delete", "Opportunity", {"Id": vanished})
    home.emulation.faults.add(Fault("status", vendor="salesforce", status=503, count=100))
    with pytest.raises(ConnectorError):
        await resume(home.app, "ana")
    assert current_status(home.app).paused == PUT_BACK, "what could not be compared is not let go on"
    home.emulation.faults.clear()
    home.clock.advance(timedelta(hours=1))
    checked = await resume(home.app, "ana")
    assert checked["listed"] > checked["vanished"] > 0
    event = home.store.audit_events(connection)[-1]
    assert (event.actor, event.action) == ("ana", "resume")
    assert event.detail["vanished"] == checked["vanished"]
    assert current_status(home.app).paused == ""


async def test_rows_that_were_changed_without_the_key_are_settled_first(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.run()
    home.store.pause(home.app.connection.id, PUT_BACK)
    with home.store.begin() as tx:
        tx.execute(update(schema.link).values(target_version="0"))
    with pytest.raises(StateTampered):
        await resume(home.app, "ana")
    assert current_status(home.app).paused == PUT_BACK
