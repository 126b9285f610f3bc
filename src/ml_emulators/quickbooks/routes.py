"""Which part of the emulator answers a path."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ml_emulators.kit.wire import Request, Response
from ml_emulators.quickbooks import answers, api, attachments
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.signin import consent
from ml_emulators.quickbooks.signin import routes as oauth

Page = Callable[[Service, Request, datetime], Response]
_PAGES: dict[str, dict[str, Page]] = {
    oauth.DISCOVERY: {"GET": oauth.discovery},
    oauth.SANDBOX_DISCOVERY: {"GET": oauth.discovery},
    oauth.AUTHORIZE: {"GET": consent.authorize, "POST": consent.authorize},
    oauth.TOKEN: {"POST": oauth.token},
    oauth.REVOKE: {"POST": oauth.revoke},
    oauth.KEYS: {"GET": oauth.keys},
    oauth.USER_INFO: {"GET": oauth.user_info},
}


def route(service: Service, request: Request) -> Response:
    """Answer one request; a trailing slash makes no difference."""
    now = service.clock.now()
    segments = request.segments()
    if segments[:2] == ["v3", "company"] and len(segments) > 3:
        return api.handle(service, request, segments, now)
    if segments[:1] == [attachments.FOLDER] and request.method == "GET":
        return attachments.download(service, request, now)
    methods = _PAGES.get("/" + "/".join(segments), {})
    page = methods.get(request.method)
    if page is not None:
        return page(service, request, now)
    headers = {"Content-Type": "text/plain", **answers.trace(service.random, now)}
    if methods:
        return Response(405, {**headers, "Allow": ", ".join(methods)}, b"Method Not Allowed")
    return Response(404, headers, b"Not Found")
