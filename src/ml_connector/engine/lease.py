"""The lease of a connection, as the drain that holds it knows it."""

from __future__ import annotations

from datetime import datetime

from ml_connector.clock import Clock
from ml_connector.model.errors import Busy, SleptTooLong
from ml_connector.store import Store
from ml_connector.store.base import LEASE


class Lease:
    """Who holds it owns the connection until `until`. Every settling transaction checks its fencing token."""

    def __init__(self, store: Store, connection: str, clock: Clock) -> None:
        self.fencing_token = 0
        self._store = store
        self._connection = connection
        self._clock = clock
        self._until = clock.now()

    def take(self, holder: str) -> None:
        """Raises `Busy` while another holder is alive."""
        now = self._clock.now()
        token = self._store.take_lease(self._connection, holder, now)
        if token is None:
            raise Busy("Another run is at work on this connection.", "Wait for it to end, or stop it first.")
        self.fencing_token = token
        self.renewed(now)

    def renewed(self, at: datetime) -> None:
        """The store has renewed it in a transaction of the instant `at`."""
        self._until = lease_end(at)

    def end(self) -> datetime:
        """Nothing leaves at or after this instant: another holder may have taken over by then.

        Raises `SleptTooLong` once it is so late.
        """
        if self._clock.now() >= self._until:
            raise SleptTooLong("This run was asleep for too long.", "Nothing was sent; the next run goes on.")
        return self._until

    def give_back(self) -> None:
        self._store.release_lease(self._connection, self.fencing_token)


def lease_end(now: datetime) -> datetime:
    return now + LEASE
