"""The continuity ledger, as those who read a source write to it (DESIGN idea 6).

A source is a system, whichever way it is read. Streams, bridges and backfills say what they covered; a sweep does so
with its position (`engine.intake`), a comparison when it ends (`store/compared.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml_connector.app import App
from ml_connector.model.continuity import Cause, Claim, Hole, Span


def covered(app: App, source: str, kinds: Sequence[str], from_: datetime, upto: datetime, how: str) -> None:
    """Everything that changed of these kinds from `from_` up to `upto` was taken in, by the way `how`.

    Holes that lie in it are closed by it, except those that take a comparison. Where the last thing that is known of a
    kind ended before `from_`, the time between becomes a hole. Whoever has knocks to take in gives a `Claim` to
    `engine.intake.receive` instead: then both are one transaction.
    """
    claim = Claim(source=source, since=dict.fromkeys(kinds, from_), upto=upto, way=how)
    app.store.claim(app.connection.id, claim, app.world.clock.now())


def open_hole(app: App, source: str, kinds: Sequence[str], since: datetime, until: datetime, cause: Cause) -> int:
    """From `since` to `until` something may be missing of these kinds, whoever said before that it was covered.

    It is closed by itself, by a bounded backfill or a comparison. One of the same cause that it touches grows instead,
    so what lasts may be told of again and again. The number of the hole.
    """
    return app.store.open_hole(app.connection.id, source, kinds, Span(since, until), cause, app.world.clock.now())


def close_hole(app: App, number: int, proof: str, how: str = "backfill") -> bool:
    """The hole was read by the way `how`, as `proof` says. False where it is not open (any more)."""
    return app.store.close_hole(app.connection.id, number, how, proof, app.world.clock.now())


def open_holes(app: App) -> list[Hole]:
    """The open holes, one for each number and kind."""
    return app.store.open_holes(app.connection.id)
