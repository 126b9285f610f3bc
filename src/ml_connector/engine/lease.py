"""The lease of a connection, as the drain that holds it knows it: taken, kept alive, given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ml_connector.clock import Timekeeper
from ml_connector.model.errors import Busy, LeaseLost, SleptTooLong, StateTrouble
from ml_connector.store import Store
from ml_connector.store.base import LEASE

HEARTBEAT = LEASE / 3
"""Two heartbeats may fail (a state that is locked for a moment) before the lease ends."""
_PAST = datetime.min.replace(tzinfo=UTC)


class Lease:
    """Who holds it owns the connection until `end`. Every settling transaction checks its fencing token, and renews it.

    The state has the last word: what this process believes only keeps it from sending what could not be settled.
    """

    def __init__(self, store: Store, connection: str, clock: Timekeeper) -> None:
        self.fencing_token = 0
        self._store = store
        self._connection = connection
        self._clock = clock
        self._end = _PAST
        self._lost: LeaseLost | None = None

    @contextmanager
    def held(self, holder: str) -> Iterator[None]:
        """Own the connection. Raises `Busy` while another holder is alive. However it ends, it is given back."""
        with self._store.holders.here(holder):
            now = self._clock.now()
            token = self._store.take_lease(self._connection, holder, now)
            if token is None:
                raise Busy("Another run is at work on this connection.", "Wait for it to end, or stop it first.")
            self.fencing_token, self._lost = token, None
            self.renewed(now)
            try:
                yield
            finally:
                # A lease that was lost is another's by now, and stays so: the store looks at the fencing token.
                self._store.release_lease(self._connection, token)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew it by a heartbeat meanwhile.

        Nothing is settled while a call, a limit or a long decision is waited for, which may last longer than a lease.
        The heartbeat ends with this process, so nobody waits longer than a lease for one that has died.
        """
        with self._clock.every(HEARTBEAT, self._beat):
            yield

    def _beat(self) -> None:
        if self._lost is not None:
            return  # lost for good: a fencing token that is not the last one never is again
        now = self._clock.now()
        try:
            self._store.renew_lease(self._connection, self.fencing_token, now)
        except LeaseLost as lost:
            self._lost = lost
        except StateTrouble:
            return  # the next beat tries again; where none comes through, the lease ends and nothing leaves any more
        else:
            self.renewed(now)

    def renewed(self, at: datetime) -> None:
        """The store has renewed it in a transaction of the instant `at`."""
        self._end = lease_end(at)

    def end(self) -> datetime:
        """Nothing may leave at or after this instant, because another holder may have taken over by then.

        A `Deadline`: asked again when a request could leave, since heartbeats move it on while it waits for its place.
        """
        return _PAST if self._lost is not None else self._end

    def check(self) -> None:
        """Raises `LeaseLost` once a heartbeat has found that it is another's, `SleptTooLong` once it has ended."""
        if self._lost is not None:
            raise self._lost
        if self._clock.now() >= self._end:
            raise SleptTooLong("This run was asleep for too long.", "Nothing was sent; the next run goes on.")


def lease_end(now: datetime) -> datetime:
    """When a lease that was taken or renewed at `now` ends, unless it is renewed again."""
    return now + LEASE
