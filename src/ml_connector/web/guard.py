"""What stands before every route: which hosts are answered, who has signed in, and the headers of every answer.

Whatever is not named as public here needs a session: a route that is added later is closed until somebody opens it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

HOOK = "/hooks/quickbooks"
STATE = "mlc"
"""Where the connection's guard leaves what it has found out, for the routes."""
PUBLIC: Mapping[str, Collection[str]] = {
    HOOK: ("POST",),
    "/healthz": ("GET", "HEAD"),
    "/readyz": ("GET", "HEAD"),
    "/login": ("GET", "HEAD", "POST"),
    "/enter": ("GET",),
    "/style.css": ("GET", "HEAD"),
}
"""The routes that need no session: webhooks, health, and what a person needs to sign in."""
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'{more}; frame-ancestors 'none'; base-uri 'none'"
)
_A_YEAR = b"max-age=31536000"
PLAIN_COOKIE, HOST_COOKIE = "mlc-session", "__Host-mlc-session"


@dataclass(frozen=True)
class Place:
    """Who may reach this door by which name. `proxies` are addresses whose word about the client is taken."""

    hosts: Collection[str] = ()
    proxies: Collection[str] = ()

    def answers_to(self, host: str) -> bool:
        """Whether a Host header names this machine, or a host of the settings."""
        name = _host_of(host)
        return _is_loopback(name) or name in self.hosts


@dataclass(frozen=True)
class Visit:
    """What is known of a request. `address` is the client's, as far as it can be believed."""

    address: str
    https: bool
    session: str

    @property
    def cookie(self) -> str:
        """The name of the session's cookie: under https one that no other host can set."""
        return HOST_COOKIE if self.https else PLAIN_COOKIE


SignedIn = Callable[[Mapping[str, str], str, Visit], Awaitable[bool]]
"""Of headers, path and visit of a request."""


def policy(*forms_to: str) -> str:
    """The content policy of a page. Only from a page that leads to a vendor may a form lead there (`forms_to`)."""
    return _POLICY.format(more="".join(f" {origin}" for origin in forms_to))


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, place: Place, is_signed_in: SignedIn) -> None:
        """`is_signed_in` says of a request whether somebody stands behind it who may look."""
        self._app, self._place, self._is_signed_in = app, place, is_signed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the application."""
        if scope["type"] != ScopeType.HTTP:  # there are no websockets, and nothing happens at begin and end
            return
        headers = _headers_of(scope)
        visit = _visit(scope, headers, self._place)
        scope["state"] = {**(scope.get("state") or {}), STATE: visit}
        answer = _Answer(send, visit)
        refusal = await self._refusal(scope, headers, visit)
        if refusal is None:
            await self._app(scope, receive, answer.send)
        else:
            await _say(answer.send, *refusal)

    async def _refusal(
        self, scope: HTTPScope, headers: Mapping[str, str], visit: Visit
    ) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        path, method = scope["path"], scope["method"]
        if not self._place.answers_to(headers.get("host", "")):
            return 421, "This host name is not served here; add it to hosts of [web] in the settings.", []
        if method in PUBLIC.get(path, ()):
            return _foreign(headers, visit) if method == "POST" and path != HOOK else None
        if not await self._is_signed_in(headers, path, visit):
            if method in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
                there = quote(path, safe="/")
                return 303, "Sign in first.", [(b"location", f"/login?next={there}".encode())]
            return 401, "Sign in first.", [(b"www-authenticate", b"Bearer")]
        return _foreign(headers, visit) if method not in ("GET", "HEAD") else None


def _foreign(headers: Mapping[str, str], visit: Visit) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
    """A form that a page of somebody else has sent; browsers say where a form comes from."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    ours = f"{'https' if visit.https else 'http'}://{headers.get('host', '')}"
    if site not in ("same-origin", "none") or origin not in (None, ours):
        return 403, "This form was sent by a page of another host.", []
    return None


class _Answer:
    """Puts the headers on whatever is answered."""

    def __init__(self, send: Send, visit: Visit) -> None:
        self._send, self._visit = send, visit

    async def send(self, message: Message) -> None:
        """Pass a message on; the first one with all headers."""
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), *_HEADERS]
            there = {name.lower() for name, _ in headers}
            usual = ((b"content-security-policy", policy().encode()), (b"cache-control", b"no-store"))
            headers += [(name, value) for name, value in usual if name not in there]
            if self._visit.https:
                headers.append((b"strict-transport-security", _A_YEAR))
            message["headers"] = headers
        await self._send(message)


async def _say(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = f"{text}\n".encode()
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers_of(scope: HTTPScope) -> dict[str, str]:
    """Of a header that stands there twice, none can be believed: it counts as absent."""
    headers: dict[str, str] = {}
    twice: set[str] = set()
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").lower()
        if name in headers:
            twice.add(name)
        headers[name] = value.decode("latin-1")
    for name in twice & {"host", "origin", "cookie", "sec-fetch-site"}:
        headers[name] = ""
    return headers


def _visit(scope: HTTPScope, headers: Mapping[str, str], place: Place) -> Visit:
    client = scope.get("client")
    address, https = client[0] if client else "", scope.get("scheme") == "https"
    if address in place.proxies:
        # The last address that is no proxy of ours: what stands before it is the client's own word.
        told = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
        address = next((part for part in reversed(told) if part not in place.proxies), address)
        https = headers.get("x-forwarded-proto", "").strip().lower() == "https"
    cookies = _cookies(headers.get("cookie", ""))
    return Visit(address[:64], https, cookies.get(HOST_COOKIE if https else PLAIN_COOKIE, ""))


def _cookies(text: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(text)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _host_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
