"""Everything sealed is sealed anew, by nobody while a run is at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.keys import rotate_keys
from ml_connector.custody import open_secret
from ml_connector.model.errors import Stopped
from support.world import Installation


def test_all_secrets_open_with_the_new_key_alone(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    old = home.vault.key_id
    assert rotate_keys(home.app) == len(home.store.all_sealed()) == 3
    assert home.vault.key_id != old
    assert sorted(path.stem for path in (tmp_path / "keys").glob("*.key")) == [home.vault.key_id]
    client = home.emulation.vendors["quickbooks"].connection_info()
    secret = open_secret(home.store, home.vault, f"quickbooks:{client['client_id']}", "client_secret", "")
    assert secret == client["client_secret"]


def test_not_while_a_run_is_at_work(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    now = home.app.world.clock.now()
    assert home.store.take_lease(home.app.connection.id, "another process", now) is not None
    with pytest.raises(Stopped, match="Another run is at work"):
        rotate_keys(home.app)
