"""Alarms: which are raised, and to whom they are sent."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.custody import open_addresses, seal_addresses
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.model.people import Actor
from ml_connector.service.alerts import Notifier, by_apprise
from ml_connector.store.rows import AlertRow


class AlertsView(msgspec.Struct, frozen=True):
    """The alarms that are raised, oldest first, and the services that they are sent to, without what is secret."""

    raised: Sequence[AlertRow]
    sent_to: Sequence[str]


def shown_alerts(app: App) -> AlertsView:
    """What `ml-connector alerts list` shows."""
    addresses = open_addresses(app.store, app.vault, app.connection.id)
    return AlertsView(app.store.alerts(app.connection.id), [_service(address) for address in addresses])


def add_address(app: App, actor: Actor, address: str) -> int:
    """Send alarms to one more address of apprise (`mailto://...`); it is sealed. How many there are now.

    Raises `WrongUse` for what is no address, `NotProved` where `actor` may not do this.
    """
    must_be(app, actor, "alerts add", "admin")
    if not _service(address) or any(letter.isspace() for letter in address):
        raise WrongUse("This is no address of a service.", "Write it as apprise does:  mailto://user:password@host")
    before = open_addresses(app.store, app.vault, app.connection.id)
    after = tuple(dict.fromkeys((*before, address)))
    seal_addresses(app.store, app.vault, app.connection.id, after, app.world.clock.now())
    _audit(app, actor, "alerts add", after)
    return len(after)


def forget_addresses(app: App, actor: Actor) -> int:
    """Send alarms to nobody any more; they stay in the log and in `status`. How many addresses there were."""
    must_be(app, actor, "alerts forget", "admin")
    before = open_addresses(app.store, app.vault, app.connection.id)
    seal_addresses(app.store, app.vault, app.connection.id, (), app.world.clock.now())
    _audit(app, actor, "alerts forget", ())
    return len(before)


async def send_test(app: App, notifier: Notifier = by_apprise) -> int:
    """Send a test message to every address; to how many. Raises `ConnectorError` where it did not arrive."""
    addresses = open_addresses(app.store, app.vault, app.connection.id)
    if not addresses:
        raise WrongUse("Alarms are sent to nobody.", "Name an address first:  ml-connector alerts add")
    if not await notifier(addresses, "ml-connector: a test", "Alarms of this connection arrive here."):
        raise ConnectorError(
            "The test message could not be sent.",
            "Look into the log, correct the address (ml-connector alerts forget, alerts add), and install the extra: "
            "ml-connector[alerts]",
        )
    return len(addresses)


def _service(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    return scheme if mark and scheme.isalnum() and rest else ""


def _audit(app: App, actor: Actor, what: str, addresses: Sequence[str]) -> None:
    detail = {"services": [_service(address) for address in addresses]}
    app.store.audit(app.connection.id, actor, what, "alerts", detail, app.world.clock.now())
