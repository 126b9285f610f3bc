"""What is kept no longer than the retention period (accounting-rules H, `payload_days`)."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from ml_connector.app import App
from ml_connector.flows.older_digests import REFUSALS


class Forgotten(msgspec.Struct, frozen=True):
    """How many there were of each."""

    lost_values: int
    refusals: int
    changes: int


def forget_old(app: App) -> Forgotten:
    """Forget what is older than the retention period.

    Lost values with their digests. What vendors refused: it is tried once more when its record is looked at. Changes of
    records that are done: they have no use any more, but their ids and keys. What was made stays, or it could be made
    twice.
    """
    connection, before = app.connection.id, app.world.clock.now() - timedelta(days=app.settings.state.payload_days)
    return Forgotten(
        app.store.blank_conflicts(connection, before),
        app.store.forget_links(connection, REFUSALS, before),
        app.store.forget_changes(connection, before),
    )
