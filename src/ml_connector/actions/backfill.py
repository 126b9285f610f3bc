"""Look at every record again."""

from __future__ import annotations

import contextlib

from ml_connector.actions.last_run import on_record
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App
from ml_connector.engine.intake import sweep
from ml_connector.model.errors import ReadRefused, WrongUse


async def backfill(app: App, progress: Progress = quiet) -> dict[str, int]:
    """Look at every record again, from the beginning, in the order of the flows. Tasks knocked on, by system.

    A list of what is there does not name what was deleted: each system is asked for that first, since the last sweep,
    and all ids are compared afterwards.
    """
    with on_record(app):
        return await _all_again(app, progress)


async def _all_again(app: App, progress: Progress) -> dict[str, int]:
    for number, name in enumerate(app.runtime.systems):
        source = f"sweep:{name}"
        if app.store.position(app.connection.id, source) is None:
            continue
        progress("Asking what was deleted", number, len(app.runtime.systems))
        # A position that cannot be read is one of the reasons for a backfill; all ids are compared afterwards.
        with contextlib.suppress(WrongUse, ReadRefused):
            await sweep(app.connection, app.runtime, name)
        app.store.forget_position(app.connection.id, source)
    return await sweep_all(app, progress)
