"""Copy the state to a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ml_connector.actions.acting import must_be
from ml_connector.actions.audit import audit_head
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.model.people import Actor


class Backup(msgspec.Struct, frozen=True):
    """The copy, and the head of its audit log, for a person to keep elsewhere."""

    file: Path
    head: str


def backup(app: App, actor: Actor, to: Path | None = None) -> Backup:
    """Copy the state to a file while work goes on. Keys are not in it. Raises `WrongUse` for a database server."""
    must_be(app, actor, "backup", "admin")
    stamp = app.world.clock.now().strftime("%Y%m%dT%H%M%SZ")
    file = to or app.settings.home / f"backup-{stamp}.db"
    if file.exists():
        raise _there(file)
    app.store.audit(app.connection.id, actor, "backup", file.name, {}, app.world.clock.now())
    head = audit_head(app)
    try:
        app.store.copy_to(file)
    except FileExistsError:  # a link to nowhere, or made in between
        raise _there(file) from None
    return Backup(file, head)


def _there(file: Path) -> WrongUse:
    return WrongUse(f"{file} is already there.", "Name another file.")
