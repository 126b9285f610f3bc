"""Files of ours: made new for their owner alone, and believed only where nobody else can write them."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_connector.model.errors import WrongUse

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_FDCWD, _STATX_BTIME, _STATX_SIZE = -100, 0x800, 256
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


def identity(path: Path) -> str:
    """What a file keeps wherever it is moved to, and a copy of it does not have: its number and its birth.

    Where the file system keeps no births, the last change of its name or rights stands for it. Raises `OSError`.
    """
    status = path.stat()
    return f"{status.st_ino}.{_birth(path) or status.st_ctime_ns}"


def _birth(path: Path) -> int:
    """In nanoseconds; 0 where it is not known. Python does not tell it on Linux: `man 2 statx`."""
    import ctypes

    statx = getattr(ctypes.CDLL(None), "statx", None)
    answer = ctypes.create_string_buffer(_STATX_SIZE)
    if statx is None or statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, answer):
        return 0
    known, seconds, nanoseconds = struct.unpack_from("=I76xqI", answer)
    return seconds * 1_000_000_000 + nanoseconds if known & _STATX_BTIME else 0


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


class LocalHolders:
    """Who of this machine is at work, told by locked files in the home: a process that dies lets go of its own.

    Only of this very start of the machine anything is said: locks of other machines are not seen.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "holders"

    @contextmanager
    def here(self, holder: str) -> Iterator[None]:
        """Meanwhile this process is at work under that name."""
        path = self._path(holder)
        handle = None if path is None else self._locked(path)
        try:
            yield
        finally:
            if path is not None and handle is not None:
                path.unlink(missing_ok=True)
                os.close(handle)

    def gone(self, holder: str) -> bool:
        """Whether who had that name has surely died; not for names that nobody here has had."""
        path = self._path(holder)
        if path is None or not path.is_file():
            return False
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            died = os.read(handle, 100) == _this_start() != b"" and _try_lock(handle)
            if died:
                path.unlink(missing_ok=True)
            return died
        finally:
            os.close(handle)

    def alone(self, name: str) -> int | None:
        """The handle of a lock that one process has at a time, until it closes it or dies; None if another has it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if _try_lock(handle):
            return handle
        os.close(handle)
        return None

    def _locked(self, path: Path) -> int | None:
        """A file of its own, locked; None where none can be made: then the lease alone tells that we are here."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle = create(path)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(handle, _this_start())
        except OSError:
            path.unlink(missing_ok=True)
            os.close(handle)
            return None
        return handle

    def _path(self, holder: str) -> Path | None:
        return self._folder / holder if _HOLDER.fullmatch(holder) else None


_HOLDER = re.compile(r"[0-9a-f]{32}")


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _this_start() -> bytes:
    """What names this start of this machine; blank where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except OSError:
        return b""
