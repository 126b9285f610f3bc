"""Sync again and again, through whatever passes by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ml_connector.actions.drain import DrainReport
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.sync import sync
from ml_connector.app import App
from ml_connector.engine.corridor import backoff
from ml_connector.model.errors import ConnectorError, DryRun, Paused, SignInNeeded, WrongUse

Tell = Callable[[str], None]
"""Told a line that people should still see later."""


async def follow(
    app: App,
    progress: Progress = quiet,
    tell: Tell = lambda _: None,
    passed: Callable[[DrainReport], None] = lambda _: None,
) -> None:
    """Sync again and again at the cadence of the settings, sooner when something waits for a moment in between.

    While writes are stopped, and in dry run, it goes on asking what changed. Everything else is waited for, each time
    longer, up to 15 minutes: another run, a vendor that is away or cannot be read, a limit, a state that is locked or
    full. Only a person can renew a dead sign-in (`SignInNeeded`) or correct a setting (`WrongUse`): these end it.
    `passed` is told what each pass did.
    """
    condition, failures = Condition(tell), 0
    cadence = timedelta(minutes=app.settings.cadence.sweep_minutes)
    while True:
        try:
            passed(await sync(app, progress))
            wait = _until_next(app, cadence)
        except (SignInNeeded, WrongUse):
            raise
        except (Paused, DryRun) as standstill:
            # What changed was asked for before. What is due may not be done: it is no reason to come back sooner.
            condition.is_now(standstill)
            wait, failures = cadence, 0
        except ConnectorError as trouble:
            condition.is_now(trouble)
            wait = backoff(failures, app.world.ids.jitter())
            failures += 1
        else:
            condition.is_over()
            failures = 0
        await app.world.clock.sleep(wait)


class Condition:
    """What keeps it from its work: told once when it begins, and once when it is over."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: type[ConnectorError] | None = None

    def is_now(self, error: ConnectorError) -> None:
        """Tell of this trouble, unless its kind was told last: a limit that lasts is one line, not one a minute."""
        if type(error) is not self._told:
            self._told = type(error)
            self._tell(f"{error.sentence} {error.remedy}")

    def is_over(self) -> None:
        """Tell that it is over; nothing where nothing was told."""
        if self._told is not None:
            self._told = None
            self._tell("That is over: syncing goes on.")


def _until_next(app: App, cadence: timedelta) -> timedelta:
    due = app.store.next_due(app.connection.id)
    return cadence if due is None else min(cadence, max(due - app.world.clock.now(), timedelta(seconds=1)))
