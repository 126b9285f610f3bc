"""Stop all writes, and let them go on."""

from __future__ import annotations

from ml_connector.app import App


def pause(app: App, actor: str, reason: str) -> None:
    """Stop all writes; reading goes on."""
    app.store.pause(app.connection.id, reason or "no reason given")
    app.store.audit(app.connection.id, actor, "stop", app.connection.id, {"reason": reason}, app.world.clock.now())


def resume(app: App, actor: str) -> None:
    """Allow writes again."""
    app.store.pause(app.connection.id, "")
    app.store.audit(app.connection.id, actor, "resume", app.connection.id, {}, app.world.clock.now())
