"""The connections of an installation: all on one store and one network, each with its own settings and records."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from ml_connector.actions.connect import seal_client_secret
from ml_connector.actions.connections import (
    Disconnected,
    RulesView,
    add_connection,
    connections,
    disconnect,
    remove,
    rename_connection,
    rules_of,
)
from ml_connector.actions.open import App, open_app, open_apps, open_home
from ml_connector.actions.status import current_status
from ml_connector.actions.up import alone
from ml_connector.custody import TOKENS
from ml_connector.engine.lease import Lease
from ml_connector.model.errors import Busy, ConnectorError, WrongUse
from ml_connector.model.refs import Ref
from ml_connector.settings import change_settings, write_connection
from ml_connector.store import schema
from ml_connector.systems.http import NotSent, Request, Response
from ml_connector.world import World
from ml_emulators.kit.clock import VirtualClock
from support.homes import NOON, add, company, home_with
from support.world import SimClock


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
        assert [event.action for event in west.store.audit_events(west.connection.id)] == ["sign in"]


class Intuit:
    """Takes note of what is sent to it, and answers with one status or not at all."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.sent: list[str] = []

    async def send(self, request: Request) -> Response:
        self.sent.append(request.url)
        if not self.status:
            raise NotSent("No answer.", "Again.")
        return Response(self.status, {}, b"")


@asynccontextmanager
async def east_with(home: Path, intuit: Intuit) -> AsyncIterator[App]:
    clock = VirtualClock()
    clock.freeze(NOON)
    async with open_app(home, "east") as app:
        world = World(intuit, SimClock(clock), app.world.ids)
        yield msgspec.structs.replace(app, world=world)


def tokens_of(app: App) -> bytes | None:
    return app.store.sealed(f"quickbooks:{app.settings.rules.realm_id}", TOKENS)


@pytest.mark.parametrize(("status", "revoked"), [(200, True), (400, True), (0, False)])
async def test_a_sign_in_is_ended_at_intuit_and_forgotten_here(home: Path, status: int, revoked: bool) -> None:
    async with east_with(home, Intuit(status)) as app:
        assert await disconnect(app, "ana") == Disconnected(revoked)
        assert isinstance(app.world.network, Intuit)
        assert set(app.world.network.sent) == {"http://127.0.0.1:40001/v2/oauth2/tokens/revoke"}
        assert tokens_of(app) is None
        assert (await connections(home))[0].state == "disconnected"
        assert await disconnect(app, "ana") == Disconnected(None), "there is nothing to be ended any more"
        row = app.store.connection(app.connection.id)
        assert row is not None
        assert row.paused == "disconnected"
        assert app.store.take_turn("quickbooks:9131", "somebody", NOON + timedelta(days=9), NOON), "the turn is free"


async def test_a_sign_in_that_another_connection_needs_stays(home: Path) -> None:
    add(home, "twin", 1, org=7)
    async with east_with(home, Intuit(200)) as app:
        assert await disconnect(app, "ana") == Disconnected(revoked=None, shared_with=("twin",))
        assert tokens_of(app)
        await remove(app, "ana")
        assert tokens_of(app)
    async with open_app(home, "twin") as twin:
        assert current_status(twin).paused == ""


async def test_a_removed_connection_leaves_its_log_and_what_others_use(home: Path) -> None:
    async with east_with(home, Intuit(200)) as app:
        connection = app.connection.id
        app.store.intake(connection, [("customer_to_account", Ref("quickbooks", "Customer", "7"))], "test", NOON)
        with alone(home), pytest.raises(Busy, match="A service runs on this home"):
            await remove(app, "ana")
        assert app.store.unserved(connection) != {}, "the service goes on with it"
        assert await remove(app, "ana") == Disconnected(revoked=True)
        assert app.store.unserved(connection) == {}
        assert [event.action for event in app.store.audit_events(connection)][-2:] == ["disconnect", "remove"]
        app.store.verify_audit()
        assert {owner for owner, _, _ in app.store.all_sealed() if owner.startswith(("quickbooks", "salesforce"))} == {
            "quickbooks:9132", "quickbooks:our-app", "salesforce:our-client",
        }  # fmt: skip
    async with open_app(home) as west:
        assert west.settings.name == "west"
    add(home, "again", 1)
    async with open_app(home, "again") as app:
        assert current_status(app).paused == "removed", "a person lets it write again"


def test_a_rename_moves_a_file_and_nothing_else(home: Path) -> None:
    text = (home / "connections/east.toml").read_text()
    rename_connection(home, "east", "north")
    assert (home / "connections/north.toml").read_text() == text
    for old, new, why in (("north", "west", "already"), ("east", "south", "no connection"), ("north", "No", "no name")):
        with pytest.raises(WrongUse, match=why):
            rename_connection(home, old, new)
    (home / "settings.toml").write_text("[rules]\nmax_lines = 7\n")
    with pytest.raises(WrongUse, match=r"stand in settings\.toml itself"):
        rename_connection(home, "default", "south")


async def test_what_a_connection_costs_who_is_at_work_and_which_rules_are_in_force(home: Path) -> None:
    async with open_app(home, "east") as app:
        month = f"{app.world.clock.now():%Y-%m}"
        booked = json.dumps({f"{month} read": 12, f"{month} write": 3, "2020-01 read": 99})
        with app.store.begin() as tx:
            tx.execute(schema.pace.insert().values(name="quickbooks:9131", booked=booked))
        for digest, content in (("a", '{"max_lines":5,"x":1}'), ("b", '{"max_lines":6,"x":1}')):
            app.store.keep_rules(app.connection.id, digest, content, "ana", NOON)
        with Lease(app.store, app.connection.id, app.world.clock).held("a run"):
            east, west = await connections(home)
        assert east.called == {"quickbooks": {"read": 12, "write": 3}, "salesforce": {}}
        assert (east.at_work, west.at_work) == ("a run", "")
        assert east.rules == RulesView(number=2, at=NOON, by="ana", changed=["max_lines"])
        assert rules_of(app)[1].changed == ["max_lines", "x"]
    assert west.rules is None


async def test_the_secret_of_a_copied_org_does_not_take_the_place_of_the_first_ones(home: Path) -> None:
    """A sandbox that was copied from production has the client id of production."""
    sections = company(5)
    sections["salesforce"]["base_url"] = "http://localhost:39998"
    write_connection(home, "sandbox", sections)
    async with open_home(home, "sandbox") as sandbox:
        with pytest.raises(WrongUse, match="Connection east has the same client id of salesforce for other hosts"):
            seal_client_secret(sandbox, "salesforce", "another")
    change_settings(home, "salesforce", {"client_id": "its-own"}, "sandbox")
    async with open_home(home, "sandbox") as sandbox:
        seal_client_secret(sandbox, "salesforce", "another")
    async with open_app(home, "east") as east:
        assert isinstance(east, App)
