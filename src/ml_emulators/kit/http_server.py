"""What a vendor's front says to requests that it cannot read: no traceback, no name of our own server, no 500."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from . import emulator_faults
from .log import path_shape
from .wire import dumps

QUIET = logging.getLogger("ml_emulators.http")
"""Says what is wrong with us, not what is wrong with a request."""


def _is_our_mistake(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError)


QUIET.addFilter(_is_our_mistake)
_FRONTS = {"quickbooks": "nginx", "salesforce": "sfdcedge"}
_TOO_MANY = "Too many headers"


def named(vendor: str) -> dict[str, str]:
    """The Server header of the vendor's front."""
    return {"Server": _FRONTS.get(vendor, "emulator")}


def unreadable(vendor: str, status: int) -> web.Response:
    """A page as gateways send it, and the end of the connection."""
    reason = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html>\r\n<head><title>{reason}</title></head>\r\n<body>\r\n<h1>{reason}</h1>\r\n</body>\r\n</html>\r\n"
    response = web.Response(status=status, text=page, content_type="text/html", headers=named(vendor))
    response.force_close()
    return response


def status_of(error: BaseException | None, message: str | None) -> int:
    """Which refusal fits a request that could not be read."""
    long = isinstance(error, LineTooLong) or (message or "").startswith(_TOO_MANY)
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if long else HTTPStatus.BAD_REQUEST


class Handler(RequestHandler):
    """One connection. What cannot be read is refused in the vendor's manner."""

    __slots__ = ("vendor",)

    def __init__(self, server: Server, **how: Any) -> None:
        self.vendor = server.vendor
        super().__init__(server, **how)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The page of a gateway for what the client got wrong; a marked 500 for a mistake of ours."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _faulty(request, exc or RuntimeError(message))
        return unreadable(self.vendor, status_of(exc, message))


def _faulty(request: web.BaseRequest, error: BaseException) -> web.Response:
    """Something broke between the socket and the gate; the gate tells of everything behind it."""
    emulator_faults.report(error, f"{request.method} {path_shape(request.path)}")
    if request.writer.output_size > 0:
        raise ConnectionError("a part of the answer has gone out already") from error
    response = web.Response(status=emulator_faults.STATUS, body=dumps(emulator_faults.body(error)))
    response.headers.update({"Content-Type": "application/json", **emulator_faults.headers(error)})
    response.force_close()
    return response


class Server(web.Server):
    """Connections of one vendor's front."""

    def __init__(self, handler: Any, vendor: str, **how: Any) -> None:
        self.vendor = vendor
        super().__init__(handler, **how)

    def __call__(self) -> RequestHandler:
        """What serves a new connection: a `Handler` in place of aiohttp's own."""
        return Handler(self, loop=self._loop, **self._kwargs)
