"""Whole installations in one process on the emulators: first sync, change burst, second run."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from ml_connector import actions
from ml_connector.engine.worker import Report
from support.world import Installation

from .rows import Row, resident_megabytes, row


async def journeys(scale: int) -> AsyncIterator[Row]:
    """Plan and apply the sample company (2,000 invoices at scale 1), change 1,000 invoices, then do nothing."""
    with tempfile.TemporaryDirectory() as folder:
        home = Installation(Path(folder), scenario="sample", scale=scale)
        name = f"scale {scale}"
        invoices = len(home.state("quickbooks", "Invoice"))
        started = perf_counter()
        await home.run()
        spent = perf_counter() - started
        yield row(f"first plan and sync, {name}, {invoices} invoices", spent, "s")
        yield row(f"first plan and sync, {name}", _linked(home) / spent, "records/s")
        await _later(home)  # our own writes are looked at
        changed = _change_invoices(home, 1000)
        spent, _ = await _later(home)
        yield row(f"{changed} changed invoices, {name}", changed / spent, "records/s")
        await _later(home)
        spent, quiet = await _later(home)
        yield row(f"second run, {name}: writes", quiet.written, "writes")
        yield row(f"second run, {name}", spent, "s")
        yield row(f"resident at most, {name} (emulators included)", resident_megabytes(), "MB")


def _linked(home: Installation) -> int:
    """Records on the other side that belong to one here."""
    roles = ("account", "contact", "opportunity", "role", "journal")
    return sum(len(home.store.all_links(home.app.connection.id, each)) for each in roles)


def _change_invoices(home: Installation, most: int) -> int:
    """People in QuickBooks put off up to `most` open-month invoices that are shown in Salesforce."""
    links = home.store.all_links(home.app.connection.id, "opportunity")
    linked = [link.source.id for link in links if (link.agreed.get("txn_date") or "") > "2026-10-04"][:most]
    for key in linked:
        home.twin.act("quickbooks", "update", "Invoice", {"Id": key, "DueDate": "2026-12-31"})
    return len(linked)


async def _later(home: Installation) -> tuple[float, Report]:
    """A sync a quarter of an hour later: how long it took, what it did."""
    home.clock.advance(timedelta(minutes=15))
    started = perf_counter()
    report = await actions.sync(home.app)
    return perf_counter() - started, report
