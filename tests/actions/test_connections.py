"""The connections of an installation: all on one store and one network, each with its own settings and records."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.connections import add_connection, connections
from ml_connector.actions.open import App, open_app, open_apps
from ml_connector.model.errors import ConnectorError, WrongUse
from support.homes import NOON, home_with


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with(tmp_path / "home", "east", "west")


async def test_each_is_listed_with_its_company_and_state(home: Path) -> None:
    async with open_app(home, "west") as app:
        app.store.pause(app.connection.id, "year end")
    add_connection(home, "north")
    east, north, west = await connections(home)
    assert (east.name, east.company, east.realm_id, east.state, east.attention) == (
        "east", "Company 1", "9131", "live", False,
    )  # fmt: skip
    assert (west.name, west.state, [item.command for item in west.undone]) == ("west", "stopped", ["resume"])
    assert (north.state, north.trouble, north.attention) == ("not connected", "QuickBooks is not connected yet.", True)


async def test_one_that_is_wrong_does_not_keep_the_others_away(home: Path) -> None:
    (home / "connections/east.toml").write_text("[rules]\nmax_line = 5\n")
    async with open_apps(home) as apps:
        assert isinstance(apps["east"], WrongUse)
        assert isinstance(apps["west"], App)
    (home / "settings.toml").write_text("[state]\nurl = 5\n")
    with pytest.raises(ConnectorError, match="url must be a text"):
        async with open_apps(home):
            pass


async def test_all_share_the_installation_and_nothing_of_each_other(home: Path) -> None:
    async with open_apps(home) as apps:
        east, west = apps["east"], apps["west"]
        assert isinstance(east, App)
        assert isinstance(west, App)
        assert (east.store, east.vault, east.world.network) == (west.store, west.vault, west.world.network)
        east.store.pause(east.connection.id, "year end")
        west_row = west.store.connection(west.connection.id)
        assert west_row is not None
        assert west_row.paused == ""
        east.store.audit(east.connection.id, "ana", "note", "x", {}, NOON)
        assert west.store.audit_events(west.connection.id) == []
