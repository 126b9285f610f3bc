"""Requests as few clients send them: answered as the vendors' fronts do, never by a 500, a traceback or silence."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
import pytest
import pytest_asyncio

from ml_emulators.kit.shell import MAX_BODY
from ml_emulators.kit.wire import loads
from ml_emulators.server import Emulators

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATHS = {"quickbooks": "/v3/company/1/companyinfo/1", "salesforce": "/services/data/v65.0/limits"}
FRONTS = {"quickbooks": "nginx", "salesforce": "sfdcedge"}
KINDS = {"quickbooks": "application/xml", "salesforce": "application/json;charset=UTF-8"}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulators() -> AsyncIterator[Emulators]:
    emulators = Emulators(scenario="empty")
    await emulators.start()
    yield emulators
    await emulators.stop()


class Wire:
    """One connection to a vendor, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self, *, head_only: bool = False) -> Answer:
        """The next answer; a go-ahead (100) is passed over."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            status = int(first.split(" ")[1])
            if status == 100:
                return await self.answer()
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            size = 0 if head_only else int(headers.get("content-length", "0"))
            return Answer(status, headers, await self._reader.readexactly(size))

    async def ends(self) -> bool:
        """Whether the server closes the connection and sends nothing before."""
        async with asyncio.timeout(10):
            try:
                return await self._reader.read() == b""
            except ConnectionResetError:
                return True

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(emulators: Emulators, vendor: str) -> AsyncIterator[Wire]:
    port = emulators.quickbooks.port if vendor == "quickbooks" else emulators.salesforce.port
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield wire
    finally:
        wire.close()


def request(vendor: str, method: str = "GET", *more: str, body: bytes = b"", path: str = "") -> bytes:
    lines = [f"{method} {path or PATHS[vendor]} HTTP/1.1", "Host: localhost", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


BOTH = pytest.mark.parametrize("vendor", ["quickbooks", "salesforce"])


@BOTH
@pytest.mark.parametrize(
    ("line", "more", "body"),
    [
        ("GET", (), b""),
        ("POST", ("Content-Length: 2",), b"{}"),
        ("POST", (), b""),
        ("POST", ("Transfer-Encoding: chunked",), b"1\r\n{\r\n1;ext=1\r\n}\r\n0\r\nTrailer: 1\r\n\r\n"),
        ("POST", ("Expect: 100-continue", "Content-Length: 2"), b"{}"),
        ("POST", ("Expect: cake", "Content-Length: 2"), b"{}"),
        ("GET", ("Content-Length: 3",), b"abc"),
        ("GET", ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEA"), b""),
        ("POST", ("Connection: Upgrade", "Upgrade: h2c", "Content-Length: 2"), b"{}"),
        ("GET", ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAA"), b""),
        ("GET", ("Authorization: Bearer \u00ff\u00fe",), b""),
        ("GET", (f"X-Long: {'a' * 10_000}",), b""),
        ("GET", ("Accept-Encoding: gzip;q=1.0, *;q=0",), b""),
        ("TRACE", (), b""),
        ("DELETE", (), b""),
    ],
    ids=str,
)
async def test_the_vendor_answers_and_the_connection_goes_on(
    emulators: Emulators, vendor: str, line: str, more: tuple[str, ...], body: bytes
) -> None:
    async with connected(emulators, vendor) as wire:
        wire.send(request(vendor, line, *more, body=body))
        first = await wire.answer()
        wire.send(request(vendor))
        second = await wire.answer()
    assert (first.status, second.status) == (401, 401)
    assert (first.headers["server"], first.headers["content-type"]) == (FRONTS[vendor], KINDS[vendor])


@BOTH
async def test_requests_in_one_go_are_answered_in_order(emulators: Emulators, vendor: str) -> None:
    sent = [request(vendor), request(vendor, "POST", "Content-Length: 2", body=b"{}"), request(vendor, path="/nowhere")]
    async with connected(emulators, vendor) as wire:
        wire.send(b"".join(sent * 5))
        assert [(await wire.answer()).status for _ in range(15)] == [401, 401, 404] * 5


@BOTH
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"HELLO\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /v3/company/\xff\xfe/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-\xff: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 300_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 40_000 + b"\r\n", 431),
        (b"GET /?" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\nxxxx", 413),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n", 413),
    ],
    ids=lambda value: str(value[:60]) if isinstance(value, bytes) else str(value),
)
async def test_what_cannot_be_read_is_refused_by_the_front(
    emulators: Emulators, vendor: str, sent: bytes, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async with connected(emulators, vendor) as wire:
        wire.send(sent)
        told = await wire.answer()
        assert (told.status, told.headers["server"], told.body[:6]) == (status, FRONTS[vendor], b"<html>")
        assert await wire.ends()
    async with connected(emulators, vendor) as wire:
        wire.send(request(vendor))
        assert (await wire.answer()).status == 401
    assert capfd.readouterr() == ("", "")


@BOTH
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/%FF%FE/%C3%28", 404),
        ("/%00%0d%0a", 404),
        ("//", 404),
        ("/..%2f..%2fetc", 404),
        ("http://localhost/nowhere", 404),
    ],
)
async def test_odd_paths(emulators: Emulators, vendor: str, path: str, status: int) -> None:
    async with connected(emulators, vendor) as wire:
        wire.send(request(vendor, path=path) + request(vendor))
        assert [(await wire.answer()).status for _ in range(2)] == [status, 401]


@BOTH
async def test_head_and_options(emulators: Emulators, vendor: str) -> None:
    async with connected(emulators, vendor) as wire:
        wire.send(request(vendor, "HEAD") + request(vendor) + request(vendor, "OPTIONS"))
        head = await wire.answer(head_only=True)
        get, options = await wire.answer(), await wire.answer()
    assert (head.status, head.headers["content-type"]) == (get.status, get.headers["content-type"])
    assert (options.status, "PATCH" in options.headers["allow"]) == (204, True)


@BOTH
async def test_a_body_beyond_all_limits(emulators: Emulators, vendor: str) -> None:
    """Sent in chunks, so that its size is not known before."""
    shell = emulators.quickbooks if vendor == "quickbooks" else emulators.salesforce
    part = b"x" * (1 << 20)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // len(part) + 1):
            yield part

    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(shell.url + PATHS[vendor], data=chunks()) as answer:
                assert answer.status == 413
        except aiohttp.ClientConnectionError:  # closed while we were still sending: also what fronts do
            pass
        async with session.get(shell.url + PATHS[vendor]) as answer:
            assert answer.status == 401


async def test_a_batch_in_gzip_is_read_and_its_answer_packed(emulators: Emulators) -> None:
    info = emulators.info()["salesforce"]
    form = {"grant_type": "client_credentials"} | {key: info[key] for key in ("client_id", "client_secret")}
    body = b'{"records": [%s]}' % b",".join(
        b'{"attributes": {"type": "Account"}, "Name": "A%d"}' % n for n in range(99)
    )
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.post(f"{info['base_url']}/services/oauth2/token", data=form) as answer:
            token = (loads(await answer.read()))["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Content-Encoding": "gzip"}
        url = f"{info['base_url']}/services/data/v65.0/composite/sobjects"
        async with session.post(url, data=gzip.compress(body), headers=headers) as answer:
            packed = await answer.read()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert [load["success"] for load in loads(gzip.decompress(packed))] == [True] * 99
