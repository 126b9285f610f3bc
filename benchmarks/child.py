"""One command of `ml-connector` in a process of its own: how long it took, how much it computed, how large it grew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from .peak import PEAK_FILE, peak

SOURCE = Path(__file__).parent.parent / "src"


class Measured(NamedTuple):
    """`seconds` by the clock on the wall, `computed` of the processor; `megabytes` resident at most."""

    seconds: float
    computed: float
    megabytes: float
    document: Any


def measured(home: Path, *words: str, env: Mapping[str, str] | None = None, later: float = 0.0) -> Measured:
    """`ml-connector WORDS --json`, `later` seconds from now by its clock, and without our own limits.

    What is measured is the work, not the waiting.
    """
    with tempfile.TemporaryFile() as out, tempfile.NamedTemporaryFile() as mark:
        begun = perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", str(later), *words, "--json", "--home", str(home)],
            cwd=SOURCE.parent,
            env={**os.environ, "PYTHONPATH": str(SOURCE), PEAK_FILE: mark.name, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said, grown = out.read().decode(), mark.read().decode()
    if process.returncode != 0:
        raise RuntimeError(f"{words} ended with {process.returncode}: {said[-500:]}")
    return Measured(seconds, used.ru_utime + used.ru_stime, float(grown), json.loads(said))


def main() -> int:
    from ml_connector import clients
    from ml_connector.cli.entry import main as command
    from ml_connector.clock import WallClock
    from ml_connector.systems.limits import free_throttle

    clients.quickbooks_throttle = free_throttle  # type: ignore[attr-defined]  # what `clients` imports is put in its place
    WallClock.__init__.__defaults__ = (timedelta(seconds=float(sys.argv[1])),)
    try:
        return command(sys.argv[2:])
    finally:
        Path(os.environ[PEAK_FILE]).write_text(str(peak()))


if __name__ == "__main__":
    sys.exit(main())
