"""Files of ours: made new for their owner alone, and believed only where nobody else can write them."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from ml_connector.model.errors import WrongUse

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def create(path: Path) -> int:
    """The handle of a file that was not there before and that only its owner may read, from its first byte on.

    Raises `FileExistsError` for whatever is there, a link too.
    """
    handle = os.open(path, _NEW, 0o600)
    os.fchmod(handle, 0o600)
    return handle


def write_new(path: Path, content: bytes) -> None:
    """A new file with this content, on the disk when this returns. Raises `OSError`; then it is not there."""
    handle = create(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or removed in it is on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def must_be_ours(path: Path) -> None:
    """Raises `WrongUse` where another user could change a file, a folder or the folder it lies in behind a link.

    Root may: it can change everything anyway. What is not there passes.
    """
    try:
        if path.is_symlink():
            must_be_ours(path.resolve().parent)
        status = path.stat()
    except OSError:  # not there, or not for us to see: whoever opens it says so
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise WrongUse(
            f"{path} belongs to another user, who could change what is done with your books.",
            f"Work as its owner, or let root hand it over:  chown {_own_name()} {path}",
        )
    if status.st_mode & _OTHERS_WRITE:
        raise WrongUse(f"{path} can be changed by other users.", f"Close it:  chmod go-w {path}")


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a user without a name, as in a container
        return str(os.geteuid())


def is_ours_alone(folder: Path) -> bool:
    """Whether this is a folder, no link, that belongs to us and that nobody else can change."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return ours and not status.st_mode & _OTHERS_WRITE
