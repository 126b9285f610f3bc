"""Compare the ids of both sides with ours, where it is due or asked for."""

from __future__ import annotations

from ml_connector.actions.acting import must_be
from ml_connector.actions.progress import Progress, quiet
from ml_connector.app import App
from ml_connector.engine import compare as engine
from ml_connector.engine.intake import compared_kinds
from ml_connector.model.people import Actor
from ml_connector.service.comparing import compare_due
from ml_connector.store.rows import Comparison

__all__ = ["Comparison", "accept_vanished", "compare_all", "estimate", "last_comparisons"]


async def compare_all(app: App, progress: Progress = quiet) -> list[Comparison]:
    """Compare all ids of both sides with ours, now. How each comparison ended; one with `why` is still under way."""
    for name in app.runtime.systems:
        kinds, now = compared_kinds(app.runtime, name), app.world.clock.now()
        app.store.ask_comparison(app.connection.id, name, kinds, "asked for", now)
    await compare_due(app, progress)
    return last_comparisons(app)


def accept_vanished(app: App, actor: Actor) -> int:
    """What is withheld, because too much of a kind has vanished at once, is really gone: `actor` says so. How many."""
    must_be(app, actor, "backfill --accept-vanished", "preparer", "admin")
    rows = [row for row in last_comparisons(app) if row.withheld]
    for row in rows:
        app.store.accept_vanished(app.connection.id, row, actor, app.world.clock.now())
        engine.tell_vanished(app.connection, app.runtime, row)
    return sum(row.withheld for row in rows)


def estimate(app: App) -> dict[str, int]:
    """About how many reads a comparison of everything takes, by system."""
    return {name: engine.estimate(app.connection, app.runtime, name) for name in app.runtime.systems}


def last_comparisons(app: App) -> list[Comparison]:
    """The last comparison of each kind, or the one under way."""
    return app.store.comparisons(app.connection.id)
