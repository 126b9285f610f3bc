"""The sample company end to end over real sockets: the emulators in a process of their own, state on disk."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from time import perf_counter

from ml_connector import actions, connecting
from ml_connector.app import open_app
from ml_connector.demo import TODAY
from ml_connector.rehearsal.emulators import Emulators, started

from .rows import Row, resident_megabytes, row

_ROLES = ("account", "contact", "opportunity", "role", "journal")


async def sockets(scale: int) -> AsyncIterator[Row]:
    """Connect, plan, apply; limits off."""
    server = ("--scenario", "sample", "--scale", str(scale), "--seed", "7", "--today", TODAY)
    with tempfile.TemporaryDirectory() as folder:
        async with started(*server) as emulators:
            seconds, linked = await _first_sync(Path(folder), emulators)
    yield row(f"first plan and sync over sockets, scale {scale}", seconds, "s")
    yield row(f"first plan and sync over sockets, scale {scale}", linked / seconds, "records/s")
    yield row("resident at most, after it", resident_megabytes(), "MB", 300)


async def _first_sync(home: Path, emulators: Emulators) -> tuple[float, int]:
    """Seconds of plan and apply, and the records that belong together afterwards."""
    clock = await emulators.clock()
    connecting.init(home, emulators.line)
    await connecting.connect_emulators(home, emulators.line, clock=clock)
    start = date.fromisoformat((await emulators.ask("GET", "/scenario"))["facts"]["start_date"])
    signed = connecting.SignOff(
        template="T1", start_date=start, unbilled="1250", deferred="2450", discounts="4900", shipping="4200"
    )
    async with open_app(home, env={}, clock=clock) as app:
        await connecting.sign_off(app, signed, "approver")
    async with open_app(home, env={}, clock=clock) as app:
        begun = perf_counter()
        view = await actions.make_plan(app, "preparer")
        await actions.apply(app, view.id, "approver")
        spent = perf_counter() - begun
        return spent, sum(len(app.store.all_links(app.connection.id, role)) for role in _ROLES)
