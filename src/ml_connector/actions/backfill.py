"""Look at every record again."""

from __future__ import annotations

from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App


async def backfill(app: App, progress: Progress = quiet) -> dict[str, int]:
    """Look at every record again, from the beginning, in the order of the flows."""
    for name in app.runtime.systems:
        app.store.forget_position(app.connection.id, f"sweep:{name}")
    return await sweep_all(app, progress)
