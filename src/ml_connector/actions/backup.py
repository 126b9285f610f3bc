"""Copy the state to a file."""

from __future__ import annotations

from pathlib import Path

from ml_connector.app import App
from ml_connector.model.errors import WrongUse


def backup(app: App, to: Path | None = None) -> Path:
    """Copy the state to a file while work goes on. Keys are not in it. Raises `WrongUse` for a database server."""
    stamp = app.world.clock.now().strftime("%Y%m%dT%H%M%SZ")
    file = to or app.settings.home / f"backup-{stamp}.db"
    if file.exists():
        raise WrongUse(f"{file} is already there.", "Name another file.")
    app.store.copy_to(file)
    return file
