"""The conflict log as people read it: what was changed on both sides, which value gave way (accounting-rules E.2).

Lost values may be about people. They are sealed; only who asks for them sees them, and that is on record.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from ml_connector.app import App
from ml_connector.engine.conflicts import seal_name
from ml_connector.model.errors import StateTrouble
from ml_connector.model.people import Actor
from ml_connector.model.refs import Ref
from ml_connector.store.rows import ConflictRow


class ConflictView(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: `record` lost its value of `field`, because `other` of the system `winner` kept its own.

    `lost` is there only where it was asked for; None when it is kept no longer. Not `certain`: others changed the
    record before it was known whether our write had been done.
    """

    at: datetime
    record: str
    other: str
    field: str
    winner: str
    certain: bool
    kept: bool
    write: str
    lost: str | msgspec.UnsetType | None = msgspec.UNSET


def entries(app: App, ref: Ref | None = None) -> list[ConflictView]:
    """The log, or what is in it about one record, newest first, without the values."""
    return [_view(row) for row in app.store.conflicts(app.connection.id, ref)]


def with_values(app: App, actor: Actor) -> list[ConflictView]:
    """The log with the lost values. Who looked at how many goes on record first."""
    rows = app.store.conflicts(app.connection.id)
    readable = sum(bool(row.sealed) for row in rows)
    now = app.world.clock.now()
    app.store.audit(app.connection.id, actor, "read lost values", app.connection.id, {"values": readable}, now)
    return [msgspec.structs.replace(_view(row), lost=_opened(app, row)) for row in rows]


def _view(row: ConflictRow) -> ConflictView:
    return ConflictView(
        at=row.at,
        record=str(row.record),
        other=str(row.other),
        field=row.field,
        winner=row.winner,
        certain=row.certain,
        kept=bool(row.sealed),
        write=row.write,
    )


def _opened(app: App, row: ConflictRow) -> str | None:
    if not row.sealed:
        return None
    return app.vault.open(row.sealed, app.connection.id, seal_name(row.id)).decode()


def reseal(app: App, left: list[str]) -> int:
    """Seal every lost value with the key in use; how many were not. Those that do not open are named in `left`."""
    vault = app.vault
    count = 0
    for owner, row in app.store.sealed_conflicts():
        try:
            fresh = vault.reseal(row.sealed, owner, seal_name(row.id))
        except StateTrouble:
            left.append(f"lost value of {row.field} of {row.record}")
        else:
            count += fresh != row.sealed and app.store.reseal_conflict(row.id, row.sealed, fresh)
    return count
