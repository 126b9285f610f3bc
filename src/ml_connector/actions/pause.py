"""Stop all writes, and let them go on."""

from __future__ import annotations

from ml_connector.app import App


def pause(app: App, actor: str, reason: str) -> None:
    """No drain begins any more, in any process; one under way comes to its end. What changes is still taken in.

    An event of the audit log, with the reason.
    """
    app.store.pause(app.connection.id, reason or "no reason given")
    app.store.audit(app.connection.id, actor, "stop", app.connection.id, {"reason": reason}, app.world.clock.now())


def resume(app: App, actor: str) -> None:
    """Allow writes again: what has waited goes out with the next sync. An event of the audit log."""
    app.store.pause(app.connection.id, "")
    app.store.audit(app.connection.id, actor, "resume", app.connection.id, {}, app.world.clock.now())
