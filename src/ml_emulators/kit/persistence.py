"""Keeping the emulators' state in a folder between runs.

The file is this program's own: it is read back as code would be, so nobody but its owner may be able to write it, or
the folder (`files.open_private`). It holds tokens and keys, so its owner alone may read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import copyreg
import logging
import pickle
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO

from .emulation import Emulation, Refused
from .files import check_private, open_private, write_private

FILE = "emulators.state"
EVERY = 5.0
"""Seconds between two savings at least; a state that takes long to write is written more seldom."""
_SHARE = 20
Shared = Mapping[str, object]
_log = logging.getLogger("ml_emulators.state")


class BadState(ValueError):
    """The folder's file cannot be read; the message says what to do."""


def shared(name: str) -> object:
    """In a kept file it stands for an object of the program; a reader puts its own in place."""
    raise LookupError(name)


class _Writer(pickle.Pickler):
    """Writes the objects in `known` (which belong to the program, not to the state) by name."""

    def __init__(self, file: BinaryIO, known: Shared) -> None:
        super().__init__(file, protocol=5)
        self._names = {id(value): name for name, value in known.items()}
        self.dispatch_table = {**copyreg.dispatch_table, **dict.fromkeys(map(type, known.values()), self._reduced)}

    def _reduced(self, value: object) -> Any:
        name = self._names.get(id(value))
        return value.__reduce_ex__(5) if name is None else (shared, (name,))


class _Reader(pickle.Unpickler):
    def __init__(self, file: BinaryIO, known: Shared) -> None:
        super().__init__(file)
        self._known = known

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, shared.__name__):
            return self._known.__getitem__
        return super().find_class(module, name)


def save_state(emulation: Emulation, folder: Path, known: Shared, **more: Any) -> None:
    """Write the emulation's state, and `more` beside it, in one step: a crash leaves the former file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(folder)
    whole = {**more, "emulation": emulation.snapshot(), "switches": emulation.get_switches()}
    write_private(folder / FILE, lambda file: _Writer(file, known).dump(whole))


def load_state(folder: Path, known: Shared) -> dict[str, Any] | None:
    """What was saved, with the emulation's snapshot under `emulation`; None when nothing was. Raises `BadState`, and
    `OSError` for a file that others can have written: it is read as code would be."""
    path = folder / FILE
    try:
        with open_private(path) as file:
            kept: dict[str, Any] = _Reader(file, known).load()
    except FileNotFoundError:
        return None
    except (pickle.UnpicklingError, EOFError, LookupError, AttributeError, ImportError, TypeError, ValueError) as error:
        raise BadState(f"{path} is damaged, or of another version. Move it away, or name another folder.") from error
    return kept


def resume(emulation: Emulation, kept: Mapping[str, Any]) -> None:
    """Bring an emulation to what was kept. Raises `BadState`."""
    try:
        for system, values in kept["switches"].items():
            emulation.set_switches(system, values)
        emulation.restore(kept["emulation"])
    except (Refused, LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadState("The kept state is of another version. Move it away, or name another folder.") from error


class Autosave:
    """Saves a running emulation whenever something came in since the last time, so that a kill costs seconds only."""

    def __init__(self, emulation: Emulation, folder: Path, known: Shared, *, every: float = EVERY, **more: Any) -> None:
        self._emulation = emulation
        self._folder = folder
        self._known = known
        self._every = every
        self._more = more
        self.written = 0
        self._done = asyncio.Event()
        self._saved: Any = None
        self._task: asyncio.Task[None] | None = None

    def save(self) -> None:
        """Write now. Raises `OSError`."""
        seen = self._emulation.seen
        save_state(self._emulation, self._folder, self._known, **self._more)
        self._saved = seen
        self.written += 1
        self._done.set()

    async def next(self) -> None:
        """Wait for the next writing."""
        self._done.clear()
        await self._done.wait()

    async def start(self) -> None:
        """Write the state as it is, and again while it changes. Raises `OSError`."""
        self.save()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        wait = self._every
        while True:
            await asyncio.sleep(wait)
            if self._emulation.seen != self._saved:
                started = perf_counter()
                try:
                    self.save()
                except OSError as error:
                    _log.error("The state cannot be written, and is tried again: %s", error)
                wait = max(self._every, _SHARE * (perf_counter() - started))

    async def stop(self) -> None:
        """The last writing. Raises `OSError`."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):  # it was cancelled above
                await self._task
            self._task = None
            self.save()
