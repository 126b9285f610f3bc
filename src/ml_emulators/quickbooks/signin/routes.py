"""The pages and endpoints of the authorization server (reference 1.1 to 1.6)."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from msgspec import DecodeError

from ml_emulators.kit.hosts import place
from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks import answers
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.settings import App
from ml_emulators.quickbooks.signin import openid
from ml_emulators.quickbooks.signin.tokens import OAuthError
from ml_emulators.quickbooks.values import Json

AUTHORIZE = "/connect/oauth2"
TOKEN = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
REVOKE = "/v2/oauth2/tokens/revoke"
KEYS = "/op/v1/jwks"
USER_INFO = "/v1/openid_connect/userinfo"
DISCOVERY = "/.well-known/openid_configuration"
SANDBOX_DISCOVERY = "/.well-known/openid_sandbox_configuration"
_ISSUER = "/op/v1"
_HARD_HEADER = "x-include-refresh-token-hard-expires-in"


def discovery(service: Service, request: Request, now: datetime) -> Response:
    """The addresses as the vendor's own hosts for a caller who used such a name, else on the caller's host."""
    of = place(request, service.base_url).of
    tokens = of("oauth.platform.intuit.com")
    people = of(f"{'sandbox-' if 'sandbox' in request.path else ''}accounts.platform.intuit.com")
    body: Json = {
        "issuer": f"{tokens}{_ISSUER}",
        "authorization_endpoint": f"{of('appcenter.intuit.com')}{AUTHORIZE}",
        "token_endpoint": f"{tokens}{TOKEN}",
        "userinfo_endpoint": f"{people}{USER_INFO}",
        "revocation_endpoint": f"{of('developer.api.intuit.com')}{REVOKE}",
        "jwks_uri": f"{tokens}{KEYS}",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
    return answers.plain(200, body, service.random, now)


def token(service: Service, request: Request, now: datetime) -> Response:
    """`POST /oauth2/v1/tokens/bearer`, by code or refresh token; refusals as `error` and text (reference 1.3, 1.5)."""
    try:
        app = _client(service, request)
        body = _tokens(service, app, request, now)
    except OAuthError as refusal:
        return answers.plain(refusal.status, refusal.body, service.random, now)
    return answers.plain(200, body, service.random, now)


def _tokens(service: Service, app: App, request: Request, now: datetime) -> Json:
    form = _form(request)
    hard = request.header(_HARD_HEADER).lower() == "true"
    grant = form.get("grant_type")
    if grant == "authorization_code" and "code" in form and "redirect_uri" in form:
        body = service.authority.exchange(app, form["code"], form["redirect_uri"], now, hard=hard)
        return {**body, **_identity(service, app, request, body, now)}
    if grant == "refresh_token" and "refresh_token" in form:
        return service.authority.refresh(app, form["refresh_token"], now, hard=hard)
    known = grant in (None, "authorization_code", "refresh_token")
    raise OAuthError(400, "invalid_request" if known else "unsupported_grant_type")


def _identity(service: Service, app: App, request: Request, body: Json, now: datetime) -> Json:
    """The id token, when `openid` was asked for."""
    connection = service.authority.bearer(body["access_token"], now)
    if connection is None or "openid" not in connection.scopes:
        return {}
    issuer = place(request, service.base_url).of("oauth.platform.intuit.com") + _ISSUER
    company = service.books[connection.realm_id].company
    return {"id_token": openid.id_token(company, app.client_id, issuer, now)}


def _form(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True))
    except ValueError as error:  # no ASCII, or too many fields
        raise OAuthError(400, "invalid_request") from error


def _client(service: Service, request: Request) -> App:
    """The app that the Basic header (or, without one, the form) names, if its secret is right; else 401."""
    scheme, _, encoded = request.header("authorization").partition(" ")
    if scheme.lower() == "basic":
        client_id, secret = _basic(encoded)
    else:
        form = {} if scheme or "json" in request.header("content-type") else _form(request)
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    app = service.authority.apps.get(client_id)
    if app is None or secret not in _secrets(service, app):
        raise OAuthError(401, "invalid_client")
    return app


def _secrets(service: Service, app: App) -> list[str]:
    switches = service.switches
    first = [app.client_secret] if switches.first_secret_taken else []
    return [*first, switches.staged_secret] if switches.staged_secret else first


def _basic(encoded: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:  # no base64, or no UTF-8
        raise OAuthError(401, "invalid_client") from error
    return client_id, secret


def revoke(service: Service, request: Request, now: datetime) -> Response:
    """Either token ends the whole connection; 200 without a body."""
    try:
        app = _client(service, request)
        given = _token_to_revoke(request)
        if not service.authority.revoke(app, given):
            raise OAuthError(400, "invalid_request")
    except OAuthError as refusal:
        return answers.plain(refusal.status, refusal.body, service.random, now)
    return answers.plain(200, None, service.random, now)


def _token_to_revoke(request: Request) -> str:
    """Out of JSON, or out of a form as the standard has it."""
    if "form-urlencoded" in request.header("content-type"):
        return _form(request).get("token", "")
    try:
        body: Any = loads(request.body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    given = body.get("token") if isinstance(body, dict) else None
    return given if isinstance(given, str) else ""


def keys(service: Service, request: Request, now: datetime) -> Response:
    """The public keys that ID tokens are signed with (OpenID discovery, reference 1.1)."""
    return answers.plain(200, openid.keys(), service.random, now)


def user_info(service: Service, request: Request, now: datetime) -> Response:
    """Who the user is, for an access token whose consent included `openid`."""
    scheme, _, held = request.header("authorization").partition(" ")
    connection = service.authority.bearer(held, now) if scheme.lower() == "bearer" else None
    if connection is None or "openid" not in connection.scopes:
        error = "invalid_token" if connection is None else "insufficient_scope"
        header = {"WWW-Authenticate": f'Bearer error="{error}"'}
        return answers.plain(403 if connection else 401, {"error": error}, service.random, now, header)
    claims = openid.user_info(service.books[connection.realm_id].company, connection.scopes)
    return answers.plain(200, claims, service.random, now)
