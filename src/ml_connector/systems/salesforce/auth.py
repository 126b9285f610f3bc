"""Signing in with client credentials (salesforce reference 1.1, 1.2, 1.5).

There is nothing to lose here, unlike at QuickBooks: no refresh token, and a new session can be asked for at any time
with the consumer key and secret. So sessions live in memory only, each process has its own, and no turn is taken. What
is watched is where a token goes: only to https, or to this machine, and only to the org that the connection belongs to.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from ml_connector.model.errors import BadAnswer, ConnectorError, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, Request, Response

from .records import long_id

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, not a secret
VERSIONS_PATH = "/services/data/"
API_VERSION = "67.0"
"""The version that is pinned unless the settings name another one."""

_MY_DOMAIN = "Use the address of My Domain, for example https://acme.my.salesforce.com (Setup > My Domain)."
_APP = "In Salesforce: Setup > External Client App Manager > your app > Policies. "
_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com", "welcome.salesforce.com")
_VENDOR_HOST = r"https://([a-z0-9-]+\.)+(salesforce\.com|salesforce\.mil|sfcrmproducts\.cn|sfcrmapps\.cn)(:443)?"
"""Where an org may say that its API is. Those that do not end in .com: US military, China."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ClientCredentials(msgspec.Struct, frozen=True):
    """The app's consumer key and secret, and the org's My Domain address. Never shown."""

    host: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"ClientCredentials(host={self.host!r})"


class Session(msgspec.Struct, frozen=True):
    """A session as the org gave it. `instance_url` has no slash at its end; ids have 18 characters."""

    token: str
    instance_url: str
    org_id: str
    user_id: str

    def __repr__(self) -> str:
        return f"Session(instance_url={self.instance_url!r}, org_id={self.org_id!r})"


def checked_host(text: str) -> str:
    """The origin of a pasted address, `https://acme.my.salesforce.com`. Raises `WrongUse` for hosts without an API."""
    text = text.strip()
    parts = _parts(text if "://" in text else f"https://{text}")
    host = (parts.hostname or "").lower()
    if host in _LOGIN_HOSTS:
        raise WrongUse(f"{host} cannot be used to sign in with client credentials.", _MY_DOMAIN)
    for screen in (".lightning.force.com", ".my.salesforce-setup.com"):
        if host.endswith(screen):
            domain = host.removesuffix(screen)
            raise WrongUse(
                f"{host} is the address of the screens, not of the API.",
                f"Use https://{domain}.my.salesforce.com instead.",
            )
    return _origin(parts, host)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise WrongUse("The Salesforce address is not an address.", _MY_DOMAIN) from None
    return parts


def _origin(parts: SplitResult, host: str) -> str:
    if not re.fullmatch(r"[a-z0-9.:-]+", host) or parts.username or parts.password:
        raise WrongUse("The Salesforce address is not an address.", _MY_DOMAIN)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise WrongUse("Only https may leave this machine.", _MY_DOMAIN)
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")


class SessionKeeper:
    """Hands out one session, and makes a new one only once however many calls found the old one expired.

    The answer does not say when a session ends, so it is used until a call is answered 401, then
    renewed and the call repeated once (reference 1.5).

    `org_id`, where it is known, must be the org that answers; another one raises `WrongUse`.
    """

    def __init__(
        self, caller: Caller, credentials: ClientCredentials, *, api_version: str = API_VERSION, org_id: str = ""
    ) -> None:
        self.host = checked_host(credentials.host)
        self.api_version = api_version
        self._caller = caller
        self._credentials = credentials
        self._org_id = long_id(org_id) if org_id else ""
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._version_checked = False

    async def session(self) -> Session:
        """The session in use, or a first one. Raises `SignInNeeded`, `WrongUse` or `Unreachable`."""
        return self._session or await self.renew(None)

    async def renew(self, stale: Session | None) -> Session:
        """A session that is not `stale`: the one that somebody else made meanwhile, or a new one."""
        async with self._lock:
            if self._session is None or self._session is stale:
                self._session = None
                await self._check_version()
                self._session = await self._log_in()
            return self._session

    async def versions(self) -> list[str]:
        """The API versions that the org speaks; needs no token. Raises `Unreachable` or `BadAnswer`."""
        response = await self._caller.repeating(Request("GET", self.host + VERSIONS_PATH, _accept()), "version")
        if response.status != 200:
            raise _no_salesforce(self.host, response.status)
        return _versions(wire.loads(response.body, "the list of API versions", strict=False))

    async def _check_version(self) -> None:
        if self._version_checked:
            return
        versions = await self.versions()
        if self.api_version not in versions:
            newest = max(versions, key=_as_number, default="none")
            raise WrongUse(
                f"The org does not speak API version {self.api_version} (its newest is {newest}).",
                "Set salesforce.api_version to one that it speaks.",
            )
        self._version_checked = True

    async def _log_in(self) -> Session:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
        }
        headers = {**_accept(), "Content-Type": "application/x-www-form-urlencoded"}
        request = Request("POST", self.host + TOKEN_PATH, headers, urlencode(form).encode())
        session = read_session(await self._caller.repeating(request, "token"), self.host)
        if self._org_id and session.org_id != self._org_id:
            raise WrongUse(
                f"These credentials belong to the org {session.org_id}, but this connection serves {self._org_id}.",
                "After a sandbox refresh make a new connection; otherwise correct the address or the consumer key.",
            )
        return session


