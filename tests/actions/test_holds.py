"""Holds in words. In a rehearsal an order of a day that was played is explained."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ml_connector.actions.holds import PLAYED_DAYS, open_holds
from ml_connector.actions.status import current_status
from ml_connector.model.plans import Hold
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task, Verdict
from support.world import Installation


@pytest.mark.parametrize(("environment", "told"), [("rehearsal", True), ("production", False)])
def test_an_order_of_tomorrow(environment: str, told: bool, tmp_path: Path) -> None:
    home = Installation(tmp_path)
    now, connection = home.clock.now(), home.app.connection.id
    token = home.store.take_lease(connection, "test", now)
    assert token is not None
    hold = Hold(code="H-FUTURE", facts={"order": "00001310", "date": "2026-12-15"})
    task = Task("order_to_journal", Ref("salesforce", "Order", "801"), 1, 0, now)
    home.store.settle(connection, token, [Verdict(task=task, ending=hold)], now)
    quickbooks = home.settings.quickbooks
    assert quickbooks is not None
    quickbooks = msgspec.structs.replace(quickbooks, environment=environment)
    app = msgspec.structs.replace(home.app, settings=msgspec.structs.replace(home.settings, quickbooks=quickbooks))
    (view,) = open_holds(app)
    assert view.sentence == "Order 00001310 is dated 2026-12-15."
    assert (PLAYED_DAYS in view.remedy) == told
    assert (PLAYED_DAYS in current_status(app).hint) == told
