"""Apps and companies of one server: opened, registered, connected and pointed at by the control door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ml_emulators.kit.control_bodies import WebhookOrder
from ml_emulators.kit.webhooks import loopback
from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules.company import open_books
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.settings import App, Company
from ml_emulators.quickbooks.values import Json

_FIRST_REALM = 4620816365000000001


def new_app(service: Service, name: str = "An app", redirect_uris: tuple[str, ...] = ()) -> App:
    """Register an app: its keys are made up here."""
    bits = service.random.getrandbits
    app = App(f"AB{bits(160):040x}", f"{bits(160):040x}", f"{bits(128):032x}", redirect_uris, name)
    service.authority.apps[app.client_id] = app
    service.endpoints.register(list(service.authority.apps.values()))
    return app


def open_company(service: Service, company: Company) -> None:
    """Open the books of a company that is new here."""
    service.companies.append(company)
    service.books[company.realm_id] = open_books(company, service.clock.now(), service.switches)


def _refused(what: str) -> faults.Fault:
    return faults.business(what)


def _app(service: Service, body: Mapping[str, Any]) -> App:
    """The app that `client_id` names; without it the first one."""
    apps = service.authority.apps
    app = apps.get(str(body.get("client_id") or next(iter(apps))))
    if app is None:
        raise _refused("No app has this client_id.")
    return app


def _realm(service: Service, body: Mapping[str, Any]) -> str:
    realm = str(body.get("realm_id") or service.companies[0].realm_id)
    if realm not in service.books:
        raise faults.unsupported(f"realm {realm!r}")
    return realm


def register_app(service: Service, body: Mapping[str, Any]) -> Json:
    """{"name", "redirect_uris"}: gives client id, client secret and webhook verifier token."""
    uris = body.get("redirect_uris", [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) and _good_redirect(uri) for uri in uris):
        raise _refused("Redirect URIs are https without IP addresses, or http on localhost; no query, no fragment.")
    return msgspec.to_builtins(new_app(service, str(body.get("name", "An app")), tuple(uris)))  # type: ignore[no-any-return]  # a dict


def _good_redirect(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    host = parts.hostname or ""
    literal = ":" in host or host.replace(".", "").isdigit()
    local = host in ("localhost", "127.0.0.1", "::1")
    good = local if parts.scheme == "http" else parts.scheme == "https" and bool(host) and (local or not literal)
    return good and not parts.query and not parts.fragment


def add_company(service: Service, body: Mapping[str, Any]) -> Json:
    """Fields of `Company`, all optional: gives them back with the `realm_id`."""
    given = {"realm_id": str(_FIRST_REALM + len(service.companies)), **body}
    try:
        company = msgspec.convert(given, Company)
    except msgspec.ValidationError as error:
        raise _refused(f"This is no company: {error}.") from error
    unknown = sorted(set(body) - set(Company.__dataclass_fields__))
    if unknown:
        raise _refused(f"A company has no {', '.join(unknown)}.")
    if company.realm_id in service.books:
        raise _refused("There is a company with this realm_id.")
    open_company(service, company)
    return msgspec.to_builtins(company)  # type: ignore[no-any-return]  # a dict


def connect(service: Service, body: Mapping[str, Any]) -> Json:
    """{"client_id", "realm_id"}: the user agrees without the browser; gives a refresh token."""
    app, realm = _app(service, body), _realm(service, body)
    token = service.authority.grant(app.client_id, realm, service.clock.now())
    return {"client_id": app.client_id, "realm_id": realm, "refresh_token": token}


def disconnect(service: Service, body: Mapping[str, Any]) -> Json:
    """{"client_id", "realm_id"}: the user ends one app's connections inside QuickBooks, or every app's."""
    client = str(body["client_id"]) if body.get("client_id") else None
    return {"disconnected": service.authority.disconnect(_realm(service, body), client)}


def set_webhook(service: Service, body: Mapping[str, Any]) -> Json:
    """{"client_id", "target", "format"}: the endpoint of one app; loopback only, null for none."""
    app, target = _app(service, body), body.get("target")
    if target is not None and not (isinstance(target, str) and loopback(target)):
        raise _refused("Emulated webhooks go to this machine only; null switches them off.")
    line, form = service.endpoints.of(app.client_id), body.get("format", "cloudevents")
    if line is None or form not in ("cloudevents", "legacy"):
        raise _refused("The format is cloudevents or legacy.")
    line.point(WebhookOrder(target, form))
    return {"client_id": app.client_id, "target": target, "format": form}
