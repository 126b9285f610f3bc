"""How the last run ended goes on record, for whoever looks later: `status` asks no vendor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from ml_connector.app import App
from ml_connector.model.errors import ConnectorError, ReadRefused, StateTrouble, Stopped, WrongUse
from ml_connector.store.rows import RunEnd


@contextmanager
def on_record(app: App, *, asks: bool = True) -> Iterator[list[ConnectorError]]:
    """Keep how what is done meanwhile ends. Errors put into the list were met on the way, and did not end it.

    What does not ask both sides what changed (`asks`) leaves it standing that one of them did not say.

    What has a reason of its own that `status` shows anyway (writes stopped, dry run, another run at work, wrong use)
    says nothing about the two sides, and where the state cannot be used nothing can be kept.
    """
    began, met = app.world.clock.now(), list[ConnectorError]()
    try:
        yield met
    except (StateTrouble, WrongUse, Stopped):
        raise
    except ConnectorError as error:
        _note(app, began, error)
        raise
    _note(app, began, met[0] if met else None if asks else _unlisted(app))


def _unlisted(app: App) -> ConnectorError | None:
    """The refusal to say what changed that the last run met."""
    last = app.store.last_run(app.connection.id)
    refused = last is not None and last.error == ReadRefused.__name__
    return ReadRefused(last.sentence, last.remedy) if last is not None and refused else None


def _note(app: App, began: datetime, error: ConnectorError | None) -> None:
    now = app.world.clock.now()
    end = RunEnd(began_at=began, ended_at=now)
    if error is not None:
        words = {"error": type(error).__name__, "sentence": error.sentence, "remedy": error.remedy}
        end = msgspec.structs.replace(end, **words)
    app.store.note_run(app.connection.id, end, "ml-connector", now)
