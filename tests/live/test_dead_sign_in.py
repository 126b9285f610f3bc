"""A sign-in that was withdrawn is on record; the other side goes on; after reconnecting it resumes by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ml_connector.actions.connect import REDIRECT
from ml_connector.actions.status import current_status
from ml_connector.clients import quickbooks_oauth
from ml_connector.custody import SealedTokens
from ml_connector.service.sides import sides_of
from ml_connector.systems.http import Caller, Request
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks.auth import consent
from support.in_step import in_step
from support.live import Living, another_phone, phone
from support.world import Installation

HOUR = timedelta(hours=1)


def disconnected(home: Installation) -> None:
    home.emulation.act("quickbooks", "disconnect", "", {})


def side_events(home: Installation) -> list[str]:
    events = home.store.audit_events(home.app.connection.id)
    return [event.action for event in events if event.action.startswith("side")]


async def connected_again(home: Installation) -> None:
    """What `connect` does in another terminal, and its person in a browser."""
    app = home.process()
    caller = Caller(home.network, app.world.clock, home.ids, free_throttle(app.world.clock), "QuickBooks")
    oauth = quickbooks_oauth(home.settings, home.store, home.vault, caller, app.world.clock)
    page = await home.network.send(Request("GET", oauth.authorize_url(REDIRECT, "state"), {"accept": "text/html"}))
    params = dict(parse_qsl(urlsplit(page.header("location")).query))
    tokens = await oauth.exchange(consent(params, "state").code, REDIRECT)
    SealedTokens(home.custody("quickbooks"), params["realmId"]).store(tokens)
    sides_of(app).reconnected("quickbooks")


async def test_it_is_on_record_and_resumes_by_itself(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    living = Living(home)
    await living.live_for(HOUR, (HOUR / 12, lambda: disconnected(home)))
    order = home.state("salesforce", "Order")[0]["Id"]
    home.emulation.act("salesforce", "update", "Order", {"Id": order, "Description": "changed meanwhile"})
    another_phone(home, 77)
    await living.live_for(3 * 24 * HOUR)

    status = current_status(home.app)
    sides = {side.system: side for side in status.sides}
    assert (sides["quickbooks"].state, sides["salesforce"].state) == ("dead", "live")
    assert sides["quickbooks"].since is not None
    assert sides["salesforce"].asked_at is not None
    assert living.now - sides["salesforce"].asked_at <= HOUR / 4
    assert living.unserved > 0, "what changed in Salesforce was taken in"
    assert (status.exit_status, status.attention) == (3, True)
    assert [item.command for item in status.failing()] == ["connect quickbooks"]
    assert (side_events(home), len(living.told)) == (["side dead"], 1)

    await connected_again(home)
    await living.live_for(timedelta(minutes=3))
    assert (phone(home), living.unserved) == ("(617) 555-0177", 0)
    assert current_status(home.app).exit_status == 0
    assert side_events(home) == ["side dead", "side live"]
