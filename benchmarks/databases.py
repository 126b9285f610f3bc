"""The same company with its state in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.postgres import database as made
from support.postgres import server as running

DATABASES = ("SQLite", "PostgreSQL")


@contextmanager
def environment(database: str) -> Iterator[dict[str, str]]:
    """What a process needs to know of its state."""
    if database == "SQLite":
        yield {}
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "postgres") as server,
        made(server, f"mlc_bench_{os.getpid()}") as url,
    ):
        yield {"MLC_STATE_URL": url}
