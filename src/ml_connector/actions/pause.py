"""Stop all writes, and let them go on."""

from __future__ import annotations

from ml_connector.actions.acting import must_be
from ml_connector.actions.compare import compare_all
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.sweep import sweep_all
from ml_connector.actions.tampered import tampered_rows
from ml_connector.app import App
from ml_connector.model.errors import ConnectorError, StateTampered
from ml_connector.model.people import Actor
from ml_connector.restored import PUT_BACK


def pause(app: App, actor: Actor, reason: str) -> None:
    """No drain begins any more, in any process; one under way comes to its end. What changes is still taken in.

    An event of the audit log, with the reason. Any proved person may do it.
    """
    must_be(app, actor, "stop")
    app.store.pause(app.connection.id, reason or "no reason given")
    app.store.audit(app.connection.id, actor, "stop", app.connection.id, {"reason": reason}, app.world.clock.now())


async def resume(app: App, actor: Actor, progress: Progress = quiet) -> dict[str, int]:
    """Allow writes again: what has waited goes out with the next sync. An event of the audit log.

    Where they were stopped because the state was copied or put back, it is checked before, against itself and both
    vendors; what was found is given back. Raises `ConnectorError` where something does not agree: they stay stopped.
    """
    must_be(app, actor, "resume", "approver", "admin")
    connected = app.store.connection(app.connection.id)
    checked = await _check(app, progress) if connected and connected.paused.startswith(PUT_BACK) else {}
    app.store.pause(app.connection.id, "")
    app.store.audit(app.connection.id, actor, "resume", app.connection.id, checked, app.world.clock.now())
    return checked


async def _check(app: App, progress: Progress) -> dict[str, int]:
    """Its log, the marks of its rows, and all ids of both sides: how many it knows, lacks, and has lost."""
    if trouble := app.store.audit_trouble(app.connection.id):
        raise StateTampered(
            trouble,
            "Say which backup it was, with the head it printed:  ml-connector audit verify --restored --head HEAD",
        )
    if rows := tampered_rows(app):
        raise StateTampered.of(rows[0])
    await sweep_all(app, progress)
    compared = await compare_all(app, progress)
    for row in compared:
        if row.why or row.withheld:
            raise ConnectorError(
                row.alarm if row.withheld else f"The ids of {row.system} {row.kind} could not all be compared.",
                "Look at it:  ml-connector backfill --compare-only",
            )
    return {name: sum(getattr(row, name) for row in compared) for name in ("listed", "unknown", "vanished")}
