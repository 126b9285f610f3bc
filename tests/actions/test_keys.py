"""Everything sealed is sealed anew, by nobody while a run is at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from ml_connector.actions.audit import verify_audit
from ml_connector.actions.keys import rotate_keys
from ml_connector.custody import open_secret
from ml_connector.model.errors import ConnectorError, Stopped
from ml_connector.store import schema
from support.world import Installation


def keys_of(home: Path) -> set[str]:
    return {path.stem for path in (home / "keys").glob("*.key")}


def test_all_secrets_open_with_the_new_key_alone(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    first = home.vault.key_id
    assert rotate_keys(home.app, "setup") == len(home.store.all_sealed()) == 3
    second = home.vault.key_id
    assert second != first
    assert keys_of(tmp_path) == {first, second}
    rotate_keys(home.app, "setup")
    assert keys_of(tmp_path) == {second, home.vault.key_id}
    (tmp_path / "keys" / f"{second}.key").unlink()
    client = home.emulation.vendors["quickbooks"].connection_info()
    secret = open_secret(home.custody("quickbooks"), f"quickbooks:{client['client_id']}", "client_secret", "")
    assert secret == client["client_secret"]


async def test_the_audit_log_is_whole_after_a_rotation(tmp_path: Path) -> None:
    """Both seals are made anew, and the old key is gone."""
    home = Installation(tmp_path)
    await home.approve_all()
    before = verify_audit(home.app)
    rotate_keys(home.app, "setup")
    rotate_keys(home.app, "setup")
    assert verify_audit(home.app, before.head).compared_with == before.events
    assert verify_audit(home.app).events == before.events + 2


async def test_a_rotation_covers_nothing_up(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.approve_all()
    with home.store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM audit WHERE number > 2")
    rotate_keys(home.app, "setup")
    with pytest.raises(ConnectorError):
        verify_audit(home.app)


def test_keys_that_nothing_fits_are_not_kept(tmp_path: Path) -> None:
    """Who can write the state cannot keep an old key alive."""
    home = Installation(tmp_path)
    rotate_keys(home.app, "setup")
    old = keys_of(tmp_path) - {home.vault.key_id}
    (mark,) = (key.encode() + bytes(32) for key in old)
    with home.store.begin() as tx:
        tx.execute(update(schema.audit).values(mark=mark))
        tx.execute(update(schema.audit_head).values(sealed=b"mlc1" + mark))
    rotate_keys(home.app, "setup")
    assert not old & keys_of(tmp_path)


def test_not_while_a_run_is_at_work(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    now = home.app.world.clock.now()
    assert home.store.take_lease(home.app.connection.id, "another process", now) is not None
    with pytest.raises(Stopped, match="Another run is at work"):
        rotate_keys(home.app, "setup")
