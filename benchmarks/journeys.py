"""Whole installations in one process on the emulators: first sync, change burst, second run."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

from ml_connector import actions
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
        changed = _change_invoices(home, 1000)
        before = _calls(home)
        started = perf_counter()
        await actions.sync(home.app)
        yield row(f"{changed} changed invoices, {name}", changed / (perf_counter() - started), "records/s")
        used = _calls(home)
        yield row(f"{changed} changed invoices, {name}: QuickBooks reads", used[0] - before[0], "calls", 1)
        yield row(f"{changed} changed invoices, {name}: Salesforce calls", used[1] - before[1], "calls", 2)
        started = perf_counter()
        quiet = await actions.sync(home.app)
        yield row(f"second run, {name}: writes", quiet.written, "writes")
        yield row(f"second run, {name}", perf_counter() - started, "s")
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


def _calls(home: Installation) -> tuple[int, int]:
    log = home.twin.log
    return log.totals("quickbooks").reads, log.totals("salesforce").calls
