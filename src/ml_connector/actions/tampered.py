"""Rows of the state that somebody without the key has changed: which they are, and what a person decides about them."""

from __future__ import annotations

from ml_connector.app import App


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


def accept_row(app: App, row: str, actor: str) -> None:
    """Believe a row as it stands from now on. Raises `WrongUse` for one that is not changed."""
    app.store.accept_row(app.connection.id, row, actor, app.world.clock.now())


def drop_row(app: App, row: str, actor: str) -> None:
    """Delete a row; what depended on it is decided anew. Raises `WrongUse` for one that is not changed."""
    app.store.drop_row(app.connection.id, row, actor, app.world.clock.now())
