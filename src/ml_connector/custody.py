"""Secrets and tokens in custody: sealed by the vault, kept in the store (promises P6 and P7)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ml_connector.clock import Clock
from ml_connector.model.errors import SignInNeeded
from ml_connector.store import Store
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
        sealed = self._store.sealed(self._owner, "tokens")
        if sealed is None:
            return None
        opened = self._vault.open(sealed, self._owner, "tokens")
        return msgspec.json.decode(opened, type=Tokens)

    def store(self, tokens: Tokens) -> None:
        sealed = self._vault.seal(msgspec.json.encode(tokens), self._owner, "tokens")
        self._store.put_sealed(self._owner, "tokens", sealed, self._clock.now())

    def take_turn(self, until: datetime) -> bool:
        return self._store.take_turn(self._owner, self._holder, until, self._clock.now())

    def end_turn(self) -> None:
        self._store.end_turn(self._owner, self._holder)


def seal_secret(store: Store, vault: Vault, owner: str, name: str, secret: str, clock: Clock) -> None:
    """Keep a secret of `owner` (`<system>:<client id>`) under a name."""
    store.put_sealed(owner, name, vault.seal_text(Secret(secret), owner, name), clock.now())


def open_secret(store: Store, vault: Vault, owner: str, name: str, remedy: str) -> str:
    """The secret as it was given at `connect`. Raises `SignInNeeded` if there is none."""
    sealed = store.sealed(owner, name)
    if sealed is None:
        raise SignInNeeded(f"The {name.replace('_', ' ')} of {owner.partition(':')[0]} is not known.", remedy)
    return vault.open_text(sealed, owner, name).reveal()
