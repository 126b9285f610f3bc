"""The sample company end to end: the emulators in one process, `ml-connector` in another, state on disk, limits off."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from ml_connector.rehearsal import emulators as rehearsal
from ml_connector.rehearsal.emulators import Emulators, started

from .child import Measured, measured
from .rows import Row, row

MANY = 1000
STEP = 10_000
rehearsal.READY_WITHIN = 3600.0  # a large company takes a while to be seeded


async def sockets(scale: int, database: str = "SQLite", env: Mapping[str, str] | None = None) -> AsyncIterator[Row]:
    """First sync, its echo, `MANY` changed invoices, and a run with nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        async with started("--scenario", "sample", "--scale", str(scale), "--seed", "7") as emulators:
            home = Path(folder) / "home"
            await connected(home, emulators, env)
            invoices = (await _page(emulators, 0, 1))["count"]
            name = f"{invoices} invoices, {database}"
            for each in _first(name, measured(home, "sync", "--once", env=env)):
                yield each
            sync = Later(home, emulators, env)
            await sync.once()  # our own writes are looked at
            changed = await change_invoices(emulators, MANY)
            burst = await sync.once()
            yield row(f"{changed} changed invoices of {name}", changed / burst.seconds, "records/s")
            yield row(f"{changed} changed invoices of {name}: computed", burst.computed, "s")
            await sync.once()
            quiet = await sync.once()
            yield row(f"second run, {name}: writes", quiet.document["written"], "writes")
            yield row(f"second run, {name}", quiet.seconds, "s")
            yield row(f"second run, {name}: computed", quiet.computed, "s")


class Later:
    """A sync after a quarter of an hour, again and again."""

    def __init__(self, home: Path, emulators: Emulators, env: Mapping[str, str] | None) -> None:
        self._home, self._emulators, self._env = home, emulators, env
        self._minutes = 0

    async def once(self) -> Measured:
        self._minutes += 15
        await self._emulators.ask("POST", "/clock", {"op": "advance", "minutes": 15})
        return measured(self._home, "sync", "--once", env=self._env, later=self._minutes * 60)


async def connected(home: Path, emulators: Emulators, env: Mapping[str, str] | None = None) -> None:
    """Signed in and signed off."""
    line = home.parent / "emulators.json"
    line.write_text(json.dumps(emulators.line))
    facts = (await emulators.ask("GET", "/scenario"))["facts"]
    measured(home, "init", "--emulators", str(line), env=env)
    accounts = ("--unbilled", "1250", "--deferred", "2450", "--discounts", "4900", "--shipping", "4200")
    measured(home, "sign-off", "--start-date", facts["start_date"], *accounts, env=env)


async def change_invoices(emulators: Emulators, most: int) -> int:
    """People in QuickBooks put off up to `most` invoices of the months that are not closed."""
    closed = (await emulators.ask("GET", "/scenario"))["facts"]["books_closed"]
    some: list[str] = []
    start, count = 0, 1
    while len(some) < most and start < count:
        page = await _page(emulators, start, STEP)
        some += [each["Id"] for each in page["records"] if each.get("status") != "Deleted" and each["TxnDate"] > closed]
        start, count = start + STEP, page["count"]
    operations = [
        {"system": "quickbooks", "op": "update", "kind": "Invoice", "body": {"Id": key, "DueDate": "2027-12-31"}}
        for key in some[:most]
    ]
    await emulators.act(operations)
    return len(operations)


async def _page(emulators: Emulators, start: int, most: int) -> dict[str, Any]:
    """Invoices as the emulator keeps them, and how many there are: all at once would be too much for one answer."""
    page: dict[str, Any] = await emulators.ask("GET", f"/state/quickbooks/Invoice?offset={start}&limit={most}")
    return page


def written(first: Measured) -> int:
    """Records that a sync made or changed on the other side."""
    return sum(sum(first.document[name].values()) for name in ("created", "updated"))


def _first(name: str, first: Measured) -> list[Row]:
    records = written(first)
    return [
        row(f"first sync, {name}", first.seconds, "s"),
        row(f"first sync, {name}: records written", records, "records"),
        row(f"first sync, {name}", records / first.seconds, "records/s"),
        row(f"first sync, {name}: computed a record", first.computed / records * 1_000_000, "us"),
        row(f"first sync, {name}: resident at most", first.megabytes, "MB", 300),
    ]
