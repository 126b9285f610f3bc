"""Keeps the QuickBooks sign-in alive: a valid access token for whoever calls, renewed by one process at a time.

A rotated refresh token is stored before the new access token is used (promise P6). Why all this care (reference 1.4):
the refresh token changes about once a day, and the old one may be dead from that moment. Lose the new one, and a person
must connect again. Of two refreshes with one token the second is refused, and Intuit may then revoke what the first was
given, too. Decision 0018 says what is done about it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec
import structlog

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import BadAnswer, LimitReached, SignInNeeded, Unreachable

from .auth import OAuth, Refused, Tokens, dead_sign_in, without_token
from .faults import RECONNECT

EARLY, SPREAD = timedelta(minutes=3), timedelta(minutes=5)
"""A token is renewed at least `EARLY` before it ends: a call that has to wait for its place must not arrive with a dead
one. Each process adds a part of `SPREAD`, so that those that began together do not renew together."""
_AT_LEAST, _PAUSE = timedelta(seconds=30), timedelta(minutes=1)
"""While a renewal fails that came ahead of time, the token is used as long as it has that long; how often it is tried.
"""
_TURN, _ANSWERED = timedelta(minutes=5), timedelta(seconds=90)
"""How long a process alone may renew; by when before its end the last request must have left.

