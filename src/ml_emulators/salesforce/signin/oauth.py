"""OAuth: sign-in, revoke, introspect, userinfo, and the life of a session (salesforce reference 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ml_emulators.kit.hosts import LOGIN, place
from ml_emulators.kit.wire import Request
from ml_emulators.salesforce.calls import Answer
from ml_emulators.salesforce.errors import ApiError, OAuthError
from ml_emulators.salesforce.world import Actor, World

from . import assertions
from .identity import identity_url, userinfo

_FORM = "application/x-www-form-urlencoded"
_ABOUT = ("/id/", "/services/oauth2/userinfo")
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Session:
    """A token that is alive: whose, since when, and when it was last used, from which its end counts."""

    actor: Actor
    started: datetime
    used: datetime


class Sessions:
    """The app's key, secret and certificates, and the tokens that are alive."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.client_id = f"3MVG9{world.secret(80)}"
        self.client_secret = world.secret(64).upper()
        self.certificates: tuple[str, ...] = ()
        self._live: dict[str, Session] = {}

    def _lifetime(self) -> timedelta:
        minutes = self._world.switches.session_minutes
        return timedelta(minutes=self._world.org.session_minutes if minutes is None else minutes)

    def open(self, actor: Actor) -> str:
        """A token for a user: the org's id, `!` and a secret, 112 characters."""
        now = self._world.clock.now()
        if self._world.switches.same_token_on_new_login:
            for token in list(self._live):
                session = self.use(token)
                if session is not None and session.actor == actor:
                    return token
        secret = base64.b64encode(bytes.fromhex(self._world.secret(144))).decode()
        token = f"{self._world.org_id[:15]}!{secret.replace('+', '.').replace('/', '_')}"
        self._live[token] = Session(actor, now, now)
        return token

    def peek(self, token: str) -> Session | None:
        """The session of a token that is alive, without extending it; None when it ended or its user is frozen."""
        session = self._live.get(token)
        if session is None or self._world.clock.now() - session.used >= self._lifetime():
            return None
        if self._world.is_frozen(session.actor):
            return None
        return session

    def use(self, token: str) -> Session | None:
        """The live session of a token; being used keeps it alive."""
        session = self.peek(token)
        if session is None:
            self._live.pop(token, None)
            return None
        session.used = self._world.clock.now()
        return session

    def close(self, token: str) -> bool:
        """End a session; False when the token was not alive."""
        return self._live.pop(token, None) is not None

    def kill_all(self) -> int:
        """Every session ends at once; how many there were."""
        count = len(self._live)
        self._live.clear()
        return count

    def expires(self, session: Session) -> datetime:
        """When it ends if it is not used again (reference 1.5)."""
        return session.used + self._lifetime()

    def snapshot(self) -> Any:
        """Certificates and sessions, as a value that later use does not change."""
        return self.certificates, _copies(self._live)

    def restore(self, kept: Any) -> None:
        """Back to a snapshot, which may be restored again."""
        self.certificates, live = kept
        self._live = _copies(live)


def _copies(live: dict[str, Session]) -> dict[str, Session]:
    return {token: Session(session.actor, session.started, session.used) for token, session in live.items()}


def bearer(request: Request) -> str:
    """The token of a request; at the addresses that tell who a user is, it may stand in the query. Raises 401."""
    header = request.header("authorization")
    if not header and request.path.startswith(_ABOUT):
        header = f"Bearer {request.params().get('oauth_token', '')}"
    if not header:
        raise expired()
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("bearer", "oauth") or not token.strip():
        raise ApiError("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", status=401)
    return token.strip()


