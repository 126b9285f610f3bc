"""A worker that is frozen inside a transaction: webhooks that are acknowledged meanwhile, both ways (decision 0016)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from time import perf_counter

from ml_connector.clock import WallClock
from ml_connector.model.refs import Ref
from ml_connector.service.hooks import Hooks, Keeper
from ml_connector.store import Store
from ml_connector.store.base import lock

from .databases import environment
from .rows import Row, row

TOKEN, REALM, OPEN, FROZEN = "verifier", "4620816365000000001", 20, 10.0
"""Seconds for which it is frozen; deliveries that are open at once."""


class Straight:
    """Makes tasks at once, as arrivals of a sweep do: under the lock of the connection's row."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def companies(self) -> dict[str, list[str]]:
        return self._store.companies()

    def add_arrivals(
        self, arrivals: Sequence[tuple[str, str, Sequence[Ref]]], counts: Mapping[str, int], now: datetime
    ) -> None:
        del counts
        for connection, source, refs in arrivals:
            self._store.intake(connection, [("invoices", ref) for ref in refs], source, now)


async def frozen() -> AsyncIterator[Row]:
    with environment("PostgreSQL") as env:
        url = env["MLC_STATE_URL"]
        Store.open(url).close()
        store, worker = Store.open(url, patience=2), Store.open(url)
        store.add_connection("acme", REALM, "00D", "Acme", datetime.now(UTC))
        for name, keeper in (("a table of their own", store), ("straight into tasks", Straight(store))):
            with worker.begin() as tx:
                lock(tx, "acme")
                taken = await _taken(keeper)
            yield row(f"webhooks acknowledged beside a frozen worker, {name}", taken / FROZEN, "deliveries/s")
        store.close()
        worker.close()


async def _taken(keeper: Keeper) -> int:
    hooks = Hooks(keeper, lambda: [TOKEN], WallClock(), lambda _: None)
    body = json.dumps([{"type": "qbo.invoice.updated.v1", "intuitentityid": "7", "intuitaccountid": REALM}]).encode()
    signature = base64.b64encode(hmac.new(TOKEN.encode(), body, hashlib.sha256).digest()).decode()
    end, taken = perf_counter() + FROZEN, 0

    async def one() -> None:
        nonlocal taken
        while perf_counter() < end:
            taken += (await hooks.take(body, signature)).status == 200

    await asyncio.gather(*(one() for _ in range(OPEN)))
    return taken
