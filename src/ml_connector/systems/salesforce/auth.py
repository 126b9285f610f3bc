"""Signing in to Salesforce, with client credentials or by certificate (salesforce reference 1.1 to 1.3).

Where a token goes is watched: only to https, or to this machine, and only to the org that the connection belongs to.
What a refusal means: `refusals.py`. Who keeps the session: `keeper.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit

import msgspec

from ml_connector.model.errors import BadAnswer, ConnectorError, Unreachable, WrongUse
from ml_connector.systems import wire
from ml_connector.systems.http import Response

from .records import long_id
from .refusals import MY_DOMAIN, refusal

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, not a secret
VERSIONS_PATH = "/services/data/"
API_VERSION = "67.0"
"""The version that is pinned unless the settings name another one."""

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTED = timedelta(minutes=3)
"""How long an assertion is good for: the org takes up to five minutes, and clocks differ (reference 1.3)."""

_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com", "welcome.salesforce.com")
_VENDOR_HOST = r"https://([a-z0-9-]+\.)+(salesforce\.com|salesforce\.mil|sfcrmproducts\.cn|sfcrmapps\.cn)(:443)?"
"""Where an org may say that its API is. Those that do not end in .com: US military, China."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Credential(Protocol):
    """One way to prove who we are. Never shown."""

    def form(self, now: datetime) -> dict[str, str]:
        """What is sent to the token endpoint. Secret."""


class Credentials(Protocol):
    """What one app signs in with. While a secret or a certificate is renewed there are two."""

    @property
    def host(self) -> str:
        """The My Domain address of the org."""

    def options(self) -> Sequence[Credential]:
        """All that may be right, in the order in which to try them. Raises `SignInNeeded` where there is none."""

    def proved(self, credential: Credential) -> None:
        """Told which of them the org took: those before are not needed any more. Raises nothing."""


class ClientCredentials(msgspec.Struct, frozen=True):
    """The app's consumer key and secret, and the org's My Domain address. Never shown."""

    host: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"ClientCredentials(host={self.host!r})"

    def form(self, now: datetime) -> dict[str, str]:
        """Key and secret in the body (reference 1.2)."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    def options(self) -> Sequence[Credential]:
        """These alone."""
        return (self,)

    def proved(self, credential: Credential) -> None:
        """Nothing to do: there are no others."""


class JwtBearer(msgspec.Struct, frozen=True):
    """The app's consumer key, the user it acts as, and the private key of its certificate (PEM). Never shown."""

    host: str
    client_id: str
    username: str
    key: str

    def __repr__(self) -> str:
        return f"JwtBearer(host={self.host!r})"

    def form(self, now: datetime) -> dict[str, str]:
        """An assertion that is signed now and ends in some minutes (reference 1.3)."""
        from joserfc import jwt  # loaded late: who signs in with a secret needs none of it

        ends = int(now.timestamp()) + int(ASSERTED.total_seconds())
        claims = {"iss": self.client_id, "sub": self.username, "aud": audience(self.host), "exp": ends}
        signed = jwt.encode({"alg": "RS256"}, claims, _signing_key(self.key))
        return {"grant_type": JWT_BEARER, "assertion": signed}

    def options(self) -> Sequence[Credential]:
        """This alone."""
        return (self,)

    def proved(self, credential: Credential) -> None:
        """Nothing to do: there are no others."""


@lru_cache(maxsize=4)
def _signing_key(text: str) -> RSAKey:
    """Kept: to read a key takes twenty times as long as to sign with it."""
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(text)


def audience(host: str) -> str:
    """For whom an assertion is meant: the login host of the kind of org; in a rehearsal the org itself."""
    if re.fullmatch(r"https://[a-z0-9-]+\.my\.salesforce\.com", host):
        return "https://login.salesforce.com"
    if re.fullmatch(r"https://[a-z0-9-]+\.sandbox\.my\.salesforce\.com", host):
        return "https://test.salesforce.com"
    return host


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
        raise WrongUse(f"{host} cannot be used to sign in with client credentials.", MY_DOMAIN)
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
        raise WrongUse("The Salesforce address is not an address.", MY_DOMAIN) from None
    return parts


def _origin(parts: SplitResult, host: str) -> str:
    if not re.fullmatch(r"[a-z0-9.:-]+", host) or parts.username or parts.password:
        raise WrongUse("The Salesforce address is not an address.", MY_DOMAIN)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise WrongUse("Only https may leave this machine.", MY_DOMAIN)
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")


def accept() -> dict[str, str]:
    """The headers of a request that wants JSON."""
    return {"Accept": "application/json"}


def read_versions(body: Any) -> list[str]:
    """The numbers of a list of API versions. Raises `BadAnswer`."""
    if not isinstance(body, list):
        raise BadAnswer("The list of API versions cannot be read.", MY_DOMAIN)
    named = [row.get("version") for row in body if isinstance(row, Mapping)]
    return [version for version in named if isinstance(version, str)]


def as_number(version: str) -> int:
    """By which versions are ordered."""
    whole = version.partition(".")[0]
    return int(whole) if whole.isdecimal() and len(whole) < 6 else 0


def read_session(response: Response, host: str) -> Session:
    """The session from the answer of the token endpoint. Raises the error that says what to do instead."""
    if response.status != 200:
        raise refusal(response.status, json_of(response))
    body = json_of(response)
    token, url, identity = (body.get(name) for name in ("access_token", "instance_url", "id"))
    if not (isinstance(token, str) and token and isinstance(url, str) and isinstance(identity, str)):
        raise BadAnswer("Salesforce signed us in without saying where.", "Try again; if it stays, report it.")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise BadAnswer("Salesforce gave out a token that cannot be used.", "Try again; if it stays, report it.")
    return Session(token, _instance(url, host), *_identity(identity))


def json_of(response: Response) -> Mapping[str, Any]:
    """The object of an answer; empty for a refusal without one. Raises `BadAnswer` for a 200 that is not JSON."""
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
        raise BadAnswer("Salesforce named an address for its API that cannot be used.", MY_DOMAIN)
    return instance


def _identity(url: str) -> tuple[str, str]:
    parts = urlsplit(url).path.rstrip("/").split("/")
    try:
        return long_id(parts[-2]), long_id(parts[-1])
    except (IndexError, WrongUse):
        raise BadAnswer(
            "Salesforce signed us in without naming the org.", "Try again; if it stays, report it."
        ) from None


def no_salesforce(host: str, status: int) -> ConnectorError:
    """The error for a host that does not list the API versions."""
    if status >= 500 or status == 408:
        return Unreachable(f"{host} answers with a server error (HTTP {status}).", "It is tried again by itself.")
    return WrongUse(f"{host} does not answer like Salesforce (HTTP {status}).", MY_DOMAIN)