def expired() -> ApiError:
    """401 INVALID_SESSION_ID, for a token that ended or never was (reference 1.5)."""
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def _form(request: Request) -> dict[str, str]:
    if not request.header("content-type").lower().startswith(_FORM):
        return {}
    text = request.body.decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Key and secret from HTTP Basic or from the body."""
    scheme, _, encoded = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        key, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise OAuthError("invalid_client_id", "client identifier invalid") from None
    return unquote(key), unquote(secret)


def _same(given: str, other: str) -> bool:
    return hmac.compare_digest(given.encode(), other.encode())


class OAuth:
    """The endpoints under `/services/oauth2`."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions

    def answer(self, request: Request, endpoint: str, base_url: str) -> Answer | None:
        """None when there is no such endpoint. Raises `OAuthError`."""
        if endpoint == "token":
            return self._token(request, base_url)
        if endpoint == "revoke":
            return self._revoke(request)
        if endpoint == "introspect":
            return self._introspect(request, _login(request, base_url))
        return self._userinfo(request, base_url) if endpoint == "userinfo" else None

    def _check_client(self, request: Request, form: dict[str, str]) -> None:
        key, secret = _client(request, form)
        if not _same(key, self._sessions.client_id):
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not any(_same(secret, good) for good in self._secrets()):
            status = self._world.switches.wrong_secret_status
            raise OAuthError("invalid_client", "invalid client credentials", status)

    def _secrets(self) -> list[str]:
        """The app's secret; while it is rotated, a staged one beside it, which may be the only one in the end."""
        switches = self._world.switches
        first = [self._sessions.client_secret] if switches.first_secret_taken else []
        return [*first, switches.staged_secret] if switches.staged_secret else first

    def _check_access(self) -> None:
        """Whatever the flow: the app may be blocked, and the caller's address not be let in; words from memory."""
        if self._world.switches.app_blocked:
            raise OAuthError("OAUTH_APP_BLOCKED", "this app is blocked by admin")
        if not self._world.switches.address_allowed:
            raise OAuthError("invalid_grant", "ip restricted or invalid login hours")

    def _check_policy(self) -> None:
        switches = self._world.switches
        if not switches.client_credentials_enabled:
            raise OAuthError("invalid_grant", "client credentials flow not enabled")
        if not switches.run_as_user:
            raise OAuthError("invalid_grant", "no client credentials user enabled")
        if not switches.admin_approved:
            raise OAuthError("invalid_grant", "user is not admin approved")
        if not switches.user_active:
            raise OAuthError("inactive_user", "user is inactive")

    def _token(self, request: Request, base_url: str) -> Answer:
        _only_post(request)
        form = _form(request)
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self._granted(request, self._by_credentials(request, form), base_url)
        if grant == _JWT_BEARER:
            return self._granted(request, self._by_assertion(request, form, base_url), base_url)
        raise OAuthError("unsupported_grant_type", "grant type not supported")

    def _by_credentials(self, request: Request, form: dict[str, str]) -> Actor:
        if place(request, "").host in LOGIN:
            raise OAuthError("invalid_grant", "request not supported on this domain")
        self._check_client(request, form)
        self._check_policy()
        self._check_access()
        self._check_frozen(self._world.integration)
        return self._world.integration

    def _by_assertion(self, request: Request, form: dict[str, str], base_url: str) -> Actor:
        """The user that a signed assertion names."""
        assertion = assertions.read(form.get("assertion", ""))
        if not _same(assertion.claim("iss"), self._sessions.client_id):
            raise OAuthError("invalid_client_id", "client identifier invalid")
        assertions.check_signature(assertion, self._sessions.certificates)
        assertions.check_audience(assertion, (urlsplit(base_url).netloc, request.header("host").lower()))
        if self._world.switches.check_assertion_expiry:
            assertions.check_expiry(assertion, self._world.clock.now())
        return self._approved(assertion.claim("sub"))

    def _approved(self, username: str) -> Actor:
        switches = self._world.switches
        actor = self._world.actor_named(username)
        if actor is None or not switches.admin_approved:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        user = self._world.state.live("User", actor.user_id) or {}
        own = actor == self._world.integration
        if not user.get("IsActive") or (own and not switches.user_active):
            raise OAuthError("inactive_user", "user is inactive")
        self._check_access()
        self._check_frozen(actor)
        return actor

    def _check_frozen(self, actor: Actor) -> None:
        """A frozen user gets no token; its words are from memory."""
        if self._world.is_frozen(actor):
            error = self._world.switches.frozen_error
            words = {"invalid_grant": "authentication failure", "inactive_user": "user is inactive"}
            raise OAuthError(error, words[error])

    def _granted(self, request: Request, actor: Actor, base_url: str) -> Answer:
        issued = str(int(self._world.clock.now().timestamp() * 1000))
        identity = identity_url(self._world, actor, _login(request, base_url))
        body = {
            "access_token": self._sessions.open(actor),
            "signature": self._signature(identity + issued),
            "scope": "api",
            "instance_url": base_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        return Answer(200, body)

    def _signature(self, text: str) -> str:
        key = self._sessions.client_secret.encode()
        return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()

    def _revoke(self, request: Request) -> Answer:
        given = request.params() | _form(request)
        token = given.get("token")
        if given.get("token_type_hint", "access_token") not in ("access_token", "refresh_token"):
            raise OAuthError("unsupported_token_type", "this token type is not supported")
        if not token:
            raise OAuthError("invalid_request", "the token parameter is missing")
        if not self._sessions.close(token):
            raise OAuthError("invalid_token", "invalid token")
        return Answer(200)

    def _introspect(self, request: Request, login: str) -> Answer:
        _only_post(request)
        form = _form(request)
        self._check_client(request, form)
        session = self._sessions.peek(form.get("token", ""))
        if session is None:
            return Answer(200, {"active": False})
        body = {
            "active": True,
            "scope": "api",
            "client_id": self._sessions.client_id,
            "username": (self._world.state.live("User", session.actor.user_id) or {}).get("Username"),
            "sub": identity_url(self._world, session.actor, login),
            "token_type": "access_token",
            "exp": int(self._sessions.expires(session).timestamp()),
            "iat": int(session.started.timestamp()),
            "nbf": int(session.started.timestamp()),
        }
        return Answer(200, body)

    def _userinfo(self, request: Request, base_url: str) -> Answer:
        session = self._sessions.use(bearer(request))
        if session is None:
            raise expired()
        return Answer(200, userinfo(self._world, session.actor, base_url, _login(request, base_url)))


def _login(request: Request, base_url: str) -> str:
    """Where the caller finds the login host: to a local caller this server is all hosts."""
    return place(request, base_url).of(LOGIN[0])


def _only_post(request: Request) -> None:
    if request.method != "POST":
        raise OAuthError("invalid_request", "must use HTTP POST")
