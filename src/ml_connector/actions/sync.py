"""One pass: ask both systems what changed, and do all that is due."""

from __future__ import annotations

from ml_connector.actions.drain import DrainReport, drain
from ml_connector.actions.holds import note_late
from ml_connector.actions.last_run import on_record
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.retention import forget_old
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App
from ml_connector.model.errors import ReadRefused
from ml_connector.service.draining import must_be_live


async def sync(app: App, progress: Progress = quiet) -> DrainReport:
    """One pass: sweep both systems, release what can go on, do all that is due.

    Raises `DryRun` before the first plan was applied and `Paused` while writes are stopped; both sides were asked then.
    """
    refused: list[ReadRefused] = []
    try:
        with on_record(app):
            await sweep_all(app, progress, refused)
            report = await drain(app, progress, must_be_live(app))
            report.unlisted += [f"{error.sentence} {error.remedy}" for error in refused]
            return report
    finally:
        # A side that is away is no reason to keep quiet about what waits too long, maybe for that side.
        note_late(app)
        forget_old(app)
