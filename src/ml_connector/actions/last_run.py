"""How the last run ended goes on record, for whoever looks later: `status` asks no vendor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from ml_connector.app import App
from ml_connector.model.errors import ConnectorError, StateTrouble, Stopped, WrongUse
from ml_connector.service.sides import sides_of
from ml_connector.store.rows import RunEnd


@contextmanager
def on_record(app: App) -> Iterator[None]:
    """Keep how what is done meanwhile ends; what is about one side is kept with that side.

    What has a reason of its own that `status` shows anyway (writes stopped, dry run, another run at work, wrong use)
    says nothing about the two sides, and where the state cannot be used nothing can be kept.
    """
    began = app.world.clock.now()
    try:
        yield
    except (StateTrouble, Stopped):
        raise
    except ConnectorError as error:
        if error.system:
            sides_of(app).failed(error.system, error)
        elif not isinstance(error, WrongUse):
            _note(app, began, error)
        raise
    _note(app, began, None)


def _note(app: App, began: datetime, error: ConnectorError | None) -> None:
    now = app.world.clock.now()
    end = RunEnd(began_at=began, ended_at=now)
    if error is not None:
        words = {"error": type(error).__name__, "sentence": error.sentence, "remedy": error.remedy}
        end = msgspec.structs.replace(end, **words)
    app.store.note_run(app.connection.id, end)
