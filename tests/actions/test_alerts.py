"""Where alarms are sent is sealed: neither the state nor the log shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from ml_connector.actions.alerts import add_address, forget_addresses, send_test, shown_alerts
from ml_connector.custody import open_addresses
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.store import schema
from support.in_step import in_step

ADDRESS = "mailtos://ana:hunter2@example.com"


async def test_an_address_is_sealed_and_shown_by_its_service_alone(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    assert add_address(home.app, "ana", ADDRESS) == 1
    assert add_address(home.app, "ana", ADDRESS) == 1, "once"
    assert add_address(home.app, "ana", "json://127.0.0.1:9/x?token=hunter2") == 2
    assert open_addresses(home.store, home.vault, home.app.connection.id)[0] == ADDRESS
    assert shown_alerts(home.app).sent_to == ["mailtos", "json"]
    with home.store.begin() as tx:
        kept = repr([tx.execute(select(table)).all() for table in schema.metadata.sorted_tables])
    assert "hunter2" not in kept
    assert forget_addresses(home.app, "ana") == 2
    assert shown_alerts(home.app).sent_to == []


@pytest.mark.parametrize("address", ["", "ana@example.com", "mail to://x", "://x", "json://"])
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(WrongUse, match="no address of a service"):
        add_address(in_step(tmp_path).app, "ana", address)


async def test_a_test_message_that_does_not_arrive_is_an_error(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    with pytest.raises(WrongUse, match="sent to nobody"):
        await send_test(home.app)
    add_address(home.app, "ana", "json://127.0.0.1:9/closed")
    with pytest.raises(ConnectorError, match="could not be sent"):
        await send_test(home.app)
