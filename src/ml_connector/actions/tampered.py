"""Rows of the state that somebody without the key has changed: which they are, and what a person decides about them."""

from __future__ import annotations

from ml_connector.app import App


def tampered_rows(app: App) -> list[str]:
    """The rows that are not believed, by table and key: their marks do not fit, or a run has named them."""
    connection = app.connection.id
    return list(dict.fromkeys([*app.store.strange_rows(connection), *app.store.held_rows(connection)]))


def accept_row(app: App, row: str, actor: str) -> None:
    """Believe a row as it stands from now on. Raises `WrongUse` for one that is not changed."""
    app.store.accept_row(app.connection.id, row, actor, app.world.clock.now())


def drop_row(app: App, row: str, actor: str) -> None:
    """Delete a row; what depended on it is decided anew. Raises `WrongUse` for one that is not changed."""
    app.store.drop_row(app.connection.id, row, actor, app.world.clock.now())
