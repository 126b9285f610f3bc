"""Ask both systems what changed since last time, and take it in; compare ids where that may not tell all."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.actions.progress import Progress, quiet
from ml_connector.app import App
from ml_connector.engine.intake import release, sweep
from ml_connector.model.errors import ConnectorError, ReadRefused
from ml_connector.service.arrived import take_arrivals
from ml_connector.service.comparing import compare_due
from ml_connector.service.draining import note_rules
from ml_connector.service.mending import mend_side
from ml_connector.service.sides import Sides, sides_of


async def sweep_all(app: App, progress: Progress = quiet, refused: list[ReadRefused] | None = None) -> dict[str, int]:
    """Ask both systems what changed since last time, and take it in. Tasks knocked on, by system.

    Each is asked, whatever the other one says; then the first error of a side is raised. Where a vendor refuses to list
    some kinds, everything else is taken in; then `ReadRefused` stands in `refused`, or is raised where that is not
    given.
    """
    take_arrivals(app)
    knocked: dict[str, int] = {}
    troubles: list[ConnectorError] = []
    sides = sides_of(app)
    for index, name in enumerate(app.runtime.systems):
        progress("Asking what changed", index, len(app.runtime.systems))
        try:
            knocked[name] = await _swept(app, sides, name, refused)
        except ConnectorError as error:
            if not error.system:
                raise
            troubles.append(error)
    note_rules(app)
    if troubles:
        raise troubles[0]
    await compare_due(app, progress)
    await release(app.connection, app.runtime)
    return knocked


async def _swept(app: App, sides: Sides, system: str, refused: list[ReadRefused] | None) -> int:
    """One side, with what that says of its health on record. Raises as `sweep_all`."""
    count, refusal = 0, None
    try:
        count = await sweep(app.connection, app.runtime, system)
        count += (await mend_side(app, system))[0]
    except ReadRefused as error:
        refusal = error
    except ConnectorError as error:
        if error.system:
            sides.failed(error.system, error)
        raise
    cadence = timedelta(minutes=app.settings.cadence.sweep_minutes)
    sides.swept(system, app.world.clock.now() + cadence, refusal)
    if refusal is not None:
        if refused is None:
            raise refusal
        refused.append(refusal)
    return count
