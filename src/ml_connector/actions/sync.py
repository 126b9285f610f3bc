"""One pass: ask both systems what changed, and do all that is due."""

from __future__ import annotations

from ml_connector.actions.drain import DrainReport, connection_of, drain
from ml_connector.actions.holds import note_late
from ml_connector.actions.last_run import on_record
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.retention import forget_old
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App
from ml_connector.model.errors import DryRun, ReadRefused
from ml_connector.service.draining import all_well


async def sync(app: App, progress: Progress = quiet) -> DrainReport:
    """One pass: sweep both systems, release what can go on, do all that is due.

    Raises `DryRun` before the first plan was applied and `Paused` while writes are stopped; both sides were asked then.
    """
    refused: list[ReadRefused] = []
    try:
        with on_record(app):
            await sweep_all(app, progress, refused)
            connected = connection_of(app)
            if connected is None or connected.live_since is None:
                raise DryRun(
                    "This installation is in dry run: nothing was written.",
                    "See what would be done with  ml-connector plan  and apply that plan.",
                )
            report = await drain(app, progress)
            report.unlisted += [f"{error.sentence} {error.remedy}" for error in refused]
            all_well(app)
            return report
    finally:
        # A side that is away is no reason to keep quiet about what waits too long, maybe for that side.
        note_late(app)
        forget_old(app)
