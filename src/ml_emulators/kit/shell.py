"""The socket shell: HTTP on loopback in front of the gate. Bytes, paths and header names pass as they are."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import Callable
from email.utils import format_datetime

import msgspec
from aiohttp import StreamReader, web

from .gate import Answer, Dropped, Gate, Outcome
from .http_server import QUIET, Server, named, unreadable
from .wire import Request, Response

Serve = Callable[[Request], Outcome]
LOOPBACK = "127.0.0.1"
MAX_BODY = 128 * 1024 * 1024
LINE = 128 * 1024
_LINGER = 2.0
_GZIP_FROM = 1_400
_HOP = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


class Shell:
    """One server on 127.0.0.1 for one vendor. `port` 0 takes a free one; `self.port` says which."""

    def __init__(
        self,
        serve: Serve,
        port: int = 0,
        *,
        vendor: str = "",
        compress: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`vendor` lends its manner to refusals of what is no request at all."""
        self.port = port
        self._vendor = vendor
        self._serve = serve
        self._compress = compress
        self._tls = tls
        self._runner: web.ServerRunner | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path: https with a certificate, else http."""
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self.port}"

    def reserve(self) -> None:
        """Take the port now, so that `url` is true before the first request. Raises `OSError` when it is taken."""
        if self._socket is None:
            self._socket = reserved(self.port)
            self.port = self._socket.getsockname()[1]

    async def start(self) -> None:
        """Listen on loopback, at the port that was reserved. Raises `OSError` when the port is taken."""
        self.reserve()
        server = Server(
            self._handle,
            self._vendor,
            request_factory=_request,
            handler_cancellation=True,
            access_log=None,
            logger=QUIET,
            max_line_size=LINE,
            max_field_size=LINE,
            keepalive_timeout=75.0,
            lingering_time=_LINGER,
            tcp_keepalive=False,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        if self._socket is not None:
            await web.SockSite(self._runner, self._socket, ssl_context=self._tls, backlog=1024).start()

    async def stop(self) -> None:
        """Close connections and socket; a shell that was not started may be stopped."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        if incoming.method == "OPTIONS":
            return web.Response(status=204, headers={"Allow": _METHODS, **named(self._vendor)})
        if (incoming.content_length or 0) > MAX_BODY:
            return unreadable(self._vendor, 413)
        if incoming.headers.get("Expect", "").lower() == "100-continue":
            await incoming.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            incoming.writer.output_size = 0
        try:
            body = await incoming.read() if incoming.body_exists else b""
        except web.HTTPRequestEntityTooLarge:
            return unreadable(self._vendor, 413)
        except web.RequestPayloadError:
            return unreadable(self._vendor, 400)
        outcome = self._serve(_to_request(incoming, body))
        if outcome.delay:
            await asyncio.sleep(outcome.delay)
        if isinstance(outcome, Dropped):
            return _drop(incoming)
        return await self._send(incoming, outcome)

    async def _send(self, incoming: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        response = answer.response
        if self._compress and len(response.body) >= _GZIP_FROM:
            response = _gzipped(incoming, response)
        if answer.cut:
            return await _send_half(incoming, response)
        headers = {k: v for k, v in response.headers.items() if k.lower() not in _HOP}
        return web.Response(status=response.status, headers=named(self._vendor) | headers, body=response.body)


class PortTaken(OSError):
    """The port cannot be had; the message names it."""


def reserved(port: int) -> socket.socket:
    """A socket bound to a loopback port (0: any free one), not yet listening. Raises `PortTaken`."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((LOOPBACK, port))
    except OSError as error:
        sock.close()
        raise PortTaken(f"port {port}: {error.strerror}") from error
    return sock


def vendor_shell(
    gate: Gate, vendor: str, port: int = 0, *, compress: bool = False, tls: ssl.SSLContext | None = None
) -> Shell:
    """The shell of one vendor behind the gate."""
    return Shell(lambda request: dated(gate, vendor, request), port, vendor=vendor, compress=compress, tls=tls)


def dated(gate: Gate, vendor: str, request: Request) -> Outcome:
    """Served with the vendor's own time in the `Date` header: clients measure by it how far their clock is off."""
    outcome = gate.serve(vendor, request)
    if isinstance(outcome, Dropped):
        return outcome
    headers = {"Date": format_datetime(gate.now().replace(microsecond=0), usegmt=True), **outcome.response.headers}
    return msgspec.structs.replace(outcome, response=msgspec.structs.replace(outcome.response, headers=headers))


def _to_request(incoming: web.BaseRequest, body: bytes) -> Request:
    """The wire request: raw path, raw query, header names in lower case, a repeated header joined by commas."""
    path, _, query = incoming.raw_path.partition("?")
    if not path.startswith("/"):  # absolute form, as proxies send it
        path = "/" + path.partition("://")[2].partition("/")[2]
    headers: dict[str, str] = {}
    for name, value in incoming.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    headers.pop("content-encoding", None)  # the body is already plain
    return Request(incoming.method, path, query, headers, body)


def _request(message: object, payload: StreamReader, protocol: object, writer: object, task: object) -> web.BaseRequest:
    return web.BaseRequest(
        message,  # type: ignore[arg-type]  # passed through from aiohttp's own protocol
        payload,
        protocol,  # type: ignore[arg-type]  # as above
        writer,  # type: ignore[arg-type]  # as above
        task,  # type: ignore[arg-type]  # as above
        asyncio.get_running_loop(),
        client_max_size=MAX_BODY,
    )


def _drop(incoming: web.BaseRequest) -> web.StreamResponse:
    """Close the connection without a byte of an answer."""
    incoming.protocol.force_close()
    if incoming.transport is not None:
        incoming.transport.abort()
    return web.Response(status=500)


async def _send_half(incoming: web.BaseRequest, response: Response) -> web.StreamResponse:
    """Announce the whole body, send half of it, break the connection."""
    headers = {k: v for k, v in response.headers.items() if k.lower() not in _HOP}
    stream = web.StreamResponse(status=response.status, headers=headers)
    stream.content_length = len(response.body)
    await stream.prepare(incoming)
    await stream.write(response.body[: len(response.body) // 2] or b" ")
    await asyncio.sleep(0)
    incoming.protocol.force_close()
    if incoming.transport is not None:
        incoming.transport.close()
    return stream


def _gzipped(incoming: web.BaseRequest, response: Response) -> Response:
    if "gzip" not in incoming.headers.get("Accept-Encoding", ""):
        return response
    if any(name.lower() == "content-encoding" for name in response.headers):
        return response
    headers = {**response.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(response.status, headers, gzip.compress(response.body, 1))
