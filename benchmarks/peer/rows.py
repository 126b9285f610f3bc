"""Both side by side on the same emulators, each from the same start: wall time, computing, calls, lines of code."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from time import perf_counter

from ml_connector.rehearsal.emulators import Calls, Emulators, started

from ..child import SOURCE, measured
from ..rows import Row, row
from ..sockets import MANY, change_invoices, connected

Command = Callable[[str], Awaitable[tuple[float, float]]]
"""Runs `first` or `changed`; seconds on the wall and of the processor."""


class Run:
    """What one of them needed."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}
        self.calls: dict[str, Calls] = {}


async def peers(scale: int) -> AsyncIterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with started("--scenario", "sample", "--scale", str(scale), "--seed", "7") as emulators:
            home = Path(folder) / "home"
            await connected(home, emulators)
            await emulators.ask("POST", "/snapshot", {"name": "start"})

            async def ours(_: str) -> tuple[float, float]:
                done = await asyncio.to_thread(measured, home, "sync", "--once")
                return done.seconds, done.computed

            async def theirs(what: str) -> tuple[float, float]:
                return await asyncio.to_thread(_script, home.parent / "emulators.json", what)

            peer = await _run(emulators, theirs)
            await emulators.ask("POST", "/restore", {"name": "start"})
            own = await _run(emulators, ours)
    for each in _table(own, peer):
        yield each
    lines = code_lines(SOURCE / "ml_connector"), code_lines(Path(__file__).with_name("script.py"))
    yield row("lines of code, ours beside the peer's", lines[0], "lines", lines[1])


async def _run(emulators: Emulators, command: Command) -> Run:
    run = Run()
    for what in ("first", "changed"):
        if what == "changed":
            await change_invoices(emulators, MANY)
        before = await emulators.calls()
        run.seconds[what] = await command(what)
        run.calls[what] = (await emulators.calls()).minus(before)
    return run


def _script(line: Path, what: str) -> tuple[float, float]:
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.peer.script", str(line), what],
        cwd=SOURCE.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    json.loads(said)
    return perf_counter() - begun, used.ru_utime + used.ru_stime


def _table(own: Run, peer: Run) -> list[Row]:
    named = {"first": "first sync", "changed": f"{MANY} changed invoices at most"}
    rows = []
    for what, name in named.items():
        for place, word in enumerate(("on the wall", "computed")):
            rows.append(
                row(f"{name}, beside the peer: {word}", own.seconds[what][place], "s", peer.seconds[what][place])
            )
        for field in ("quickbooks_reads", "salesforce"):
            ours, theirs = getattr(own.calls[what], field), getattr(peer.calls[what], field)
            rows.append(row(f"{name}, beside the peer: {field.replace('_', ' ')}", ours, "calls", theirs))
    return rows


def code_lines(place: Path) -> int:
    """Lines that are neither blank nor a comment."""
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    return sum(bool(line) and not line.startswith("#") for line in lines)
