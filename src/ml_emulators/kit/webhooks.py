"""Webhooks out of an emulated vendor: what the vendor's outbox offers, and the sender that carries it to loopback."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import aiohttp

from . import emulator_faults
from .clock import VirtualClock
from .control_bodies import WebhookOrder, WebhookState, WebhookTroubles

PATIENCE = 3.0
"""Seconds an endpoint has for its answer (reference 9.1)."""


class Post(NamedTuple):
    """One attempt to deliver: `number` names the delivery."""

    number: int
    target: str
    headers: Mapping[str, str]
    body: bytes


class Outbox(Protocol):
    """What a vendor has to deliver. Pure: it is told what time it is and how an attempt went."""

    @property
    def on_news(self) -> list[Callable[[], None]]:
        """Called whenever something may have become due."""

    def point(self, order: WebhookOrder) -> None:
        """Where deliveries go from now on, and in which format; without a target everything waiting is dropped."""

    def trouble(self, order: WebhookTroubles) -> None:
        """What shall go wrong with the next events. Raises `BadOrder`."""

    def view(self) -> WebhookState:
        """The target, and what is due, delivered or given up, as the control door shows it."""

    def forget(self) -> None:
        """Drop what waits, and what was delivered."""

    def next(self, now: datetime) -> Post | None:
        """What is due now, or None."""

    def wakes_at(self) -> datetime | None:
        """When something will be due, as far as is known now."""

    def answered(self, number: int, status: int | None, now: datetime, error: str = "") -> None:
        """How the attempt of a delivery went: a status, or None and why there was none."""


class Sender:
    """Posts what an outbox has due, one after the other. Sleeps until a change, a moved clock or the next due time."""

    def __init__(self, outbox: Outbox, clock: VirtualClock, *, patience: float = PATIENCE) -> None:
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._event = asyncio.Event()
        self._rung = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Deliver from now on, in a task of the running loop."""
        self._loop = asyncio.get_running_loop()
        self._outbox.on_news.append(self.ring)
        self._clock.on_move.append(self.ring)
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Deliver nothing more; what is under way is broken off and stays due."""
        if self._task is None:
            return
        self._outbox.on_news.remove(self.ring)
        self._clock.on_move.remove(self.ring)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # it was cancelled above
            await self._task
        self._task = None

    def ring(self) -> None:
        """Look again; may be called from any thread."""
        if not self._rung and self._loop is not None:
            self._rung = True
            self._loop.call_soon_threadsafe(self._event.set)

    async def _run(self) -> None:
        try:
            await self._send()
        except Exception as error:  # noqa: BLE001  # told at once: nobody waits for this task
            emulator_faults.report(error, "the sender of webhooks")

    async def _send(self) -> None:
        wait = aiohttp.ClientTimeout(total=self._patience)
        async with aiohttp.ClientSession(timeout=wait, trust_env=False) as session:
            while True:
                self._rung = False
                self._event.clear()
                post = self._outbox.next(self._clock.now())
                if post is None:
                    await self._sleep()
                else:
                    await self._deliver(session, post)

    async def _deliver(self, session: aiohttp.ClientSession, post: Post) -> None:
        status, error = None, ""
        try:
            if not loopback(post.target):
                raise aiohttp.InvalidURL(post.target, "not on this machine")
            sent = session.post(post.target, data=post.body, headers=post.headers, allow_redirects=False)
            async with sent as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            error = problem.__class__.__name__
        self._outbox.answered(post.number, status, self._clock.now(), error)

    async def _sleep(self) -> None:
        due = self._outbox.wakes_at()
        seconds = None
        if due is not None and not self._clock.frozen:
            seconds = max((due - self._clock.now()).total_seconds(), 0.0)
        with contextlib.suppress(TimeoutError):  # the time is over: the next delivery is due
            async with asyncio.timeout(seconds):
                await self._event.wait()


def loopback(url: str) -> bool:
    """Whether an http(s) URL names this very machine by a loopback address or `localhost`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
