"""The pages and endpoints of the authorization server (reference 1.1 to 1.6)."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import DecodeError

from ml_emulators.kit.hosts import place
from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks import answers
from ml_emulators.quickbooks.oauth import OAuthError
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.settings import App
from ml_emulators.quickbooks.values import Json

AUTHORIZE = "/connect/oauth2"
TOKEN = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
REVOKE = "/v2/oauth2/tokens/revoke"
DISCOVERY = "/.well-known/openid_configuration"
SANDBOX_DISCOVERY = "/.well-known/openid_sandbox_configuration"
_HARD_HEADER = "x-include-refresh-token-hard-expires-in"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def discovery(service: Service, request: Request, now: datetime) -> Response:
    """The addresses as the vendor's own hosts for a caller who used such a name, else on the caller's host."""
    of = place(request, service.base_url).of
    tokens = of("oauth.platform.intuit.com")
    people = of(f"{'sandbox-' if 'sandbox' in request.path else ''}accounts.platform.intuit.com")
    body: Json = {
        "issuer": f"{tokens}/op/v1",
        "authorization_endpoint": f"{of('appcenter.intuit.com')}{AUTHORIZE}",
        "token_endpoint": f"{tokens}{TOKEN}",
        "userinfo_endpoint": f"{people}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{of('developer.api.intuit.com')}{REVOKE}",
        "jwks_uri": f"{tokens}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
    return answers.plain(200, body, service.random, now)


def authorize(service: Service, request: Request, now: datetime) -> Response:
    """The consent page, with a user who decides at once: back to the app with a code, or with a refusal."""
    asked = request.params()
    app = service.authority.apps.get(asked.get("client_id", ""))
    redirect = asked.get("redirect_uri", "")
    if app is None or not _may_return_to(app, redirect):
        return answers.plain(400, {"error": "invalid_request"}, service.random, now)
    if asked.get("response_type") != "code" or not asked.get("scope"):
        return _back(service, redirect, {"error": "invalid_request", "state": asked.get("state", "")}, now)
    if service.switches.deny_consent:
        return _back(service, redirect, {"error": "access_denied", "state": asked.get("state", "")}, now)
    realm = next(iter(service.books))
    code = service.authority.consent(app.client_id, realm, redirect, now)
    return _back(service, redirect, {"code": code, "state": asked.get("state", ""), "realmId": realm}, now)


def _may_return_to(app: App, uri: str) -> bool:
    """Exact match; development keys may use http on loopback. No query, no fragment."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if parts.query or parts.fragment:
        return False
    if app.redirect_uris:
        return uri in app.redirect_uris
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK and uri.isprintable()


def _back(service: Service, redirect: str, query: dict[str, str], now: datetime) -> Response:
    location = f"{redirect}?{urlencode(query)}"
    return Response(302, {"Location": location, **answers.trace(service.random, now)})


def token(service: Service, request: Request, now: datetime) -> Response:
    app = _client(service, request)
    if app is None:
        return answers.plain(401, {"error": "invalid_client"}, service.random, now)
    try:
        body = _tokens(service, app, request, now)
    except OAuthError as refusal:
        return answers.plain(refusal.status, refusal.body, service.random, now)
    return answers.plain(200, body, service.random, now)


def _tokens(service: Service, app: App, request: Request, now: datetime) -> Json:
    form = _form(request)
    hard = request.header(_HARD_HEADER).lower() == "true"
    grant = form.get("grant_type")
    if grant == "authorization_code" and "code" in form and "redirect_uri" in form:
        return service.authority.exchange(app, form["code"], form["redirect_uri"], now, hard=hard)
    if grant == "refresh_token" and "refresh_token" in form:
        return service.authority.refresh(app, form["refresh_token"], now, hard=hard)
    known = grant in (None, "authorization_code", "refresh_token")
    raise OAuthError(400, "invalid_request" if known else "unsupported_grant_type")


def _form(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True))
    except (UnicodeDecodeError, ValueError) as error:
        raise OAuthError(400, "invalid_request") from error


def _client(service: Service, request: Request) -> App | None:
    """The app that the Basic header names, if its secret is right."""
    scheme, _, encoded = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    app = service.authority.apps.get(client_id)
    return app if app is not None and app.client_secret == secret else None


def revoke(service: Service, request: Request, now: datetime) -> Response:
    """Either token ends the whole connection; 200 without a body."""
    app = _client(service, request)
    if app is None:
        return answers.plain(401, {"error": "invalid_client"}, service.random, now)
    try:
        body: Any = loads(request.body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    given = body.get("token") if isinstance(body, dict) else None
    if isinstance(given, str) and service.authority.revoke(app, given):
        return answers.plain(200, None, service.random, now)
    return answers.plain(400, {"error": "invalid_request"}, service.random, now)
