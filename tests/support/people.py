"""People of a company who have proved who they are, as quickly as it can be done: by their tokens."""

from __future__ import annotations

import msgspec

from ml_connector.actions.acting import os_user
from ml_connector.actions.people import add_person
from ml_connector.actions.proof import prove
from ml_connector.app import App
from ml_connector.model.people import Actor, Person


def in_production(app: App) -> App:
    """The same installation, where people must prove who they are."""
    assert app.settings.quickbooks is not None
    quickbooks = msgspec.structs.replace(app.settings.quickbooks, environment="production")
    return msgspec.structs.replace(app, settings=msgspec.structs.replace(app.settings, quickbooks=quickbooks))


def invited(app: App, name: str, *roles: str, by: Actor | None = None) -> Person:
    """Somebody new, who has proved to be the one. The first is invited by whoever holds the home."""
    return prove(app, name, add_person(app, by or os_user(), name, roles).reveal())
