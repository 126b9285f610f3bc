"""Do all that is due, of one connection, both directions."""

from __future__ import annotations

from ml_connector.app import App
from ml_connector.engine.gate import enough_clean
from ml_connector.engine.worker import DrainReport, Worker
from ml_connector.model.errors import DryRun, Paused, StateTampered
from ml_connector.model.triggers import CLEAN_POSTINGS, SETTINGS
from ml_connector.store.rows import Connected

from .progress import Progress, quiet
from .sides import sides_of


async def drain(app: App, progress: Progress = quiet, connected: Connected | None = None) -> DrainReport:
    """Do all that is due now. Raises `Paused` while writes are stopped, `Busy` while another run is at work.

    `connected` is given where it was read just now. Raises `StateTampered` where the row that says so was changed
    without the key.
    """
    connected = connected or connection_of(app)
    if connected is not None and connected.paused:
        raise Paused(f"Writes are stopped: {connected.paused}.", "Resume them first:  ml-connector resume")
    note_unsigned(app)
    report = await Worker(app.connection, app.runtime, progress).drain()
    note_clean(app)
    return report


def must_be_live(app: App) -> Connected:
    """The connection as it is on record. Raises `DryRun` before its first plan was applied, and as `connection_of`."""
    connected = connection_of(app)
    if connected is None or connected.live_since is None:
        raise DryRun(
            "This installation is in dry run: nothing was written.",
            "See what would be done with  ml-connector plan  and apply that plan.",
        )
    return connected


def connection_of(app: App) -> Connected | None:
    """The connection as it is on record. Raises `StateTampered` where its row cannot be believed."""
    connected = app.store.connection(app.connection.id)
    if connected is not None and not connected.proved:
        raise StateTampered.of(f"connection {connected.id}")
    return connected


def all_well(app: App) -> None:
    """A drain went through: both sides did what they were asked for."""
    sides = sides_of(app)
    for system in app.runtime.systems:
        sides.well(system)


def note_clean(app: App) -> None:
    """When enough clean postings are on record, what only waited for that is looked at again."""
    if app.rules.auto_approve_limit <= 0:
        return
    enough = enough_clean(app.store, app.connection.id)
    if app.store.changed_references(app.connection.id, {("settings", "clean"): str(enough)}) and enough:
        app.store.fire(app.connection.id, [CLEAN_POSTINGS], app.world.clock.now())


def note_rules(app: App) -> None:
    """When the rules are no longer those of last time, what waits for settings is looked at again."""
    if app.store.note_settings(app.connection.id, app.rules.digest(), "ml-connector", app.world.clock.now()):
        now = app.world.clock.now()
        app.store.keep_rules(app.connection.id, app.rules.digest(), app.rules.as_json(), "ml-connector", now)
        app.store.fire(app.connection.id, [SETTINGS], app.world.clock.now())
    note_unsigned(app)


def note_unsigned(app: App) -> None:
    """What of the settings does not count stands in the audit log, once for each time it began."""
    seen = {("settings", "unsigned"): app.settings.rules.digest() if app.unsigned else ""}
    if app.store.changed_references(app.connection.id, seen) and app.unsigned:
        detail = {"what": app.unsigned, "rules": app.settings.rules.digest()}
        app.store.audit(app.connection.id, "ml-connector", "not signed", "settings", detail, app.world.clock.now())


__all__ = ["DrainReport", "all_well", "connection_of", "drain", "must_be_live", "note_clean", "note_rules"]
