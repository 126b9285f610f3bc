"""Secrets, tokens and the heads of the audit log in custody: sealed by the vault (promises P6, P7; decision 0011)."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from ml_connector.clock import Clock
from ml_connector.model.errors import SignInNeeded, StateTrouble
from ml_connector.store import Store
from ml_connector.store.rows import Head
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.vault import Secret, Vault


class SealedTokens:
    """The QuickBooks tokens of one connection, sealed in the store (`systems.quickbooks.auth.TokenStore`)."""

    def __init__(self, store: Store, vault: Vault, realm_id: str, clock: Clock, holder: str = "") -> None:
        self._store = store
        self._vault = vault
        self._owner = f"quickbooks:{realm_id}"
        self._clock = clock
        self._holder = holder

    def load(self) -> Tokens | None:
        """What is stored now; None before the first sign-in. Raises `StateTrouble` where it does not open."""
        sealed = self._store.sealed(self._owner, "tokens")
        if sealed is None:
            return None
        opened = self._vault.open(sealed, self._owner, "tokens")
        return msgspec.json.decode(opened, type=Tokens)

    def store(self, tokens: Tokens) -> None:
        """In place of those before, and on disk when it returns: whoever uses a token has stored it."""
        sealed = self._vault.seal(msgspec.json.encode(tokens), self._owner, "tokens")
        self._store.put_sealed(self._owner, "tokens", sealed, self._clock.now())

    def take_turn(self, until: datetime) -> bool:
        """Whether this process alone may renew them up to `until`, which ends by itself should it be killed."""
        return self._store.take_turn(self._owner, self._holder, until, self._clock.now())

    def end_turn(self) -> None:
        """Let others renew them. No error when the turn had ended before."""
        self._store.end_turn(self._owner, self._holder)


HEADS = "audit"
"""The folder of the home that keeps the sealed heads of the audit logs, one file for each connection."""
_LONGEST = 512
_HEAD = "audit head"


class SealedHeads:
    """Seals the heads of the audit logs, and keeps them in the home (`store.audit.HeadKeeper`)."""

    def __init__(self, vault: Vault, home: Path) -> None:
        self._vault = vault
        self._folder = home / HEADS

    def seal(self, connection: str, head: Head) -> bytes:
        """Always of the same length, so that it can be put over the one before."""
        return self._vault.seal(f"{head.number:020d}:{head.hash}".encode(), connection, _HEAD)

    def open(self, connection: str, sealed: bytes) -> Head:
        """The head of the log of this connection. Raises `StateTrouble` for what was not sealed here for it."""
        number, _, hash_ = self._vault.open(sealed, connection, _HEAD).decode().partition(":")
        return Head(int(number), hash_)

    def reseal(self, connection: str, sealed: bytes) -> bytes:
        """The same head under the key in use. Raises `StateTrouble` for one that does not open."""
        return self._vault.reseal(sealed, connection, _HEAD)

    def kept(self, connection: str) -> bytes | None:
        """What the home keeps; None if it keeps nothing. Raises `StateTrouble` where it cannot be read."""
        try:
            return self._file(connection).read_bytes()[:_LONGEST]
        except FileNotFoundError:  # another machine, or before the first event
            return None
        except OSError as error:
            raise StateTrouble(
                "The head of the audit log cannot be read.", f"Check the rights of {self._folder}"
            ) from error

    def keep(self, connection: str, sealed: bytes) -> None:
        """Put it over the one before, in one write of less than a sector: a power cut leaves the one or the other.

        A home that cannot be written keeps the older head, which is behind the log and no alarm.
        """
        file = self._file(connection)
        with suppress(OSError):  # read-only, or full
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                fresh = os.fstat(handle).st_size != len(sealed)
                os.pwrite(handle, sealed, 0)
                if fresh:
                    # Nothing, or something else, lay there. A later head is not synced: an older one is no alarm.
                    os.ftruncate(handle, len(sealed))
                    os.fsync(handle)
            finally:
                os.close(handle)

    def _file(self, connection: str) -> Path:
        # However a connection is called, its file lies in this folder.
        plain = re.fullmatch(r"[A-Za-z0-9-]{1,80}", connection)
        return self._folder / f"{connection if plain else hashlib.sha256(connection.encode()).hexdigest()}.head"


def seal_secret(store: Store, vault: Vault, owner: str, name: str, secret: str, clock: Clock) -> None:
    """Keep a secret of `owner` (`<system>:<client id>`) under a name."""
    store.put_sealed(owner, name, vault.seal_text(Secret(secret), owner, name), clock.now())


def open_secret(store: Store, vault: Vault, owner: str, name: str, remedy: str) -> str:
    """The secret as it was given at `connect`. Raises `SignInNeeded` if there is none."""
    sealed = store.sealed(owner, name)
    if sealed is None:
        raise SignInNeeded(f"The {name.replace('_', ' ')} of {owner.partition(':')[0]} is not known.", remedy)
    return vault.open_text(sealed, owner, name).reveal()


def mark_older_state(store: Store, vault: Vault, connection: str, clock: Clock) -> None:
    """Give the rows of a state from before there were marks theirs, once in the life of a home.

    The home remembers that it was done: a row without a mark is not believed from then on, whatever the state says.
    """
    if not vault.has_begun_to_mark:
        store.mark_unmarked(connection, clock.now())
        vault.begin_to_mark()
