"""The first sync beside a bare loop: the same requests to a server of prepared answers, one after the other.

The bare loop sends what was recorded and reads the bytes of the answers; it decodes, decides and keeps nothing. A
server that answers at once leaves the whole difference to our own computing; a vendor takes a tenth of a second and
more for a page or a batch, and then the computing hides behind that.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter, process_time

from ml_connector.actions.sync import sync
from ml_connector.app import App, patient_collector
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.network import AiohttpNetwork
from support.world import Installation

from .canned import Exchange, Recorder, Redirected, canned
from .rows import Row, row

LATENCIES = (0, 50, 100, 200)
"""Milliseconds a call."""


async def bare(scale: int) -> AsyncIterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        exchanges, records = await _recorded(Path(folder), scale)
        size = sum(len(each.response.body) for each in exchanges) / 1e6
        name = f"first sync of {records} records, {len(exchanges)} calls, {size:.1f} MB of answers"
        for latency in LATENCIES:
            async with canned(exchanges, Path(folder), latency) as port:
                looped, alone = await _loop(exchanges, port)
                spent, computed = await _sync(Path(folder), scale, port, latency)
            at = f"{name}, {latency} ms a call"
            yield row(f"{at}: of the bare loop's speed", 100 * looped / spent, "%", 60)
            yield row(at, spent, "s", looped)
            yield row(f"{at}: records", records / spent, "records/s", records / looped)
            waited = len(exchanges) * latency / 1000
            share = 100 * (waited + alone) / (waited + computed)
            yield row(f"{at}: of the bare loop's speed by processor time and waiting", share, "%", 60)
            if latency == 0:
                yield row(f"{name}: computed", computed, "s", alone)


def _home(folder: Path, name: str, scale: int) -> Installation:
    """The same company at the same instant; the state on disk, with fsync."""
    place = folder / name
    place.mkdir()
    home = Installation(place, scenario="sample", scale=scale, store_url=f"sqlite:///{place / 'state.db'}")
    home.store.go_live(home.app.connection.id, home.clock.now())
    return home


def _unlimited(app: App) -> App:
    app.quickbooks._calls._caller._throttle = free_throttle(app.world.clock)  # noqa: SLF001 - only here
    return app


async def _recorded(folder: Path, scale: int) -> tuple[list[Exchange], int]:
    home = _home(folder, "recorded", scale)
    recorder = Recorder(home.network)
    report = await sync(_unlimited(home.process(network=recorder)))
    home.store.close()
    return recorder.exchanges, report.written


async def _loop(exchanges: list[Exchange], port: int) -> tuple[float, float]:
    """Seconds, and seconds of the processor."""
    async with AiohttpNetwork() as network:
        vendor = Redirected(network, port)
        begun, computed = perf_counter(), process_time()
        for each in exchanges:
            await vendor.send(each.request)
        return perf_counter() - begun, process_time() - computed


async def _sync(folder: Path, scale: int, port: int, latency: int) -> tuple[float, float]:
    patient_collector()
    home = _home(folder, f"played {latency}", scale)
    async with AiohttpNetwork() as network:
        app = _unlimited(home.process(network=Redirected(network, port)))
        begun, computed = perf_counter(), process_time()
        await sync(app)
        spent = perf_counter() - begun, process_time() - computed
    home.store.close()
    return spent
