"""Rows of the state that somebody without the key has changed: which they are, and what a person decides about them."""

from __future__ import annotations

from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.model.people import Actor


def tampered_rows(app: App) -> list[str]:
    """The rows that are not believed, by table and key: their marks do not fit, or a run has named them.

    Those that nobody has noticed before are put down: in the audit log, and among the holds, so that postings stop.
    """
    connection = app.connection.id
    known = app.store.held_rows(connection)
    rows = list(dict.fromkeys([*known, *app.store.strange_rows(connection)]))
    if len(rows) > len(known):
        app.store.hold_rows(connection, rows, app.world.clock.now())
    return rows


def accept_row(app: App, row: str, actor: Actor) -> None:
    """Believe a row as it stands from now on. Raises `WrongUse` for one that is not changed."""
    must_be(app, actor, "tampered accept", "admin")
    app.store.accept_row(app.connection.id, row, actor, app.world.clock.now())
    if row.startswith("person "):
        app.store.remember_person(app.connection.id, row.removeprefix("person "))


def drop_row(app: App, row: str, actor: Actor) -> None:
    """Delete a row; what depended on it is decided anew. Raises `WrongUse` for one that is not changed."""
    must_be(app, actor, "tampered drop", "admin")
    app.store.drop_row(app.connection.id, row, actor, app.world.clock.now())
