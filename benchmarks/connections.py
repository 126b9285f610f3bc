"""Fifty connections in one process: how long it takes to open them all, and how large the process grows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from support.homes import home_with

from .child import measured
from .rows import Row, row

MANY = 50


def connections() -> Iterator[Row]:
    """The list of all connections, each opened and looked at, beside that of one."""
    with tempfile.TemporaryDirectory() as folder:
        one = measured(home_with(Path(folder) / "one", "c0"), "connections")
        many = measured(home_with(Path(folder) / "many", *(f"c{number}" for number in range(MANY))), "connections")
    yield row(f"{MANY} connections opened and listed", many.seconds, "s", one.seconds)
    yield row(f"memory with {MANY} connections", many.megabytes, "MB", one.megabytes)
