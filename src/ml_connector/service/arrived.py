"""From deliveries that were acknowledged to tasks."""

from __future__ import annotations

from ml_connector.app import App
from ml_connector.engine.intake import receive
from ml_connector.model.refs import Change

_PAGE = 200
"""Deliveries that become tasks in one transaction."""


def take_arrivals(app: App) -> int:
    """Make tasks of all that was delivered. Returns how many deliveries there were. Raises `StateTrouble`.

    Knocks and the end of their arrivals are one transaction: after a crash in between it is done anew.
    """
    count = 0
    while page := app.store.arrivals(app.connection.id, _PAGE):
        changes = [Change(ref, arrival.source, arrival.at) for arrival in page for ref in arrival.refs]
        source = page[-1].source
        receive(app.connection, app.runtime, changes, source, arrivals=[arrival.id for arrival in page])
        count += len(page)
        if len(page) < _PAGE:
            break
    return count
