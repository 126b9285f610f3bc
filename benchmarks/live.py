"""The service as people run it: from a webhook that comes in to the write that goes out, and webhooks a second."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import aiohttp

from ml_connector.rehearsal.emulators import Emulators, started

from .child import SOURCE, measured
from .databases import DATABASES, environment
from .frozen import frozen
from .rows import Row, row

CHANGES = 200
DELIVERIES, EVENTS, OPEN = 400, 25, 20
"""10,000 events; a delivery has up to 100 of them, and 20 are open at once (quickbooks reference 9.1)."""
_PATIENCE = 30
_COMMAND = "from ml_connector.cli.entry import main; raise SystemExit(main())"


class Up:
    """A running service, and what it logs."""

    def __init__(self, process: asyncio.subprocess.Process, ready: Mapping[str, Any]) -> None:
        self.process, self.ready = process, ready
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
                self._news.set()

    async def write_after(self, first: int) -> float:
        """Milliseconds from the delivery to the write that follows it, among the events from `first` on."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                self._news.clear()
                since = self.events[first:]
                taken = next((event for event in since if event["event"] == "a delivery was taken"), None)
                write = next((event for event in since if event.get("kind") == "write"), None)
                if taken is not None and write is not None:
                    return (_begun(write) - _begun(taken)) / timedelta(milliseconds=1)
                await self._news.wait()


def _begun(event: Mapping[str, Any]) -> datetime:
    """An event is logged at its end, with how long it took."""
    return datetime.fromisoformat(event["at"]) - timedelta(milliseconds=event["ms"])


@asynccontextmanager
async def up(home: Path, env: Mapping[str, str] | None) -> AsyncIterator[Up]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _COMMAND, "up", "--json", "--log", "json", "--home", str(home)),
        cwd=SOURCE.parent,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdout is not None
    service = Up(process, json.loads(await process.stdout.readline()))
    listening = asyncio.create_task(service.listen())
    try:
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await listening


async def live() -> AsyncIterator[Row]:
    async for each in frozen():
        yield each
    for database in DATABASES:
        with environment(database) as env, tempfile.TemporaryDirectory() as folder:
            async with started("--scenario", "tiny", "--seed", "7") as emulators:
                home = Path(folder) / "home"
                line = Path(folder) / "emulators.json"
                line.write_text(json.dumps(emulators.line))
                measured(home, "init", "--emulators", str(line), env=env)
                async with up(home, env) as service:
                    async for each in _measured(service, emulators, database):
                        yield each


async def _measured(service: Up, emulators: Emulators, database: str) -> AsyncIterator[Row]:
    await emulators.ask("POST", "/webhooks", {"target": service.ready["webhook_url"]})
    invoices = (await emulators.ask("GET", "/state/quickbooks/Invoice?limit=10"))["records"]
    await _change(emulators, invoices[0]["Id"], 0)
    await service.write_after(0)
    await asyncio.sleep(3)  # the first sync and its echo are over
    spent = []
    for number in range(1, CHANGES + 1):
        first = len(service.events)
        await _change(emulators, invoices[number % len(invoices)]["Id"], number)
        spent.append(await service.write_after(first))
        await asyncio.sleep(0.15)  # idle again
    percent = quantiles(spent, n=100)
    yield row(f"webhook received to write sent, p50, {database}", percent[49], "ms", 50)
    yield row(f"webhook received to write sent, p99, {database}", percent[98], "ms", 250)
    await emulators.ask("POST", "/webhooks", {"target": None})
    for each in await _burst(service, emulators.line["quickbooks"], database):
        yield each


async def _change(emulators: Emulators, invoice: str, number: int) -> None:
    body = {"Id": invoice, "DueDate": f"2027-{1 + number % 12:02d}-{1 + number // 12 % 28:02d}"}
    await emulators.act([{"system": "quickbooks", "op": "update", "kind": "Invoice", "body": body}])


async def _burst(service: Up, quickbooks: Mapping[str, Any], database: str) -> list[Row]:
    """10,000 events of records that are not there: the intake, and beside it a route that does nothing."""
    bodies = [_body(quickbooks["realm_id"], start) for start in range(0, DELIVERIES * EVENTS, EVENTS)]
    token = quickbooks["webhook_verifier_token"].encode()
    signed = [(body, base64.b64encode(hmac.new(token, body, hashlib.sha256).digest()).decode()) for body in bodies]
    at_once, longest = asyncio.Semaphore(OPEN), 0.0

    async with aiohttp.ClientSession() as session:

        async def deliver(body: bytes, signature: str) -> None:
            nonlocal longest
            async with at_once:
                begun = perf_counter()
                headers = {"intuit-signature": signature, "content-type": "application/json"}
                async with session.post(service.ready["webhook_url"], data=body, headers=headers) as answer:
                    assert answer.status == 200, answer.status
                longest = max(longest, perf_counter() - begun)

        async def nothing() -> None:
            async with at_once, session.get(service.ready["url"] + "/healthz") as answer:
                assert answer.status == 200

        taken = await _seconds([deliver(*each) for each in signed])
        empty = await _seconds([nothing() for _ in signed])
    return [
        row(f"webhooks a second, {EVENTS} events each, {OPEN} open, {database}", DELIVERIES / taken, "deliveries/s",
            DELIVERIES / empty),
        row(f"longest answer among {DELIVERIES} webhooks, {OPEN} open, {database}", longest * 1000, "ms", 3000),
    ]  # fmt: skip


async def _seconds(work: list[Any]) -> float:
    begun = perf_counter()
    await asyncio.gather(*work)
    return perf_counter() - begun


def _body(realm_id: str, start: int) -> bytes:
    events = [
        {"type": "qbo.invoice.updated.v1", "intuitentityid": str(10**9 + number), "intuitaccountid": realm_id}
        for number in range(start, start + EVENTS)
    ]
    return json.dumps(events).encode()
