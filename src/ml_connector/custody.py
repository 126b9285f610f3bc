"""Secrets, tokens and the heads of the audit log in custody: sealed by the vault (promises P6, P7; decision 0011).

A secret is sealed together with the hosts that it was given for, and is not opened for others: whoever changes an
address in the settings, or sets a variable, gets none of them.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from ml_connector.clock import Clock
from ml_connector.model.destinations import Destination
from ml_connector.model.errors import SignInNeeded, StateTrouble
from ml_connector.store import Store
from ml_connector.store.rows import Head
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.vault import Vault, mark_under

_BOUND = b"\0to"
"""Begins what was sealed for a destination; no secret or document of an older version begins so."""


class _Bound(msgspec.Struct, frozen=True, array_like=True):
    hosts: tuple[str, ...]
    authorities: str
    value: bytes


class Custody(msgspec.Struct, frozen=True):
    """The secrets of one side: where they are kept, and the only place they may be sent to."""

    store: Store
    vault: Vault
    to: Destination
    clock: Clock

    def put(self, owner: str, name: str, value: bytes) -> None:
        """Keep a value of `owner` under a name, in place of the one before, sealed for the destination."""
        bound = _BOUND + msgspec.msgpack.encode(_Bound(self.to.hosts, self.to.authorities, value))
        self.store.put_sealed(owner, name, self.vault.seal(bound, owner, name), self.clock.now())

    def take(self, owner: str, name: str) -> bytes | None:
        """The value; None if there is none. Raises `StateTrouble` where it does not open, `SignInNeeded` where it was
        given for another destination.
        """
        sealed = self.store.sealed(owner, name)
        return None if sealed is None else self._opened(owner, name, sealed)

    def take_all(self, owner: str, names: Sequence[str]) -> list[bytes]:
        """The values that are there, in the order of their names, read at once. Raises as `take`."""
        sealed = self.store.sealed_under(owner, names)
        return [self._opened(owner, name, sealed[name]) for name in names if name in sealed]

    def _opened(self, owner: str, name: str, sealed: bytes) -> bytes:
        content = self.vault.open(sealed, owner, name)
        return self._checked(owner, name, content) if content.startswith(_BOUND) else self._older(owner, name, content)

    def _checked(self, owner: str, name: str, content: bytes) -> bytes:
        bound = msgspec.msgpack.decode(content[len(_BOUND) :], type=_Bound)
        if bound.hosts != self.to.hosts:
            raise _elsewhere(owner, name, " and ".join(bound.hosts), " and ".join(self.to.hosts))
        if bound.authorities != self.to.authorities:
            raise _other_authorities(owner, name)
        return bound.value

    def _older(self, owner: str, name: str, value: bytes) -> bytes:
        """An older version noted no hosts: such a value goes to the vendor alone, and is bound from now on."""
        if not self.to.vendors:
            raise _elsewhere(owner, name, "a host that an older version did not note", " and ".join(self.to.hosts))
        self.put(owner, name, value)
        return value


def _what(owner: str, name: str) -> tuple[str, str]:
    system = owner.partition(":")[0]
    return system, f"What is sealed for {system} ({name.replace('_', ' ')})"


def _elsewhere(owner: str, name: str, then: str, now: str) -> SignInNeeded:
    system, what = _what(owner, name)
    return SignInNeeded(
        f"{what} was given for {then}, and the settings name {now}: it is not sent there.",
        f"Put the addresses in the settings right, or connect anew:  ml-connector connect {system}",
    )


def _other_authorities(owner: str, name: str) -> SignInNeeded:
    system, what = _what(owner, name)
    return SignInNeeded(
        f"{what} was given when ca_file of [network] was another one, or had another content: it is not sent.",
        f"If you know why, connect anew:  ml-connector connect {system}",
    )


TOKENS = "tokens"
"""The name under which the QuickBooks tokens of a company are sealed; its owner is the name of the renewal turn."""


class SealedTokens:
    """The QuickBooks tokens of one connection, sealed in the store (`systems.quickbooks.auth.TokenStore`)."""

    def __init__(self, custody: Custody, realm_id: str, holder: str = "") -> None:
        self._custody = custody
        self._owner = f"quickbooks:{realm_id}"
        self._holder = holder

    def load(self) -> Tokens | None:
        """What is stored now; None before the first sign-in. Raises `StateTrouble` and `SignInNeeded` as custody."""
        opened = self._custody.take(self._owner, TOKENS)
        return None if opened is None else msgspec.json.decode(opened, type=Tokens)

    def store(self, tokens: Tokens) -> None:
        """In place of those before, and on disk when it returns: whoever uses a token has stored it."""
        self._custody.put(self._owner, TOKENS, msgspec.json.encode(tokens))

    def forget(self) -> None:
        """They are gone: whoever needs them is told that people must connect again."""
        self._custody.store.drop_sealed(self._owner, TOKENS)

    def take_turn(self, until: datetime) -> bool:
        """Whether this process alone may renew them up to `until`, which ends by itself should it be killed."""
        custody = self._custody
        return custody.store.take_turn(self._owner, self._holder, until, custody.clock.now())

    def end_turn(self) -> None:
        """Let others renew them. No error when the turn had ended before."""
        self._custody.store.end_turn(self._owner, self._holder)


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
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
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


def seal_secret(custody: Custody, owner: str, name: str, secret: str) -> None:
    """Keep a secret of `owner` (`<system>:<client id>`) under a name."""
    custody.put(owner, name, secret.encode())


def open_secret(custody: Custody, owner: str, name: str, remedy: str) -> str:
    """The secret as it was given at `connect`. Raises `SignInNeeded` if there is none for this destination."""
    return secrets_of(custody, owner, name, remedy)[0]


def secrets_of(custody: Custody, owner: str, name: str, remedy: str) -> list[str]:
    """As `open_secret`, with the one that is to come in front of it."""
    values = SealedPair(custody, owner, name).values()
    if not values:
        raise SignInNeeded(f"The {name.replace('_', ' ')} of {owner.partition(':')[0]} is not known.", remedy)
    return values


SIGN_IN = "sign_in"
"""The name under which it is sealed when Salesforce has let us in; its owner is the app."""


Way = Literal["secret", "certificate"]
"""How an app signs in to Salesforce."""


class SignedIn(msgspec.Struct, frozen=True):
    """How an app signs in to Salesforce, since when it does so, and when it did so last."""

    by: Way
    connected_at: datetime
    renewed_at: datetime


def note_sign_in(custody: Custody, owner: str, by: Way) -> None:
    """An org has let us in, now and in this way. Not kept where the state takes nothing: the next sign-in notes it."""
    now = custody.clock.now()
    with suppress(StateTrouble, SignInNeeded):  # what was kept for another host is not renewed: `connect` does that
        known = signed_in(custody, owner)
        since = known.connected_at if known is not None and known.by == by else now
        custody.put(owner, SIGN_IN, msgspec.json.encode(SignedIn(by, since, now)))


def signed_in(custody: Custody, owner: str) -> SignedIn | None:
    """When it was let in; None if it never was. Raises `StateTrouble` and `SignInNeeded` as custody."""
    kept = custody.take(owner, SIGN_IN)
    return None if kept is None else msgspec.json.decode(kept, type=SignedIn)


class SealedPair:
    """A secret, and while it is renewed the one that comes after it: both count until the vendor has taken the new one.

    The new one is tried first, so that the old one goes as soon as it can.
    """

    def __init__(self, custody: Custody, owner: str, name: str) -> None:
        self._custody, self._owner, self._name = custody, owner, name
        self._next = f"{name}_next"

    def values(self) -> list[str]:
        """Those that count, in the order in which to try them; empty where there is none."""
        return [value.decode() for value in self._custody.take_all(self._owner, (self._next, self._name))]

    def put(self, value: str) -> None:
        """The only one from now on."""
        self._custody.put(self._owner, self._name, value.encode())
        self._custody.store.drop_sealed(self._owner, self._next)

    def stage(self, value: str) -> None:
        """The one that comes after it."""
        self._custody.put(self._owner, self._next, value.encode())

    @property
    def staged(self) -> bool:
        """Whether a new one waits for the vendor to take it."""
        return self._custody.store.sealed(self._owner, self._next) is not None

    def proved(self, value: str) -> None:
        """The vendor has taken it: if it is the new one, the old one goes. Where that cannot be kept, both stay."""
        with suppress(StateTrouble, SignInNeeded):  # the next sign-in proves it again
            staged = self._custody.take(self._owner, self._next)
            if staged is not None and staged.decode() == value:
                self.put(value)


DIGESTS = "digests"
"""The name under which their key is sealed."""


class Digests:
    """Makes the digests of one connection by which values are known again that are not kept (decision 0013).

    Their key is sealed in the state: whoever opens this state comes to the same digests, and a rotation of keys does
    not change them.
    """

    def __init__(self, store: Store, vault: Vault, connection: str, clock: Clock) -> None:
        self._store, self._vault, self._connection, self._clock = store, vault, connection, clock
        self._key = b""

    def __call__(self, text: str) -> str:
        """The digest of a text: `k` and 31 hex characters."""
        self._key = self._key or self._kept() or self._made()
        return "k" + mark_under(self._key, text.encode("utf-8", "surrogatepass")).hex()[:31]

    def _kept(self) -> bytes:
        """The key; empty where there is none, or where somebody has put something else in its place."""
        sealed = self._store.sealed(self._connection, DIGESTS)
        with suppress(StateTrouble):  # another is made, which is on record
            return self._vault.open(sealed, self._connection, DIGESTS) if sealed else b""
        return b""

    def _made(self) -> bytes:
        """A new key, on record as an event: what was known by the one before, if there was one, is tried once more."""
        before, connection, now = self._store.sealed(self._connection, DIGESTS), self._connection, self._clock.now()
        sealed = self._vault.seal(secrets.token_bytes(32), connection, DIGESTS)
        if self._store.replace_sealed(connection, DIGESTS, before, sealed, now):
            detail = {"in place of": "one that does not open"} if before else {}
            self._store.audit(connection, "ml-connector", "key of digests", connection, detail, now)
        return self._kept()


_ADDRESSES = "alert addresses"


def seal_addresses(store: Store, vault: Vault, owner: str, addresses: Sequence[str], now: datetime) -> None:
    """Keep where the alarms of a connection are sent, in place of what was kept before: such addresses hold secrets."""
    store.put_sealed(owner, _ADDRESSES, vault.seal(msgspec.json.encode(addresses), owner, _ADDRESSES), now)


def open_addresses(store: Store, vault: Vault, owner: str) -> tuple[str, ...]:
    """Where the alarms of a connection are sent. Raises `StateTrouble` where that does not open."""
    sealed = store.sealed(owner, _ADDRESSES)
    if sealed is None:
        return ()
    return msgspec.json.decode(vault.open(sealed, owner, _ADDRESSES), type=tuple[str, ...])


def mark_older_state(store: Store, vault: Vault, connection: str, clock: Clock) -> None:
    """Give the rows of a state from before there were marks theirs, once in the life of a home.

    The home remembers that it was done: a row without a mark is not believed from then on, whatever the state says.
    """
    if not vault.has_begun_to_mark:
        store.mark_unmarked(connection, clock.now())
        vault.begin_to_mark()
