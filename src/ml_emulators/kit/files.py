"""Files that hold secrets: whole or not at all, and for their owner alone."""

from __future__ import annotations

import errno
import os
import stat
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


class NotPrivate(PermissionError):
    """A file or folder that somebody else owns, or could have written."""


def open_private(path: Path) -> BinaryIO:
    """A file to be read as code would be: nobody but its owner, who is us, can have written it, or where it lies.

    Raises `NotPrivate`, and `OSError` where it cannot be opened or its name is a link.
    """
    check_private(path.parent)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        _check(path, os.fstat(handle), stat.S_ISREG)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def check_private(folder: Path) -> None:
    """Raises `NotPrivate` for a folder in which others can put files; `OSError` where there is none."""
    _check(folder, folder.stat(), stat.S_ISDIR)


def _check(path: Path, status: os.stat_result, is_kind: Callable[[int], bool]) -> None:
    if not is_kind(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise NotPrivate(errno.EPERM, "others can write it; make it yours alone (chmod go-w)", str(path))


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_EXCL, 0o600)
