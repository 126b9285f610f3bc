"""The authorize endpoint: a consent page for browsers, an immediate decision for scripts (reference 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from ml_emulators.kit.wire import Request, Response
from ml_emulators.quickbooks import answers
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.settings import App
from ml_emulators.quickbooks.signin.tokens import COMPANY_SCOPES

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BROWSER = "application/xhtml+xml"
"""Every browser accepts it when it opens a page; scripts that ask for text/html do not."""
_ASKED = ("client_id", "response_type", "scope", "redirect_uri", "state")
_HEADERS = {
    "Content-Type": "text/html;charset=UTF-8",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Connect to QuickBooks</title>
<style>body{{font:16px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.5rem}}select{{font:inherit;display:block;margin:.5rem 0 1.5rem}}</style></head>
<body><h1>Connect {app} to QuickBooks</h1>
<p>{app} asks for: {scopes}. This is an emulator; nothing here is real.</p>
<form method="post" action="{action}">{hidden}
<label for="realm_id">Company</label>
<select id="realm_id" name="realm_id">{companies}</select>
<button type="submit" name="decision" value="connect" id="connect">Connect</button>
<button type="submit" name="decision" value="deny" id="deny">Deny</button>
</form></body></html>
"""


def authorize(service: Service, request: Request, now: datetime) -> Response:
    """`GET`: the page, or back to the app at once. `POST`: what was clicked on the page. 400 never leaves the page."""
    asked = request.params() if request.method == "GET" else _form(request)
    app = service.authority.apps.get(asked.get("client_id", ""))
    if app is None or not _may_return_to(app, asked.get("redirect_uri", "")):
        return answers.plain(400, {"error": "invalid_request"}, service.random, now)
    if asked.get("response_type") != "code" or not asked.get("scope", "").split():
        return _back(service, asked, {"error": "invalid_request"}, now)
    if request.method == "GET" and _wants_page(service, request):
        body = _page(service, app, asked, request.path).encode()
        return Response(200, {**_HEADERS, **answers.trace(service.random, now)}, body)
    return _decided(service, app, asked, now)


def _form(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True))
    except ValueError:  # no ASCII, or too many fields
        return {}


def _wants_page(service: Service, request: Request) -> bool:
    mode = service.switches.consent_page
    return mode == "always" or (mode == "browsers" and _BROWSER in request.header("accept").lower())


def _decided(service: Service, app: App, asked: Mapping[str, str], now: datetime) -> Response:
    """A click on the page, or without one what the switches say."""
    decision = asked.get("decision", "deny" if service.switches.deny_consent else "connect")
    realm = asked.get("realm_id") or service.switches.consent_realm or next(iter(service.books))
    if decision != "connect" or realm not in service.books:
        return _back(service, asked, {"error": "access_denied"}, now)
    scopes = tuple(asked["scope"].split())
    code = service.authority.consent(app.client_id, realm, asked["redirect_uri"], now, scopes)
    company = {"realmId": realm} if any(scope in COMPANY_SCOPES for scope in scopes) else {}
    return _back(service, asked, {"code": code}, now, company)


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


def _back(
    service: Service, asked: Mapping[str, str], result: dict[str, str], now: datetime, more: Mapping[str, str] = {}
) -> Response:
    query = {**result, "state": asked.get("state", ""), **more}
    location = f"{asked['redirect_uri']}?{urlencode(query)}"
    return Response(302, {"Location": location, **answers.trace(service.random, now)})


def _page(service: Service, app: App, asked: Mapping[str, str], path: str) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">' for name in _ASKED if name in asked
    )
    companies = "".join(
        f'<option value="{escape(realm)}">{escape(books.company.name)} ({escape(realm)})</option>'
        for realm, books in service.books.items()
    )
    parts = {"app": app.name, "scopes": ", ".join(asked["scope"].split()), "action": path}
    return _PAGE.format(hidden=hidden, companies=companies, **{name: escape(text) for name, text in parts.items()})