A token request gives up after 60 seconds, so its answer, or the end of it, is here before another process may renew. A
process that was asleep for longer than its turn (a laptop that was closed) sends nothing.
"""
_PATIENCE, _A_MOMENT = timedelta(seconds=30), timedelta(seconds=1)
"""How long to wait while another process renews, and how often to look."""
_log = structlog.get_logger("ml_connector.sign_in")


class TokenStore(Protocol):
    """Where the tokens of one connection are kept, sealed."""

    def load(self) -> Tokens | None:
        """What is stored now; None before the first sign-in."""

    def store(self, tokens: Tokens) -> None:
        """Replace all at once, and return only when it would survive a loss of power."""

    def take_turn(self, until: datetime) -> bool:
        """Whether this process alone may renew the tokens up to `until`; False while another one may."""

    def end_turn(self) -> None:
        """Let others renew. No error when the turn had ended before."""


class Replaced(NamedTuple):
    """What to use in place of a token that was refused; whether the vendor gave it just now, and to us."""

    token: str
    ours: bool


class TokenKeeper:
    """Gives out a valid access token, and renews it: one refresh at a time in all processes, stored before it is used.

    The order of a renewal:

    1. The lock of this process, so that ten calls that find the token dead make one refresh.
    2. What an earlier refresh brought and could not be stored (disk full) is stored first. It is the only valid token.
    3. The store is read anew: another process may have renewed, then nothing is sent.
    4. The turn, a lease in the store, so that of all processes one renews. It ends by itself if its holder is killed.
       Then the store is read once more, because waiting for the turn mostly means that somebody else has renewed.
    5. The refresh, with the instant by which it must have left. Two refreshes with one refresh token would end the
       connection, so a request that could come late is not sent.
    6. Store, and only then use. A crash between the two costs nothing; the other way round the rotated token is lost.

    A refresh whose answer is lost is sent again with the same token: where the vendor did not rotate it, or lets the
    old one count for a while, the repeat brings the new one. Where it does neither, the repeat is refused.

    A refusal is believed after all evidence: the store is read again (a person may have connected meanwhile), and the
    refresh token before this one is tried once. Then the verdict is stored, and nothing is sent until a person
    connects.
    """

    def __init__(self, oauth: OAuth, store: TokenStore, clock: Clock, jitter: float = 0.0) -> None:
        """`jitter`, 0.0 to 1.0, is how much of `SPREAD` this process renews earlier."""
        self._oauth = oauth
        self._store = store
        self._clock = clock
        self._margin = EARLY + SPREAD * jitter
        self._one_at_a_time = asyncio.Lock()
        self._tokens: Tokens | None = None
        self._unstored: tuple[Tokens, Tokens] | None = None
        """What came and could not be stored, and in place of which."""
        self._dead = ""
        self._again_at: datetime | None = None

    async def token(self) -> str:
        """A token that is good for some minutes. Raises `SignInNeeded`."""
        if (tokens := self._usable()) is not None:
            return tokens.access_token
        try:
            return await self.renew("")
        except (Unreachable, LimitReached, BadAnswer) as error:
            # The renewal came ahead of time: until the token really ends, its trouble is nobody else's.
            if self._tokens is None or not self._tokens.fresh(self._clock.now(), _AT_LEAST):
                raise
            self._again_at = self._clock.now() + _PAUSE
            _log.warning("the renewal of a token waits", vendor="QuickBooks", why=type(error).__name__)
            return self._tokens.access_token

    def _usable(self) -> Tokens | None:
        tokens, now = self._tokens, self._clock.now()
        if tokens is None or self._unstored is not None:
            return None
        waits = self._again_at is not None and now < self._again_at <= now + _PAUSE
        return tokens if tokens.fresh(now, _AT_LEAST if waits else self._margin) else None

    async def keep(self) -> datetime:
        """See that there is a good token; when to look again. Raises `SignInNeeded`, and what waits for a while."""
        await self.token()
        assert self._tokens is not None  # noqa: S101 - a token was given out
        return max(self._tokens.access_expires_at - self._margin, self._again_at or self._clock.now())

    async def anew(self) -> None:
        """Renew whatever there is. Raises as `keep`."""
        await self.renew(self._stored().access_token)

    async def renew(self, refused: str) -> str:
        """A token other than `refused`, which the vendor did not accept; refreshed only if nobody else has done so."""
        return (await self.replace(refused)).token

    async def replace(self, refused: str) -> Replaced:
        """As `renew`, and whether it was made for this call: another one may have been refused meanwhile as well."""
        async with self._one_at_a_time:
            self._store_what_is_left()
            self._tokens = tokens = self._stored()
            if ours := not self._serves(tokens, refused):
                self._tokens = tokens = await self._in_turn(refused)
            if not tokens.access_token:  # looked at last: the refresh token that came with it is stored by now
                raise without_token()
            return Replaced(tokens.access_token, ours)

    def _serves(self, tokens: Tokens, refused: str) -> bool:
        """`refused` counts even if it looks fresh: the vendor knows better (a user disconnected, keys were changed)."""
        return tokens.access_token != refused and tokens.fresh(self._clock.now(), self._margin)

    async def _in_turn(self, refused: str) -> Tokens:
        give_up = self._clock.now() + _PATIENCE
        while not self._store.take_turn(until := self._clock.now() + _TURN):
            if self._clock.now() >= give_up:
                raise Unreachable("Another process is renewing the QuickBooks sign-in.", "It is tried again later.")
            await self._clock.sleep(_A_MOMENT)
        try:
            tokens = self._stored()  # another process may just have renewed them
            return tokens if self._serves(tokens, refused) else await self._refreshed(tokens, lambda: until - _ANSWERED)
        finally:
            self._store.end_turn()

    def _stored(self) -> Tokens:
        tokens = self._store.load()
        if tokens is None:
            raise SignInNeeded("QuickBooks is not connected yet.", RECONNECT)
        if tokens.dead_since is not None or tokens.refresh_token == self._dead:
            # A dead token stays dead (reference 1.4): it is not asked for again, until a person has connected.
            raise dead_sign_in(tokens.verdict)
        return tokens

    async def _refreshed(self, old: Tokens, before: Deadline) -> Tokens:
        try:
            return await self._asked(old, old.refresh_token, before)
        except Refused as refusal:
            return await self._by_other_evidence(old, before, refusal)

    async def _asked(self, old: Tokens, refresh_token: str, before: Deadline) -> Tokens:
        granted = await self._oauth.refresh(refresh_token, before)
        self._unstored = granted.after(old, refresh_token), old
        self._again_at = None
        return self._store_what_is_left() or old

    async def _by_other_evidence(self, old: Tokens, before: Deadline, refusal: Refused) -> Tokens:
        latest = self._stored()
        if latest.refresh_token != old.refresh_token:  # a person has connected while the old one was asked for
            return latest if latest.fresh(self._clock.now(), self._margin) else await self._refreshed(latest, before)
        if old.previous_refresh_token and refusal.verdict == "refused":
            with suppress(Refused):  # the first refusal stands
                return await self._asked(old, old.previous_refresh_token, before)
        self._dead = old.refresh_token
        self._store.store(msgspec.structs.replace(old, dead_since=self._clock.now(), verdict=refusal.verdict))
        raise dead_sign_in(refusal.verdict)

    def _store_what_is_left(self) -> Tokens | None:
        """A rotated token must never be lost: when storing fails it is kept here, and stored before anything else.

        A sign-in that a person made meanwhile stays: it is newer than what came for the one before.
        """
        if self._unstored is None:
            return None
        tokens, old = self._unstored
        latest = self._store.load()
        if latest is not None and latest.refresh_token != old.refresh_token:
            tokens = latest
        else:
            self._store.store(tokens)
        self._unstored = None
        return tokens
