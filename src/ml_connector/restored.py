"""A state that was copied or put back from a backup is noticed, and writes nothing until a person lets it (0015).

A copy would do everything a second time, beside the one that goes on; an older state does not know what it has done.
The keys of writes and the look before each creation keep even that from doubling anything; to stop costs nothing.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ml_connector.clock import Clock
from ml_connector.files import identity, write_new
from ml_connector.model.errors import StateTampered
from ml_connector.store import Store

PUT_BACK = "this state was copied, or put back from a backup"
"""How the reason begins for which writes are stopped then."""
_FILE = "installation"
_TEXT = b"By this file a home knows itself from a copy. Nobody needs to change it.\n"


def notice(store: Store, home: Path, clock: Clock) -> None:
    """Stop the writes of all connections where the state is not where it lived when it was opened last."""
    place, known = store.place_of_database() or _place_of(home), store.place()
    if known == place:
        return
    if known is not None:
        for connected in store.connections():
            _stop(store, connected.id, clock)
    store.lives_at(place)


def notice_older(store: Store, connection: str, clock: Clock) -> None:
    """Stop the writes of a connection where the home knows events of its log that the state does not have."""
    if store.lacks_events(connection):
        _stop(store, connection, clock)


def _place_of(home: Path) -> str:
    """A file that is copied, or comes out of an archive, is another one for the file system."""
    file = home / _FILE
    with suppress(FileExistsError):  # it is made once, by whoever is first
        write_new(file, _TEXT)
    return identity(file)


def _stop(store: Store, connection: str, clock: Clock) -> None:
    connected = store.connection(connection)
    if connected is None or connected.paused.startswith(PUT_BACK):
        return
    reason = PUT_BACK + (f"; it was stopped before: {connected.paused}" if connected.paused else "")
    with suppress(StateTampered):  # nothing is written by a connection whose row is not believed
        store.pause(connection, reason)
    store.audit(connection, "ml-connector", "stop", connection, {"reason": reason}, clock.now())
