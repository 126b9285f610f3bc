"""A server that serves prepared answers, and what they are recorded from: the same requests, nobody who decides.

`python -m benchmarks.canned FILE MILLISECONDS` prints its port and serves the exchanges of FILE in their order, each
after so many milliseconds. A request that is not the next one ends it: then nothing is measured.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
from aiohttp import web

from ml_connector.systems.http import Network, Request, Response

_DROPPED = ("content-length", "transfer-encoding", "connection", "content-encoding")


class Exchange(msgspec.Struct, frozen=True):
    request: Request
    response: Response


class Recorder:
    """A network that keeps what was asked and answered."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.exchanges: list[Exchange] = []

    async def send(self, request: Request) -> Response:
        response = await self._network.send(request)
        self.exchanges.append(Exchange(request, response))
        return response


class Redirected:
    """A network on which both vendors live at the canned server."""

    def __init__(self, network: Network, port: int) -> None:
        self._network = network
        self._place = f"127.0.0.1:{port}"

    async def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)._replace(scheme="http", netloc=self._place)
        return await self._network.send(msgspec.structs.replace(request, url=urlunsplit(parts)))


def same_request(asked: Mapping[str, str], exchange: Exchange) -> bool:
    parts = urlsplit(exchange.request.url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return asked["method"] == exchange.request.method and asked["path"] == path


class Server:
    def __init__(self, exchanges: list[Exchange], wait: float) -> None:
        self._exchanges = exchanges
        self._wait = wait
        self._next = 0

    async def handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        await incoming.read()
        if incoming.path == "/again":
            self._next = 0
            return web.Response()
        exchange = self._exchanges[self._next % len(self._exchanges)]
        self._next += 1
        if not same_request({"method": incoming.method, "path": incoming.raw_path}, exchange):
            return web.Response(status=400, text="not the request that was recorded")
        if self._wait:
            await asyncio.sleep(self._wait)
        headers = {name: value for name, value in exchange.response.headers.items() if name not in _DROPPED}
        return web.Response(status=exchange.response.status, headers=headers, body=exchange.response.body)


async def _serve(exchanges: list[Exchange], milliseconds: float) -> None:
    server = Server(exchanges, milliseconds / 1000)
    runner = web.ServerRunner(web.Server(server.handle, access_log=None, max_line_size=1 << 17, max_field_size=1 << 17))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


@asynccontextmanager
async def canned(exchanges: list[Exchange], folder: Path, milliseconds: float) -> AsyncIterator[int]:
    """The server's port."""
    file = folder / "exchanges"
    file.write_bytes(msgspec.msgpack.encode(exchanges))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.canned", str(file), str(milliseconds)),
        cwd=Path(__file__).parent.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    recorded = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=list[Exchange])
    asyncio.run(_serve(recorded, float(sys.argv[2])))
