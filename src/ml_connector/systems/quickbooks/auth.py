"""Signing in to QuickBooks (OAuth 2.0, reference section 1): the conversation, and what it gives.

Nothing here shows a token or a secret in text or log. Who keeps the tokens, and renews them: `keeper.py`.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

import msgspec

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import BadAnswer, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, Request, Response

from .faults import RECONNECT

SCOPE = "com.intuit.quickbooks.accounting"
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


class Keys(Protocol):
    """The keys of the app. While its secret is rotated there are two pairs, of which the vendor takes one or both."""

    def options(self) -> Sequence[AppKeys]:
        """All that may be right, in the order in which to try them."""

    def proved(self, keys: AppKeys) -> None:
        """Told which of them the vendor took: those before are not needed any more. Raises nothing."""


class AppKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Client id and secret of the Intuit app."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "AppKeys(hidden)"

    def options(self) -> Sequence[AppKeys]:
        """These alone."""
        return (self,)

    def proved(self, keys: AppKeys) -> None:
        """Nothing to do: there are no others."""

    @property
    def basic(self) -> str:
        """The `Authorization` header of the token endpoint (reference 1.3). A secret."""
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


Verdict = Literal["", "refused", "lost user"]
"""Why a sign-in is dead: the vendor refuses the refresh token, or the person lost access to the company."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in gives; instants in UTC. `refresh_expires_at` moves with every refresh, `hard_expires_at` never.

    `connected_at` is when a person consented (None: before that was noted), `renewed_at` when these came. `dead_since`
    and `verdict` stand where the vendor has refused them for good: they are not sent any more.
    """

    access_token: str
    refresh_token: str
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None
    hard_expires_at: datetime | None = None
    previous_refresh_token: str = ""
    connected_at: datetime | None = None
    renewed_at: datetime | None = None
    dead_since: datetime | None = None
    verdict: Verdict = ""

    def __repr__(self) -> str:
        return f"Tokens(hidden, access_expires_at={self.access_expires_at.isoformat()})"

    def fresh(self, now: datetime, margin: timedelta) -> bool:
        """Whether the access token lives for longer than `margin`."""
        return bool(self.access_token) and now < self.access_expires_at - margin

    def after(self, old: Tokens, sent: str) -> Tokens:
        """These, which came for the refresh token `sent` of `old`: of the same consent, and with the one before.

        That is `sent`, which the vendor has taken, and not one of `old` that it has refused.
        """
        kept = old.previous_refresh_token if sent == old.refresh_token else ""
        previous = sent if self.refresh_token != sent else kept
        return msgspec.structs.replace(self, connected_at=old.connected_at, previous_refresh_token=previous)


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

    def __init__(self, keys: Keys, endpoints: Endpoints, caller: Caller, clock: Clock) -> None:
        self._keys = keys
        self._endpoints = endpoints
        self._caller = caller
        self._clock = clock

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        """Where a person gives consent. `state` is a fresh random text, to be compared in `consent`."""
        query = {
            "client_id": self._keys.options()[0].client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._endpoints.authorize}?{urlencode(query)}"

    async def exchange(self, code: str, redirect_uri: str) -> Tokens:
        """Tokens for the code of a callback. A code serves once, so this is sent once."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        granted = await self._granted(form, lambda request: self._caller.once(request, "token"))
        return msgspec.structs.replace(granted, connected_at=granted.renewed_at)

    async def refresh(self, refresh_token: str, before: Deadline | None = None) -> Tokens:
        """New tokens; the refresh token may be a new one too. Raises `SignInNeeded` when the old one is refused,
        `NotSent` when the request could leave only at or after `before`."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self._granted(form, lambda request: self._caller.repeating(request, "token", before))

    async def revoke(self, token: str) -> None:
        """End the connection at Intuit. Either token does. A token that is dead already is no error."""
        for keys in self._keys.options():
            headers = {"Authorization": keys.basic, "Content-Type": _JSON, "Accept": _JSON}
            request = Request("POST", self._endpoints.revoke, headers, wire.encode({"token": token}))
            response = await self._caller.repeating(request, "token")
            if response.status >= 500:
                raise _trouble(response.status)
            if not _unknown_client(response):
                return

    async def _granted(self, form: Mapping[str, str], send: Callable[[Request], Awaitable[Response]]) -> Tokens:
        """Tokens for what the form holds, by whichever keys the vendor takes: those that are refused spend nothing."""
        options = self._keys.options()
        for keys in options:
            response = await send(self._request(keys, form))
            if not (_unknown_client(response) and keys is not options[-1]):
                break
        if response.status == 200:
            self._keys.proved(keys)
        return self._tokens(response)

    def _request(self, keys: AppKeys, form: Mapping[str, str]) -> Request:
        headers = {
            "Authorization": keys.basic,
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
            raise without_token()
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
            renewed_at=now,
        )


def _usable(token: Any) -> bool:
    """Whether it is a token that can stand in a header."""
    return isinstance(token, str) and bool(re.fullmatch(r"[\x21-\x7e]{1,8192}", token))


def _span(seconds: Any, longest: timedelta) -> timedelta | None:
    """At most `longest`; None for what is no span of time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or seconds <= 0:
        return None
    return longest if seconds >= longest.total_seconds() else timedelta(seconds=int(seconds))


def without_token() -> BadAnswer:
    """The error for an answer that has no token in it."""
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


class Refused(SignInNeeded):
    """The vendor refuses what was sent, and says why. The keeper looks whether there is anything else to send."""

    def __init__(self, verdict: Verdict) -> None:
        dead = dead_sign_in(verdict)
        super().__init__(dead.sentence, dead.remedy)
        self.verdict = verdict


def dead_sign_in(verdict: Verdict) -> SignInNeeded:
    """The error for a sign-in that is over, in words."""
    if verdict == "lost user":
        return SignInNeeded(
            "The person who connected QuickBooks no longer has access to the company.",
            "An administrator of the company must connect it again:  ml-connector connect quickbooks",
        )
    return SignInNeeded("The QuickBooks sign-in has expired or was withdrawn.", RECONNECT)


def _refusal(response: Response) -> Exception:
    """What a refusal of the token service means. Its texts are not shown: they may repeat what was sent."""
    error = _error(response)
    if response.status < 500 and response.status != 429 and error.get("error") == "invalid_grant":
        return Refused("lost user" if error.get("x_error_reason") == "user_not_in_realm" else "refused")
    if _unknown_client(response):
        return WrongUse(
            "Intuit does not know this client id and secret.",
            "Check both in the settings; keys for development and for production are different pairs.",
        )
    return _trouble(response.status)


def _unknown_client(response: Response) -> bool:
    refused = response.status != 200 and response.status < 500 and response.status != 429
    return refused and _error(response).get("error") == "invalid_client"


def _error(response: Response) -> Mapping[str, Any]:
    """The body of a refusal; empty for what is none."""
    try:
        error = wire.loads(response.body, "sign-in")
    except BadAnswer:
        return {}
    return error if isinstance(error, dict) else {}


def _trouble(status: int) -> Unreachable:
    return Unreachable(f"The sign-in service answered with status {status}.", "It is tried again later by itself.")
