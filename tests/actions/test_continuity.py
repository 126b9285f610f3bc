"""`status` shows what is covered, what is missing and what is alarming."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ml_connector.actions.continuity import continuity_of
from ml_connector.actions.status import current_status
from ml_connector.actions.sync import sync
from ml_connector.model.alerts import Alert, AlertKind
from ml_connector.model.continuity import Cause
from ml_connector.service.continuity import close_hole, covered, open_hole, open_holes
from support.in_step import in_step
from support.live import Living


async def test_status_tells_of_holes_and_alarms(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    app, hour = living.home.app, timedelta(hours=1)
    await living.live_for(hour)
    whole = continuity_of(app)
    assert {row.source for row in whole.covered} == {"quickbooks", "salesforce"}
    assert {row.breaks for row in whole.covered} == {0}
    assert not whole.holes
    number = open_hole(app, "salesforce", ["Account"], living.now - 2 * hour, living.now - hour, Cause.OVERFLOW)
    hole = Alert(AlertKind.HOLE, str(number), "A hole stays open.", "status")
    app.store.note_alerts(app.connection.id, [hole], living.now)
    undone = [(item.level, item.sentence) for item in current_status(app).undone()]
    assert ("FAIL", "A hole stays open.") in undone
    assert ("warn", "A hole in what we know of the two sides: closed by a run.") in undone
    (account,) = [row for row in continuity_of(app).covered if (row.source, row.kind) == ("salesforce", "Account")]
    assert (account.breaks, account.since) == (1, living.now - hour)
    covered(app, "salesforce", ["Account"], living.now - 3 * hour, living.now, "bridge")
    assert not continuity_of(app).holes
    assert not close_hole(app, number, "again")


async def test_a_single_sync_closes_a_hole(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    await sync(home.app)
    now = home.clock.now()
    open_hole(home.app, "salesforce", ["Account"], now - timedelta(hours=4), now - timedelta(minutes=6), Cause.OVERFLOW)
    await sync(home.app)
    assert not open_holes(home.app)
