"""Signing in to QuickBooks (OAuth 2.0, reference section 1): the conversation, and the keeper of the tokens.

A rotated refresh token is stored before the new access token is used (promise P6). One refresh at a time; after
`invalid_grant` none at all until a person has connected again. Nothing here shows a token in text or log.

Why all this care (reference 1.4): the refresh token changes about once a day, and the old one may be dead from that
moment. Lose the new one, and a person must connect again. Of two refreshes with one token the second is refused, and
Intuit may then revoke what the first was given, too.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import BadAnswer, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, Request, Response

from .faults import RECONNECT

SCOPE = "com.intuit.quickbooks.accounting"
_EARLY = timedelta(minutes=3)
"""A token is renewed so long before it ends: a call that has to wait for its place must not arrive with a dead one."""
_TURN, _ANSWERED = timedelta(minutes=5), timedelta(seconds=90)
"""How long a process alone may renew; by when before its end the last request must have left.

A token request gives up after 60 seconds, so its answer, or the end of it, is here before another process may renew. A
process that was asleep for longer than its turn (a laptop that was closed) sends nothing.
"""
_PATIENCE, _A_MOMENT = timedelta(seconds=30), timedelta(seconds=1)
"""How long to wait while another process renews, and how often to look."""
_ACCESS, _LONGEST_ACCESS, _LONGEST_REFRESH = timedelta(hours=1), timedelta(days=1), timedelta(days=3660)
"""How long a token lives where the vendor does not say it in figures (reference 1.3), and at most.

Should it live for less, a call is answered 401 and the token renewed.
"""
_JSON = "application/json"


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where to sign in; the same for real and sandbox companies."""

    authorize: str = "https://appcenter.intuit.com/connect/oauth2"
    token: str = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address, no secret
    revoke: str = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"


class AppKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Client id and secret of the Intuit app."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "AppKeys(hidden)"

    @property
    def basic(self) -> str:
        """The `Authorization` header of the token endpoint (reference 1.3). A secret."""
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in gives; instants in UTC. `refresh_expires_at` moves with every refresh, `hard_expires_at` never."""

    access_token: str
    refresh_token: str
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None
    hard_expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Tokens(hidden, access_expires_at={self.access_expires_at.isoformat()})"

    def fresh(self, now: datetime) -> bool:
        """Whether the access token will do for a call that begins now."""
        return bool(self.access_token) and now < self.access_expires_at - _EARLY


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


class _Granted(msgspec.Struct, frozen=True, kw_only=True):
    """The spans are seconds, of any kind and size: they never cost the token beside them."""

    access_token: Any = None
    refresh_token: Any = None
    expires_in: Any = None
    x_refresh_token_expires_in: Any = None
    x_refresh_token_hard_expires_in: Any = None

    def __repr__(self) -> str:
        return "_Granted(hidden)"


class OAuth:
    """The conversation with Intuit's sign-in service."""

    def __init__(self, keys: AppKeys, endpoints: Endpoints, caller: Caller, clock: Clock) -> None:
        self._keys = keys
        self._endpoints = endpoints
        self._caller = caller
        self._clock = clock

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        """Where a person gives consent. `state` is a fresh random text, to be compared in `consent`."""
        query = {
            "client_id": self._keys.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._endpoints.authorize}?{urlencode(query)}"

    async def exchange(self, code: str, redirect_uri: str) -> Tokens:
        """Tokens for the code of a callback. A code serves once, so this is sent once."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._tokens(await self._caller.once(self._request(form), "token"))

    async def refresh(self, refresh_token: str, before: Deadline | None = None) -> Tokens:
        """New tokens; the refresh token may be a new one too. Raises `SignInNeeded` when the old one is refused,
        `NotSent` when the request could leave only at or after `before`."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._tokens(await self._caller.repeating(self._request(form), "token", before))

    async def revoke(self, token: str) -> None:
        """End the connection at Intuit. Either token does. A token that is dead already is no error."""
        headers = {"Authorization": self._keys.basic, "Content-Type": _JSON, "Accept": _JSON}
        request = Request("POST", self._endpoints.revoke, headers, wire.encode({"token": token}))
        response = await self._caller.repeating(request, "token")
        if response.status >= 500:
            raise _trouble(response.status)

    def _request(self, form: Mapping[str, str]) -> Request:
        headers = {
            "Authorization": self._keys.basic,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": _JSON,
            "x-include-refresh-token-hard-expires-in": "true",
        }
        return Request("POST", self._endpoints.token, headers, urlencode(form).encode(), timeout=60.0)

    def _tokens(self, response: Response) -> Tokens:
        if response.status != 200:
            raise _refusal(response)
        granted = wire.decode(response.body, _Granted, "tokens")
        if not _usable(granted.refresh_token):
            raise _without_token()
        now = self._clock.now()

        def end(seconds: Any, longest: timedelta) -> datetime | None:
            span = _span(seconds, longest)
            return None if span is None else now + span

        return Tokens(
            access_token=granted.access_token if _usable(granted.access_token) else "",
            refresh_token=granted.refresh_token,
            access_expires_at=end(granted.expires_in, _LONGEST_ACCESS) or now + _ACCESS,
            refresh_expires_at=end(granted.x_refresh_token_expires_in, _LONGEST_REFRESH),
            hard_expires_at=end(granted.x_refresh_token_hard_expires_in, _LONGEST_REFRESH),
        )


