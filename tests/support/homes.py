"""Homes of tests that are made once and copied."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def unplaced(home: Path) -> None:
    """Let a copied home be as one that was never opened: it is no copy of one that goes on elsewhere."""
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        state.execute("DELETE FROM installation")
