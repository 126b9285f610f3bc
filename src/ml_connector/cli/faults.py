"""Faults of our own: one sentence for the person, and with --debug a log without secrets for whoever mends it."""

from __future__ import annotations

import errno
import os
import re
import stat
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ml_connector.model.errors import ConnectorError, StateTrouble

LOG = "fault.log"
_AGAIN = "Open writes are looked up by the next run. To report it, run the command again with --debug."
_SECRETS = re.compile(
    r"(?i)(?:bearer|basic)\s+\S+"
    r"|\b[\w.-]*(?:secret|token|password|passwd|assertion|signature|authorization|api[_-]?key|code)\b[\"']?\s*[=:]\s*\S+"
    r"|[^\s@\"'<>]+@[^\s@\"'<>]+\.[^\s@\"'<>]+"
    r"|[A-Za-z0-9+/_.=!~-]{20,}"
)


def known_cause(error: BaseException) -> ConnectorError | None:
    """The error of ours inside a group, or the disk that is full; None for a real fault."""
    if isinstance(error, BaseExceptionGroup):
        causes = [known_cause(exception) for exception in error.exceptions]
        return next((cause for cause in causes if cause is not None), None)
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return StateTrouble(
            f"A file cannot be used: {os.strerror(error.errno)}.", "Check free space and rights of the home folder."
        )
    return None


def of_fault(error: BaseException, words: Sequence[str]) -> ConnectorError:
    """The sentence for an unexpected exception. It names the place, never a value."""
    where = f"{type(error).__name__}, {_place(error)}"
    sentence = f"This command met a fault of ml-connector itself ({where})."
    if "--debug" not in words:
        return ConnectorError(sentence, _AGAIN)
    file = _written(error, words)
    if file is None:
        return ConnectorError(sentence, "Its log could not be written; choose another folder with --home.")
    return ConnectorError(sentence, f"Report it with {file}; secrets were removed, look it through all the same.")


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "ml_connector" in frame.filename] or list(frames)
    return f"{Path(ours[-1].filename).name} line {ours[-1].lineno}" if ours else "place unknown"


def without_secrets(text: str) -> str:
    """The text with whatever could be a secret, a token or a person's address taken out."""
    return _SECRETS.sub("[removed]", text)


def trace_of(error: BaseException) -> str:
    """The traceback: places as they are, messages without secrets, no line of source, no local value."""
    parts = []
    for cause in _chain(error):
        frames = [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(cause.__traceback__)]
        parts += [*frames, f"{type(cause).__name__}: {without_secrets(str(cause))}", ""]
    return "\n".join(parts)


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.insert(0, following)
        following = following.__cause__ or following.__context__
    return chain


def open_log(file: Path) -> TextIO:
    """The log, to add to; for its owner only. Raises `OSError` where its name is a link, or no file of ours."""
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    handle = os.open(file, how, 0o600)
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
        os.close(handle)
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(file))
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "a", encoding="utf-8")


def _written(error: BaseException, words: Sequence[str]) -> Path | None:
    from .home import find_home

    try:
        given = next((words[i + 1] for i, word in enumerate(words[:-1]) if word == "--home"), None)
        file = find_home(Path(given) if given else None) / LOG
        file.parent.mkdir(parents=True, exist_ok=True)
        with open_log(file) as log:
            log.write(trace_of(error))
    except (OSError, ValueError):  # the message says that nothing could be kept
        return None
    return file
