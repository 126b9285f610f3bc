"""The real network against a real socket."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.systems.http import NoAnswer, NotSent, Request
from ml_connector.systems.network import AiohttpNetwork, is_loopback

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nIntuit-Tid: 1-x\r\nSet-Cookie: a=b\r\n\r\n{}"


SILENCE = b"silence"


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A socket that reads a request head and sends fixed bytes, closes without any, or stays silent."""
    heads: list[bytes] = []
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        content = answer(head)
        if content == SILENCE:
            await reader.read()
        elif content:
            writer.write(content)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.get_running_loop().create_task(serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", heads
    finally:
        listener.close()
        await asyncio.gather(*served)


async def test_an_answer_comes_with_lower_case_headers_and_unpacked() -> None:
    packed = gzip.compress(b'{"a":1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX-One: 1\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with server(lambda _: head + packed) as (url, heads), AiohttpNetwork() as network:
        response = await network.send(Request("GET", f"{url}/q?query=a%2Bb%27", {"X-Ours": "1"}))

    assert (response.status, response.body, response.header("X-ONE")) == (200, b'{"a":1}', "1")
    assert b"GET /q?query=a%2Bb%27 HTTP/1.1" in heads[0]
    assert b"Accept-Encoding: gzip" in heads[0]


async def test_no_cookie_is_kept_and_no_redirect_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with server(lambda _: moved) as (url, heads), AiohttpNetwork() as network:
        first = await network.send(Request("GET", url))
        await network.send(Request("GET", url))

    assert first.status == 302
    assert len(heads) == 2
    assert b"Cookie" not in heads[1]


async def test_a_refused_connection_surely_did_not_send() -> None:
    async with server(lambda _: PLAIN) as (url, _):
        pass
    async with AiohttpNetwork() as network:
        with pytest.raises(NotSent):
            await network.send(Request("POST", url, {}, b"{}"))


async def test_an_unknown_host_surely_did_not_send() -> None:
    async with AiohttpNetwork() as network:
        with pytest.raises(NotSent):
            await network.send(Request("GET", "https://no-such-host.invalid/"))


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", b"nonsense\r\n\r\n"])
async def test_a_broken_answer_leaves_it_open_whether_it_arrived(answer: bytes | None) -> None:
    async with server(lambda _: answer) as (url, _), AiohttpNetwork() as network:
        with pytest.raises(NoAnswer):
            await network.send(Request("POST", url, {}, b"{}"))


async def test_no_answer_in_time_leaves_it_open_whether_it_arrived() -> None:
    async with server(lambda _: SILENCE) as (url, _), AiohttpNetwork() as network:
        with pytest.raises(NoAnswer):
            await network.send(Request("POST", url, {}, b"{}", timeout=0.05))


async def test_an_answer_beyond_the_limit_is_not_read() -> None:
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with server(lambda _: big) as (url, _), AiohttpNetwork(max_answer=1000) as network:
        with pytest.raises(BadAnswer):
            await network.send(Request("GET", url))


@pytest.mark.parametrize(
    "url", ["http://vendor.example/", "http://10.0.0.1/", "ftp://127.0.0.1/", "https:///x", "nothing"]
)
async def test_only_https_leaves_this_machine(url: str) -> None:
    async with AiohttpNetwork() as network:
        with pytest.raises(WrongUse):
            await network.send(Request("GET", url))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.0.0.1.evil.example", False), ("", False)],
)
def test_what_counts_as_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
