"""The shell over real sockets: what a client sends arrives as it is, and faults look like faults of a network."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from yarl import URL

from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.emulator_faults import HEADER
from ml_emulators.kit.faults import Fault
from ml_emulators.kit.shell import Shell, vendor_shell
from ml_emulators.kit.wire import loads


@pytest.fixture
async def shell(emulation: Emulation) -> AsyncIterator[Shell]:
    shell = vendor_shell(emulation.gate, "salesforce", compress=True)
    await shell.start()
    yield shell
    await shell.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


@pytest.mark.parametrize(
    ("sent", "path", "query"),
    [
        ("/a/b", "/a/b", ""),
        ("/a/b/", "/a/b/", ""),
        ("/a%2Fb/%C3%A9?q=1%202", "/a%2Fb/%C3%A9", "q=1%202"),
        (
            "/a?q=select+*+from+Item%20where%20Name%3D%27A%26B%27",
            "/a",
            "q=select+*+from+Item%20where%20Name%3D%27A%26B%27",
        ),
        ("//double//slash?a=1&a=2", "//double//slash", "a=1&a=2"),
    ],
)
async def test_paths_and_queries_arrive_raw(
    shell: Shell, client: aiohttp.ClientSession, sent: str, path: str, query: str
) -> None:
    async with client.get(URL(shell.url + sent, encoded=True)) as answer:
        seen = loads(await answer.read())
    assert (seen["path"], seen["query"]) == (path, query)


async def test_header_names_come_lower_case_and_repeats_are_joined(shell: Shell, client: aiohttp.ClientSession) -> None:
    headers = [("X-Two", "1"), ("X-Two", "2"), ("Sforce-Call-Options", "client=x")]
    async with client.get(shell.url + "/x", headers=headers) as answer:
        seen = loads(await answer.read())["headers"]
        assert answer.headers["intuit_tid"] == "t-1"
    assert (seen["x-two"], seen["sforce-call-options"]) == ("1, 2", "client=x")


@pytest.mark.parametrize("megabytes", [0, 1, 50])
async def test_big_bodies(shell: Shell, client: aiohttp.ClientSession, megabytes: int) -> None:
    async with client.post(shell.url + "/x", data=io.BytesIO(b"x" * (megabytes << 20))) as answer:
        assert loads(await answer.read())["size"] == megabytes << 20


async def test_chunked_and_compressed_bodies_arrive_plain(shell: Shell, client: aiohttp.ClientSession) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"12345"

    async with client.post(shell.url + "/x", data=chunks()) as answer:
        assert loads(await answer.read())["size"] == 15
    headers = {"Content-Encoding": "gzip"}
    async with client.post(shell.url + "/x", data=gzip.compress(b"1" * 99), headers=headers) as answer:
        seen = loads(await answer.read())
    assert seen["size"] == 99
    assert "content-encoding" not in seen["headers"]


async def test_a_client_may_ask_before_it_sends(shell: Shell, client: aiohttp.ClientSession) -> None:
    async with client.post(shell.url + "/x", data=b"12345", expect100=True) as answer:
        assert loads(await answer.read())["size"] == 5


async def test_head_and_options(shell: Shell, client: aiohttp.ClientSession, emulation: Emulation) -> None:
    async with client.head(shell.url + "/x") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0
    async with client.options(shell.url + "/x") as answer:
        assert (answer.status, "PATCH" in answer.headers["Allow"]) == (204, True)
    assert [e.method for e in emulation.log.entries] == ["HEAD"]


@pytest.mark.parametrize(("accept", "packed"), [("gzip, deflate", True), ("identity", False)])
async def test_long_answers_are_compressed_when_asked(
    shell: Shell, client: aiohttp.ClientSession, accept: str, packed: bool
) -> None:
    headers = {"Accept-Encoding": accept, "X-Long": "y" * 2000}
    async with client.get(shell.url + "/x", headers=headers) as answer:
        body = await answer.read()
        assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    plain = gzip.decompress(body) if packed else body
    assert loads(plain)["headers"]["x-long"] == "y" * 2000


@pytest.mark.parametrize(
    ("fault", "kept"), [(Fault("drop_before"), 0), (Fault("drop_after"), 1), (Fault("timeout_after", seconds=0.01), 1)]
)
async def test_a_dropped_request_gets_no_answer(
    shell: Shell, client: aiohttp.ClientSession, emulation: Emulation, fault: Fault, kept: int
) -> None:
    emulation.faults.add(fault)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.post(shell.url + "/x", data=b"1")
    assert len(emulation.vendors["salesforce"].records("Note")) == kept


async def test_a_client_that_gives_up_leaves_nothing_behind(
    shell: Shell, client: aiohttp.ClientSession, emulation: Emulation
) -> None:
    emulation.faults.add(Fault("timeout_after", count=1))
    with pytest.raises(asyncio.TimeoutError):
        await client.post(shell.url + "/x", data=b"1", timeout=aiohttp.ClientTimeout(total=0.05))
    async with client.post(shell.url + "/x", data=b"2") as answer:
        assert answer.status == 200


async def test_an_answer_cut_half_way(shell: Shell, client: aiohttp.ClientSession, emulation: Emulation) -> None:
    emulation.faults.add(Fault("cut", count=1))
    async with client.get(shell.url + "/x") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_a_fault_before_the_gate_is_not_hidden(
    client: aiohttp.ClientSession, emulator_faults: list[logging.LogRecord]
) -> None:
    shell = Shell(lambda request: 1 / 0)  # type: ignore[arg-type,return-value]  # a vendor with a bug
    await shell.start()
    async with client.get(shell.url + "/x") as answer:
        assert (answer.status, answer.headers[HEADER]) == (500, "ZeroDivisionError")
    await shell.stop()
    assert emulator_faults.pop().getMessage() == "emulator fault at GET /x"


async def test_only_loopback_listens(shell: Shell) -> None:
    assert shell.url.startswith("http://127.0.0.1:")
    assert shell.port > 0


async def test_answers_carry_the_date_of_the_virtual_clock(
    emulation: Emulation, shell: Shell, client: aiohttp.ClientSession
) -> None:
    emulation.clock.freeze(datetime(2026, 11, 20, 17, 0, 0, tzinfo=UTC))
    async with client.get(shell.url + "/x") as answer:
        assert answer.headers.getall("Date") == ["Fri, 20 Nov 2026 17:00:00 GMT"]
