"""Ask both systems what changed since last time, and take it in; compare ids where that may not tell all."""

from __future__ import annotations

from ml_connector.actions.progress import Progress, quiet
from ml_connector.app import App
from ml_connector.engine.intake import release, sweep
from ml_connector.model.errors import ReadRefused
from ml_connector.service.arrived import take_arrivals
from ml_connector.service.comparing import compare_due
from ml_connector.service.draining import note_rules


async def sweep_all(app: App, progress: Progress = quiet, refused: list[ReadRefused] | None = None) -> dict[str, int]:
    """Ask both systems what changed since last time, and take it in. Tasks knocked on, by system.

    Where a vendor refuses to list some kinds, everything else is taken in; then `ReadRefused` stands in `refused`, or
    is raised where that is not given.
    """
    take_arrivals(app)
    knocked: dict[str, int] = {}
    errors: list[ReadRefused] = [] if refused is None else refused
    for index, name in enumerate(app.runtime.systems):
        progress("Asking what changed", index, len(app.runtime.systems))
        try:
            knocked[name] = await sweep(app.connection, app.runtime, name)
        except ReadRefused as error:
            errors.append(error)
    await compare_due(app, progress)
    await release(app.connection, app.runtime)
    note_rules(app)
    if errors and refused is None:
        raise errors[0]
    return knocked
