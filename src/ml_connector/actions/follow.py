"""Sync again and again."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.sync import sync
from ml_connector.app import App
from ml_connector.model.errors import LimitReached, Unreachable

AWAY = timedelta(minutes=1)


async def follow(app: App, progress: Progress = quiet) -> None:
    """Sync again and again at the cadence of the settings, sooner when something waits for a moment in between.

    A side that is away, or a limit that is used up, is waited for; a dead sign-in ends it.
    """
    while True:
        try:
            await sync(app, progress)
        except (Unreachable, LimitReached) as error:
            progress(f"{error.sentence} {error.remedy}", 0, 0)
            await app.world.clock.sleep(AWAY)
        else:
            await app.world.clock.sleep(_until_next(app))


def _until_next(app: App) -> timedelta:
    cadence = timedelta(minutes=app.settings.cadence.sweep_minutes)
    due = app.store.next_due(app.connection.id)
    return cadence if due is None else min(cadence, max(due - app.world.clock.now(), timedelta(seconds=1)))