def _usable(token: Any) -> bool:
    """Whether it is a token that can stand in a header."""
    return isinstance(token, str) and bool(re.fullmatch(r"[\x21-\x7e]{1,8192}", token))


def _span(seconds: Any, longest: timedelta) -> timedelta | None:
    """At most `longest`; None for what is no span of time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or seconds <= 0:
        return None
    return longest if seconds >= longest.total_seconds() else timedelta(seconds=int(seconds))


def _without_token() -> BadAnswer:
    return BadAnswer("The sign-in service answered without a token.", "It is tried again later.")


class Consent(msgspec.Struct, frozen=True):
    """What a callback brings: a code that serves once, and the company the person chose."""

    code: str
    realm_id: str

    def __repr__(self) -> str:
        return f"Consent(realm_id={self.realm_id!r})"


def consent(params: Mapping[str, str], state: str, expected_realm: str = "") -> Consent:
    """Check the query of a callback against the `state` that was sent out, and the company that is expected, if any.

    Raises `WrongUse` for a callback that is not ours or for another company, `SignInNeeded` when consent was refused.
    """
    if not state or not hmac.compare_digest(params.get("state", "").encode(), state.encode()):
        raise WrongUse("This sign-in was not started here.", "Start again:  ml-connector connect quickbooks")
    if params.get("error"):
        raise SignInNeeded("QuickBooks was not connected: consent was refused.", RECONNECT)
    granted = Consent(params.get("code", ""), params.get("realmId", ""))
    if not granted.code or not granted.realm_id:
        raise WrongUse("The sign-in came back without a code or a company.", RECONNECT)
    # Before the code is spent: the id becomes a part of every address (reference 1.2: 15 to 19 digits).
    if not re.fullmatch(r"[0-9]{1,20}", granted.realm_id):
        raise WrongUse("The sign-in came back with a company that is no number.", RECONNECT)
    if expected_realm and granted.realm_id != expected_realm:
        raise WrongUse(
            f"Company {granted.realm_id} was chosen, but this connection is for {expected_realm}.",
            "Connect again and choose the right company; another company needs a connection of its own.",
        )
    return granted


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

    A refresh whose answer is lost is sent again with the same token: within a day the vendor mostly gives out the same
    refresh token. Where it did rotate, the repeat is refused with `invalid_grant`, and a person is asked.
    """

    def __init__(self, oauth: OAuth, store: TokenStore, clock: Clock) -> None:
        self._oauth = oauth
        self._store = store
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._tokens: Tokens | None = None
        self._unstored: Tokens | None = None
        self._dead = ""

    async def token(self) -> str:
        """A token that is good for some minutes. Raises `SignInNeeded`."""
        tokens = self._tokens
        if tokens is not None and self._unstored is None and tokens.fresh(self._clock.now()):
            return tokens.access_token
        return await self.renew("")

    async def renew(self, refused: str) -> str:
        """A token other than `refused`, which the vendor did not accept; refreshed only if nobody else has done so."""
        async with self._one_at_a_time:
            self._store_what_is_left()
            tokens = self._stored()
            if not self._serves(tokens, refused):
                tokens = await self._in_turn(refused)
            self._tokens = tokens
            if not tokens.access_token:  # looked at last: the refresh token that came with it is stored by now
                raise _without_token()
            return tokens.access_token

    def _serves(self, tokens: Tokens, refused: str) -> bool:
        """`refused` counts even if it looks fresh: the vendor knows better (a user disconnected, keys were changed)."""
        return tokens.access_token != refused and tokens.fresh(self._clock.now())

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
        return tokens

    async def _refreshed(self, old: Tokens, before: Deadline) -> Tokens:
        if old.refresh_token == self._dead:
            raise _dead_sign_in()
        try:
            self._unstored = await self._oauth.refresh(old.refresh_token, before)
        except SignInNeeded:
            # A dead token stays dead (reference 1.4): it is not asked for again, until a person has connected.
            self._dead = old.refresh_token
            raise
        return self._store_what_is_left() or old

    def _store_what_is_left(self) -> Tokens | None:
        """A rotated token must never be lost: when storing fails it is kept here, and stored before anything else."""
        tokens = self._unstored
        if tokens is not None:
            self._store.store(tokens)
            self._unstored = None
        return tokens


def _refusal(response: Response) -> Exception:
    """What a refusal of the token service means. Its texts are not shown: they may repeat what was sent."""
    if response.status >= 500 or response.status == 429:
        return _trouble(response.status)
    try:
        error = wire.loads(response.body, "sign-in")
    except BadAnswer:
        return _trouble(response.status)
    code = error.get("error") if isinstance(error, dict) else None
    if code == "invalid_grant":
        return _lost_user() if _reason(error) == "user_not_in_realm" else _dead_sign_in()
    if code == "invalid_client":
        return WrongUse(
            "Intuit does not know this client id and secret.",
            "Check both in the settings; keys for development and for production are different pairs.",
        )
    return _trouble(response.status)


def _reason(error: Any) -> Any:
    return error.get("x_error_reason")


def _dead_sign_in() -> SignInNeeded:
    return SignInNeeded("The QuickBooks sign-in has expired or was withdrawn.", RECONNECT)


def _lost_user() -> SignInNeeded:
    return SignInNeeded(
        "The person who connected QuickBooks no longer has access to the company.",
        "An administrator of the company must connect it again:  ml-connector connect quickbooks",
    )


def _trouble(status: int) -> Unreachable:
    return Unreachable(f"The sign-in service answered with status {status}.", "It is tried again later by itself.")
