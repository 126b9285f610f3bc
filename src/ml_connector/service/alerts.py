"""The job that raises alarms, tells of them, and tells when they are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ml_connector.app import App
from ml_connector.custody import open_addresses
from ml_connector.model.alerts import Message

from .alarms import alarms
from .work import Around, ConnectionJob

ALERTS = "alerts"
LOOK = timedelta(minutes=15)
"""How often the records are looked through; when a side changes, at once."""
_log = structlog.get_logger("alerts")


class Notifier(Protocol):
    """What brings a message to people."""

    async def __call__(self, addresses: Sequence[str], title: str, body: str) -> bool:
        """Whether it was sent to all."""


async def by_apprise(addresses: Sequence[str], title: str, body: str) -> bool:
    """Through `apprise`, which is an extra. False, with a line in the log, where that is not installed."""
    try:
        from apprise import Apprise
    except ImportError:
        _log.error("alarms cannot be sent: install ml-connector[alerts]")
        return False
    sender = Apprise()
    known = [sender.add(address) for address in addresses]
    return all(known) and bool(await sender.async_notify(title=title, body=body))


class AlertsJob(ConnectionJob):
    """Looks through our own records, and tells of each alarm once, and once more when it is over."""

    def __init__(self, around: Around, notifier: Notifier = by_apprise) -> None:
        super().__init__(ALERTS, around)
        self._notifier = notifier

    async def work(self) -> datetime:
        """When it has to look again."""
        app, now = self.around.app, self.clock.now()
        app.store.note_alerts(app.connection.id, alarms(app, now), now)
        await deliver(app, self._notifier)
        return self.clock.now() + LOOK


async def deliver(app: App, notifier: Notifier = by_apprise) -> int:
    """Tell of what nobody was told of: a line in the log, and a message where there is an address. How many.

    What could not be sent is sent with the next round.
    """
    messages = app.store.untold_alerts(app.connection.id)
    addresses = open_addresses(app.store, app.vault, app.connection.id) if messages else ()
    connected = app.store.connection(app.connection.id)
    company = (connected.company if connected else "") or app.connection.id
    for message in messages:
        if addresses and not await notifier(addresses, message.title(company), message.body()):
            _log.warning("an alarm could not be sent", key=message.key)
            return 0
        _note(message)
        app.store.told_of(app.connection.id, message)
    return len(messages)


def _note(message: Message) -> None:
    if message.over:
        _log.info("alarm over", key=message.key)
    else:
        _log.warning("alarm", key=message.key, sentence=message.sentence, command=message.command)
