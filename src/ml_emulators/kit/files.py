"""Files that hold secrets: whole or not at all, and for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_private(path: Path, write: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file in one step, readable by its owner alone; a crash leaves the former one. Raises `OSError`."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(fresh, "wb", opener=_private) as file:
        if isinstance(write, bytes):
            file.write(write)
        else:
            write(file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_EXCL, 0o600)
