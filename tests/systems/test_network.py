"""The real network against a real socket."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.systems.http import NoAnswer, NotSent, Request
from ml_connector.systems.network import AiohttpNetwork, is_loopback

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nIntuit-Tid: 1-x\r\nSet-Cookie: a=b\r\n\r\n{}"


SILENCE = b"silence"


def certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return pem


@asynccontextmanager
async def server(
    answer: Callable[[bytes], bytes | None], tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A socket that reads a request head and sends fixed bytes, closes without any, or stays silent."""
    heads: list[bytes] = []
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await exchange(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        content = answer(heads[-1])
        if content == SILENCE:
            await reader.read()
        elif content:
            writer.write(content)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.get_running_loop().create_task(serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}", heads
    finally:
        for _ in range(10):  # a connection may still wait to be accepted
            await asyncio.sleep(0)
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


async def test_certificates_are_checked_and_an_authority_can_be_added(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    async with server(lambda _: PLAIN, context) as (url, heads):
        async with AiohttpNetwork() as network:
            with pytest.raises(NotSent, match="not trusted"):
                await network.send(Request("POST", url, {}, b"{}"))
        assert heads == []
        async with AiohttpNetwork(ca_file=pem) as network:
            assert (await network.send(Request("POST", url, {}, b"{}"))).status == 200


async def test_an_authority_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("empty.pem", "missing.pem"):
        async with AiohttpNetwork(ca_file=tmp_path / name) as network:
            with pytest.raises(WrongUse, match="ca_file"):
                await network.send(Request("GET", "https://127.0.0.1:1/"))


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", b"nonsense\r\n\r\n"])
async def test_a_broken_answer_leaves_it_open_whether_it_arrived(answer: bytes | None) -> None:
    async with server(lambda _: answer) as (url, _), AiohttpNetwork() as network:
        with pytest.raises(NoAnswer):
            await network.send(Request("POST", url, {}, b"{}"))


async def test_no_answer_in_time_leaves_it_open_whether_it_arrived() -> None:
    async with server(lambda _: SILENCE) as (url, _), AiohttpNetwork() as network:
        with pytest.raises(NoAnswer):
            await network.send(Request("POST", url, {}, b"{}", timeout=0.2))


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
