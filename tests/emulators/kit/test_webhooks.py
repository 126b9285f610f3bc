"""Webhooks over sockets: from a change in the books to an endpoint of one's own, as a client of the door sees it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control_bodies import WebhookOrder, WebhookState, WebhookTroubles
from ml_emulators.kit.shell import LOOPBACK
from ml_emulators.kit.webhooks import Post, Sender, loopback
from ml_emulators.kit.wire import dumps, loads
from ml_emulators.server import Emulators

TODAY = date(2026, 11, 20)
PATIENCE = 5.0


class Receiver:
    """An endpoint on loopback that keeps what it gets and answers as told."""

    def __init__(self) -> None:
        self.status = 200
        self.got: asyncio.Queue[tuple[Any, Any]] = asyncio.Queue()
        self.hold = asyncio.Event()
        self.hold.set()

    async def take(self, request: web.Request) -> web.Response:
        self.got.put_nowait((loads(await request.read()), dict(request.headers)))
        await self.hold.wait()
        headers = {"Location": "/elsewhere"} if self.status == 302 else {}
        return web.Response(status=self.status, headers=headers)

    async def next(self) -> list[str]:
        body, _ = await asyncio.wait_for(self.got.get(), PATIENCE)
        return [f"{event['type']} {event['intuitentityid']}" for event in body]


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/hooks", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    yield receiver, f"http://{LOOPBACK}:{runner.addresses[0][1]}/hooks"
    receiver.hold.set()
    await runner.cleanup()


class Tray:
    """An outbox with one delivery, tried once."""

    def __init__(self, target: str) -> None:
        self.on_news: list[Callable[[], None]] = []
        self.post: Post | None = Post(1, target, {}, b"[]")
        self.heard: asyncio.Future[tuple[int | None, str]] = asyncio.get_running_loop().create_future()

    def point(self, order: WebhookOrder) -> None: ...
    def trouble(self, order: WebhookTroubles) -> None: ...
    def forget(self) -> None: ...
    def view(self) -> WebhookState:
        return WebhookState(None, "cloudevents", 0, [], [])

    def next(self, now: datetime) -> Post | None:
        post, self.post = self.post, None
        return post

    def wakes_at(self) -> datetime | None:
        return None

    def answered(self, number: int, status: int | None, now: datetime, error: str = "") -> None:
        self.heard.set_result((status, error))


async def tried(target: str, patience: float = PATIENCE) -> tuple[int | None, str]:
    """How one attempt ends."""
    tray = Tray(target)
    sender = Sender(tray, VirtualClock(), patience=patience)
    await sender.start()
    try:
        return await asyncio.wait_for(tray.heard, PATIENCE)
    finally:
        await sender.stop()


@pytest.mark.parametrize("status", [200, 302, 403, 500])
async def test_the_status_is_told_and_nobody_is_followed(receiver: tuple[Receiver, str], status: int) -> None:
    receiver[0].status = status
    assert await tried(receiver[1]) == (status, "")


async def test_an_endpoint_that_does_not_answer_in_time(receiver: tuple[Receiver, str]) -> None:
    receiver[0].hold.clear()
    status, error = await tried(receiver[1], 0.05)
    assert (status, "Timeout" in error) == (None, True)


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    assert await tried(f"http://{LOOPBACK}:{port}/") == (None, "ClientConnectorError")


async def test_nothing_leaves_this_machine() -> None:
    assert await tried("http://192.0.2.1/hooks") == (None, "InvalidURL")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080/hooks", True),
        ("https://localhost/hooks", True),
        ("http://[::1]:1/", True),
        ("http://127.0.0.1.example.com/", False),
        ("http://user@127.0.0.1/", False),
        ("ftp://127.0.0.1/", False),
    ],
)
def test_what_this_machine_is(url: str, here: bool) -> None:
    assert loopback(url) is here


class Door:
    def __init__(self, emulators: Emulators, client: aiohttp.ClientSession) -> None:
        self._url = emulators.info()["control_url"]
        self._client = client

    async def get(self) -> Any:
        async with self._client.get(f"{self._url}/webhooks") as answer:
            return loads(await answer.read())

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self._client.post(f"{self._url}{path}", data=dumps(body)) as answer:
            return answer.status, loads(await answer.read())

    async def shown(self, check: Callable[[Any], bool]) -> Any:
        """The state once the sender has noted an answer that the endpoint has already given."""
        async with asyncio.timeout(PATIENCE):
            found = await self.get()
            while not check(found):
                found = await self.get()
        return found


@pytest.fixture
async def emulators() -> AsyncIterator[Emulators]:
    emulators = Emulators(scenario="empty", today=TODAY)
    await emulators.start()
    yield emulators
    await emulators.stop()


@pytest.fixture
async def door(emulators: Emulators) -> AsyncIterator[Door]:
    async with aiohttp.ClientSession() as client:
        yield Door(emulators, client)


def make(name: str) -> Any:
    operation = {"system": "quickbooks", "op": "create", "kind": "Customer", "body": {"DisplayName": name}}
    return {"operations": [operation]}


async def test_a_change_reaches_the_endpoint_and_a_failure_is_repeated_by_the_clock(
    door: Door, receiver: tuple[Receiver, str]
) -> None:
    endpoint, target = receiver
    await door.post("/clock", {"op": "freeze"})
    assert (await door.post("/webhooks", {"target": target}))[0] == 200
    await door.post("/seed", make("Fern"))
    created = await endpoint.next()
    assert [one.split()[0] for one in created] == ["qbo.customer.created.v1"]
    taken = await door.shown(lambda state: state["deliveries"][0]["acknowledged"])
    assert [one["status"] for one in taken["deliveries"][0]["attempts"]] == [200]

    endpoint.status = 500
    await door.post("/seed", make("Moss"))
    failing = [await endpoint.next(), await endpoint.next()]
    waiting = await door.shown(lambda state: len(state["deliveries"][1]["attempts"]) == 2)
    assert [one["status"] for one in waiting["deliveries"][1]["attempts"]] == [500, 500]
    assert endpoint.got.empty()

    endpoint.status = 200
    await door.post("/clock", {"op": "advance", "seconds": 10})
    assert [await endpoint.next()] == failing[:1] == failing[1:]
    done = await door.shown(lambda state: state["deliveries"][1]["acknowledged"])
    assert (done["deliveries"][1]["next_attempt"], done["waiting"]) == (None, 0)


async def test_a_running_clock_wakes_the_sender(door: Door, receiver: tuple[Receiver, str]) -> None:
    endpoint, target = receiver
    await door.post("/switches", {"quickbooks": {"webhook_window_seconds": 0.1}})
    await door.post("/webhooks", {"target": target})
    await door.post("/seed", {"operations": make("Fern")["operations"] + make("Moss")["operations"]})
    assert len(await endpoint.next()) == 2


async def test_a_scenario_has_happened_long_ago_but_a_day_of_it_is_told(
    door: Door, receiver: tuple[Receiver, str]
) -> None:
    endpoint, target = receiver
    await door.post("/webhooks", {"target": target, "format": "cloudevents"})
    await door.post("/seed", {"scenario": "tiny", "seed": 3, "today": "2026-11-20"})
    assert (await door.get())["waiting"] == 0
    await door.post("/seed", make("After"))
    assert len(await endpoint.next()) == 1


async def test_troubles_through_the_door(door: Door, receiver: tuple[Receiver, str]) -> None:
    endpoint, target = receiver
    await door.post("/webhooks", {"target": target})
    plan = {"op": "lose", "kind": "Customer", "count": 1}
    status, state = await door.post("/webhooks/troubles", {"add": [plan], "seed": 3})
    assert (status, state["troubles"]) == (200, [{**plan, "probability": 1.0, "seconds": 0.0}])
    for name in ("Lost", "Found"):
        await door.post("/seed", make(name))
    told = await endpoint.next()
    assert len(told) == 1
    assert endpoint.got.empty()
    status, refused = await door.post("/webhooks/troubles", {"add": [{"op": "delay"}]})
    assert (status, "seconds" in refused["error"]["message"]) == (422, True)
