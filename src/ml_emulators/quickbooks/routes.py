"""Which part of the emulator answers a path."""

from __future__ import annotations

from ml_emulators.kit.wire import Request, Response
from ml_emulators.quickbooks import answers, api, oauth_routes
from ml_emulators.quickbooks.service import Service


def route(service: Service, request: Request) -> Response:
    """Answer one request; a trailing slash makes no difference."""
    now = service.clock.now()
    segments = request.segments()
    if segments[:2] == ["v3", "company"] and len(segments) > 3:
        return api.handle(service, request, segments, now)
    path = "/" + "/".join(segments)
    if request.method == "GET" and path in (oauth_routes.DISCOVERY, oauth_routes.SANDBOX_DISCOVERY):
        return oauth_routes.discovery(service, request, now)
    if request.method == "GET" and path == oauth_routes.AUTHORIZE:
        return oauth_routes.authorize(service, request, now)
    if request.method == "POST" and path == oauth_routes.TOKEN:
        return oauth_routes.token(service, request, now)
    if request.method == "POST" and path == oauth_routes.REVOKE:
        return oauth_routes.revoke(service, request, now)
    if request.method == "GET" and path == "/op/v1/jwks":
        return answers.plain(200, {"keys": []}, service.random, now)
    return Response(404, {"Content-Type": "text/plain", **answers.trace(service.random, now)}, b"Not Found")