def _accept() -> dict[str, str]:
    return {"Accept": "application/json"}


def _versions(body: Any) -> list[str]:
    if not isinstance(body, list):
        raise BadAnswer("The list of API versions cannot be read.", _MY_DOMAIN)
    named = [row.get("version") for row in body if isinstance(row, Mapping)]
    return [version for version in named if isinstance(version, str)]


def _as_number(version: str) -> int:
    whole = version.partition(".")[0]
    return int(whole) if whole.isdecimal() and len(whole) < 6 else 0


def read_session(response: Response, host: str) -> Session:
    """The session from the answer of the token endpoint. Raises the error that says what to do instead."""
    if response.status != 200:
        raise refusal(response.status, _json(response))
    body = _json(response)
    token, url, identity = (body.get(name) for name in ("access_token", "instance_url", "id"))
    if not (isinstance(token, str) and token and isinstance(url, str) and isinstance(identity, str)):
        raise BadAnswer("Salesforce signed us in without saying where.", "Try again; if it stays, report it.")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise BadAnswer("Salesforce gave out a token that cannot be used.", "Try again; if it stays, report it.")
    return Session(token, _instance(url, host), *_identity(identity))


def _json(response: Response) -> Mapping[str, Any]:
    try:
        body = wire.loads(response.body, "a sign-in", strict=False)
    except BadAnswer:
        if response.status == 200:
            raise
        return {}
    return body if isinstance(body, Mapping) else {}


def _instance(url: str, host: str) -> str:
    """Where the token may be sent: to a host of Salesforce's, or to the one that we signed in to."""
    try:
        instance = checked_host(url)
    except WrongUse:
        instance = ""
    if instance != host and not re.fullmatch(_VENDOR_HOST, instance):
        raise BadAnswer("Salesforce named an address for its API that cannot be used.", _MY_DOMAIN)
    return instance


def _identity(url: str) -> tuple[str, str]:
    parts = urlsplit(url).path.rstrip("/").split("/")
    try:
        return long_id(parts[-2]), long_id(parts[-1])
    except (IndexError, WrongUse):
        raise BadAnswer(
            "Salesforce signed us in without naming the org.", "Try again; if it stays, report it."
        ) from None


_REFUSALS: tuple[tuple[str, str, type[ConnectorError], str, str], ...] = (
    # error, a part of error_description, our error, sentence, remedy
    (
        "invalid_client_id",
        "",
        SignInNeeded,
        "Salesforce does not know the consumer key.",
        "Copy the consumer key of the app again. A new app is known after about ten minutes.",
    ),
    (
        "invalid_client",
        "",
        SignInNeeded,
        "Salesforce refuses the consumer secret.",
        "Copy the consumer secret of the app again; it changes when somebody rotates it.",
    ),
    (
        "invalid_grant",
        "no client credentials user",
        SignInNeeded,
        "The app has no user to run as.",
        _APP + "Enter the integration user's user name (not the e-mail) as Run As.",
    ),
    (
        "invalid_grant",
        "admin approved",
        SignInNeeded,
        "The integration user is not approved for the app.",
        _APP + "Add the user's permission set or profile to the app, or let all users authorise themselves.",
    ),
    (
        "invalid_grant",
        "flow not enabled",
        SignInNeeded,
        "The client credentials flow is switched off.",
        _APP + "Switch it on in both places: the app's OAuth settings and its policies.",
    ),
    (
        "invalid_grant",
        "not supported on this domain",
        WrongUse,
        "This address does not take client credentials.",
        _MY_DOMAIN,
    ),
    (
        "unsupported_grant_type",
        "",
        WrongUse,
        "This address does not know the client credentials flow.",
        _MY_DOMAIN,
    ),
    (
        "inactive_user",
        "",
        SignInNeeded,
        "The integration user is inactive or frozen.",
        "Activate the user in Salesforce, or name another one as Run As in the app's policies.",
    ),
    (
        "inactive_org",
        "",
        SignInNeeded,
        "The Salesforce org is inactive.",
        "Ask Salesforce why; a trial or sandbox may have ended.",
    ),
)


def refusal(status: int, body: Mapping[str, Any]) -> ConnectorError:
    """The error for an answer of the token endpoint that is no session."""
    code, text = str(body.get("error", "")), str(body.get("error_description", "")).lower()
    for error, part, kind, sentence, remedy in _REFUSALS:
        if error == code and part in text:
            return kind(sentence, remedy)
    if status >= 500 or status in (408, 429):
        return Unreachable(f"Salesforce cannot sign us in now (HTTP {status}).", "It is tried again by itself.")
    if not code:
        return WrongUse(f"The address does not answer like Salesforce (HTTP {status}).", _MY_DOMAIN)
    shown = code if re.fullmatch(r"[a-z_]{1,40}", code) else "an unknown reason"
    return SignInNeeded(
        f"Salesforce refuses to sign us in ({shown}).",
        "Check the app's policies and the integration user, then run `ml-connector connect salesforce`.",
    )


def _no_salesforce(host: str, status: int) -> ConnectorError:
    if status >= 500 or status == 408:
        return Unreachable(f"{host} answers with a server error (HTTP {status}).", "It is tried again by itself.")
    return WrongUse(f"{host} does not answer like Salesforce (HTTP {status}).", _MY_DOMAIN)
