"""The tiny company in agreement, as `Installation.run` leaves it: made once a process, read back for each test.

A test that begins there gets emulators, a database and a home of its own, and a process that has just begun. Nothing is
shared: what is kept are bytes and plain rows, read anew each time.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ml_emulators.kit.persistence import FILE, load_state, resume, save_state
from ml_emulators.server import SHARED

from .tables import Rows, put_back, rows_of
from .world import Installation

Files = dict[Path, bytes]


class Kept(NamedTuple):
    """Everything that a run leaves: files of the home, both vendors, rows, and how chance and the network stand."""

    home: Files
    vendors: bytes
    rows: Rows
    chance: tuple[Any, ...]
    sent: tuple[tuple[str, str, str], ...]


_kept: list[Kept] = []


def in_step(folder: Path, *, store_url: str = "sqlite://") -> Installation:
    """The tiny company of seed 1 after its first plan was approved and applied, in `folder` and in that database."""
    if not _kept:
        with ThreadPoolExecutor(1) as thread:  # whoever calls may be in a loop of its own
            _kept.append(thread.submit(asyncio.run, _made()).result())
    (kept,) = _kept
    for name, content in kept.home.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    home = Installation(folder, store_url=store_url)
    with TemporaryDirectory(prefix="in-step-") as vendors:
        (Path(vendors) / FILE).write_bytes(kept.vendors)
        found = load_state(Path(vendors), SHARED)
    assert found is not None
    resume(home.emulation, found)
    put_back(home.store, kept.rows)
    home.ids.random.setstate(kept.chance)
    home.network.sent += kept.sent
    home.app = home.process()
    return home


async def _made() -> Kept:
    with TemporaryDirectory(prefix="in-step-") as folder, TemporaryDirectory(prefix="in-step-") as vendors:
        home = Installation(Path(folder))
        try:
            await home.run()
            save_state(home.emulation, Path(vendors), SHARED)
            return Kept(
                _files_in(Path(folder)),
                (Path(vendors) / FILE).read_bytes(),
                rows_of(home.store),
                home.ids.random.getstate(),
                tuple(home.network.sent),
            )
        finally:
            home.store.close()


def _files_in(folder: Path) -> Files:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
