"""The comparisons of ids that are due: what deletions no feed has told of."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ml_connector.app import App
from ml_connector.engine import compare as engine
from ml_connector.model.errors import BadAnswer

from .progress import Progress, quiet

_log = structlog.get_logger("compare")


async def compare_due(app: App, progress: Progress = quiet, systems: Sequence[str] | None = None) -> None:
    """Do the comparisons that are due, and those that were cut off; of these systems alone, where they are named.

    What cannot be compared is no reason to leave the rest undone: it stays due, and is on record as such.
    """
    asked = list(app.runtime.systems) if systems is None else systems
    rows = engine.due(app.connection, app.runtime, asked)
    for number, row in enumerate(rows):
        progress(f"Comparing the ids of {row.kind}", number, len(rows))
        try:
            await engine.compare(app.connection, app.runtime, row)
        except BadAnswer as error:
            _log.warning("a comparison of ids stays due", system=row.system, kind=row.kind, why=error.sentence)
