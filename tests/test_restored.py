"""A home that was copied and a state that was put back are noticed when they are opened, and write nothing."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from ml_connector.actions.audit import verify_audit
from ml_connector.actions.backup import backup
from ml_connector.actions.open import open_app
from ml_connector.actions.pause import pause
from ml_connector.actions.status import current_status
from ml_connector.restored import PUT_BACK
from support.homes import NOON, home_with


async def stopped(home: Path) -> list[str]:
    """Why each connection of a home writes nothing, when it is opened."""
    reasons = []
    for name in ("east", "west"):
        async with open_app(home, name) as app:
            reasons.append(current_status(app).paused)
    return reasons


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    home = home_with(tmp_path / "home", "east", "west")
    assert await stopped(home) == ["", ""]
    return home


async def test_a_copied_home_stops_and_the_original_goes_on(home: Path) -> None:
    copy = home.with_name("copy")
    shutil.copytree(home, copy, copy_function=shutil.copy2)
    assert await stopped(copy) == [PUT_BACK, PUT_BACK]
    assert await stopped(home) == ["", ""]
    async with open_app(copy, "east") as app:
        status = current_status(app)
        assert [(item.level, item.command) for item in status.undone()] == [("FAIL", "resume")]
        assert [event.action for event in app.store.audit_events(app.connection.id)][-1] == "stop"


async def test_a_home_out_of_an_archive_stops(home: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "home.tar", "w") as archive:
        archive.add(home, "home")
    shutil.rmtree(home)
    with tarfile.open(tmp_path / "home.tar") as archive:
        archive.extractall(tmp_path, filter="tar")
    assert await stopped(home) == [PUT_BACK, PUT_BACK]


async def test_a_home_that_is_moved_goes_on(home: Path) -> None:
    shutil.move(home, home.with_name("moved"))
    assert await stopped(home.with_name("moved")) == ["", ""]


async def test_a_home_whose_rights_are_set_anew_goes_on(home: Path) -> None:
    """As a container does that sets the owner of its volume whenever it starts."""
    set_rights_anew(home)
    assert await stopped(home) == ["", ""]


async def test_a_backup_that_is_put_back_stops(home: Path) -> None:
    """Nothing was done since: the log says nothing of it, the copy does."""
    async with open_app(home, "east") as app:
        copy = backup(app, "ana").file
    put_back(copy, home)
    assert await stopped(home) == [PUT_BACK, PUT_BACK]


async def test_an_older_state_that_is_put_back_stops_the_connections_that_went_on(home: Path) -> None:
    async with open_app(home, "west") as app:
        app.store.audit(app.connection.id, "ana", "note", "x", {}, NOON)
    copy = shutil.copy(home / "state.db", home / "older.db")
    async with open_app(home, "west") as app:
        app.store.audit(app.connection.id, "ana", "note", "y", {}, NOON)
    put_back(Path(copy), home)
    assert await stopped(home) == ["", PUT_BACK]


async def test_why_it_was_stopped_before_is_kept_and_it_is_said_once(home: Path) -> None:
    async with open_app(home, "west") as app:
        pause(app, "ana", "year end")
        copy = backup(app, "ana").file
    put_back(copy, home)
    assert await stopped(home) == [PUT_BACK, f"{PUT_BACK}; it was stopped before: year end"]
    async with open_app(home, "west") as app:
        events = verify_audit(app).events
    assert await stopped(home) == [PUT_BACK, f"{PUT_BACK}; it was stopped before: year end"]
    async with open_app(home, "west") as app:
        assert verify_audit(app).events == events


def set_rights_anew(home: Path) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, os.getuid(), os.getgid())
        path.chmod(path.stat().st_mode)


def put_back(copy: Path, home: Path) -> None:
    """As the runbook says it: into the file that is there."""
    shutil.copyfile(copy, home / "state.db")
    for name in ("state.db-wal", "state.db-shm"):
        (home / name).unlink(missing_ok=True)
