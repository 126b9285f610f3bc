"""The audit log."""

from __future__ import annotations

from ml_connector.app import App


def verify_audit(app: App) -> int:
    """Recompute the chain; how many events are in it. Raises `StateTrouble` at the first one that does not fit."""
    return app.store.verify_audit()
