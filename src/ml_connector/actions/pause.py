"""Stop all writes, and let them go on."""

from __future__ import annotations

from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.model.people import Actor


def pause(app: App, actor: Actor, reason: str) -> None:
    """No drain begins any more, in any process; one under way comes to its end. What changes is still taken in.

    An event of the audit log, with the reason. Any proved person may do it.
    """
    must_be(app, actor, "stop")
    app.store.pause(app.connection.id, reason or "no reason given")
    app.store.audit(app.connection.id, actor, "stop", app.connection.id, {"reason": reason}, app.world.clock.now())


def resume(app: App, actor: Actor) -> None:
    """Allow writes again: what has waited goes out with the next sync. An event of the audit log."""
    must_be(app, actor, "resume", "approver", "admin")
    app.store.pause(app.connection.id, "")
    app.store.audit(app.connection.id, actor, "resume", app.connection.id, {}, app.world.clock.now())
