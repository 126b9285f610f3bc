"""Keeping the emulators' state in a folder between runs.

The file is this program's own: it is read back as code would be, so only a folder that its user wrote may be given.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .twin import Twin

FILE = "emulators.state"
Shared = Mapping[str, object]


class _Writer(pickle.Pickler):
    """Writes the objects in `shared` (which belong to the program, not to the state) by name."""

    def __init__(self, file: io.BytesIO, shared: Shared) -> None:
        super().__init__(file, protocol=5)
        self._names = {id(value): name for name, value in shared.items()}

    def persistent_id(self, obj: object) -> str | None:
        return self._names.get(id(obj))


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: Shared) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: str) -> object:
        return self._shared[pid]


def save(twin: Twin, folder: Path, shared: Shared, **more: Any) -> None:
    """Write the twin's state, and `more` beside it, in one step: a crash leaves the former file."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    _Writer(buffer, shared).dump({**more, "twin": twin.snapshot()})
    fresh = folder / f"{FILE}.new"
    fresh.write_bytes(buffer.getvalue())
    fresh.replace(folder / FILE)


def kept(folder: Path, shared: Shared) -> dict[str, Any] | None:
    """What was saved, with the twin's snapshot under `twin`; None when nothing was."""
    path = folder / FILE
    if not path.exists():
        return None
    found: dict[str, Any] = _Reader(io.BytesIO(path.read_bytes()), shared).load()
    return found
