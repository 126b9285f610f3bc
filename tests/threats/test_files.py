"""Another user of the machine exchanges a file, puts a link in its place, or reads one while it is made."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ml_connector.actions.backup import backup
from ml_connector.cli.home import find_home
from ml_connector.model.errors import ConnectorError, StateTrouble, WrongUse
from ml_connector.settings import change_settings, load, write_connection, write_settings
from ml_connector.store import Store
from ml_connector.vault import Vault
from support.world import Installation

SOMEBODY = 12_345
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    write_settings(folder, {})
    write_connection(folder, "east", {"rules": {"max_lines": 7}})
    Vault.create(folder)
    return folder


def opened(home: Path) -> None:
    load(home, {})
    Vault.open_home(home)


def key_of(home: Path) -> Path:
    return next((home / "keys").glob("*.key"))


PLACES: dict[str, Callable[[Path], Path]] = {
    "home": lambda home: home,
    "settings": lambda home: home / "settings.toml",
    "connections": lambda home: home / "connections",
    "a connection": lambda home: home / "connections" / "east.toml",
    "keys": lambda home: home / "keys",
    "name of the key": lambda home: home / "keys" / "current",
    "key": key_of,
}


@pytest.mark.parametrize("more", [stat.S_IWGRP, stat.S_IWOTH, stat.S_IWOTH | stat.S_ISVTX])
@pytest.mark.parametrize("place", PLACES)
def test_what_others_can_write_is_not_believed(place: str, more: int, home: Path) -> None:
    opened(home)
    path = PLACES[place](home)
    path.chmod(stat.S_IMODE(path.stat().st_mode) | more)
    with pytest.raises(ConnectorError, match="other users") as caught:
        opened(home)
    if place in ("home", "settings"):
        with pytest.raises(WrongUse, match="other users"):
            load(home, {})
    assert str(path) in str(caught.value)
    assert "chmod" in caught.value.remedy


@only_root
@pytest.mark.parametrize("place", PLACES)
def test_what_belongs_to_somebody_else_is_not_believed(place: str, home: Path) -> None:
    os.chown(PLACES[place](home), SOMEBODY, -1)
    with pytest.raises(WrongUse, match="belongs to another user"):
        opened(home)


@pytest.mark.parametrize(("mode", "believed"), [(0o700, True), (0o777, False)])
def test_a_link_is_as_good_as_the_folder_it_leads_to(mode: int, believed: bool, home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(mode)
    (home / "settings.toml").rename(elsewhere / "settings.toml")
    (home / "settings.toml").symlink_to(elsewhere / "settings.toml")
    if believed:
        assert load(home, {}).rules.max_lines == 7
    else:
        with pytest.raises(WrongUse, match="other users"):
            load(home, {})


def test_a_link_in_the_place_of_a_key_is_not_followed(home: Path, tmp_path: Path) -> None:
    key = key_of(home)
    key.rename(tmp_path / "key")
    key.symlink_to(tmp_path / "key")
    with pytest.raises(StateTrouble, match="cannot be read"):
        opened(home)


# --- what is made


@pytest.fixture
def no_mask() -> Iterator[None]:
    """Whatever is made without a mode is open to all."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: f"{stat.S_IMODE(path.stat().st_mode):o}" for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.usefixtures("no_mask")
def test_what_is_made_is_for_its_owner_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    write_settings(home, {})
    change_settings(home, "rules", {"max_lines": 7})
    place = Installation(home, store_url=f"sqlite:///{home / 'state.db'}")
    connect, copy, at_first = sqlite3.connect, home / "copy.db", []

    def watched(file: Path) -> sqlite3.Connection:
        at_first.append(f"{stat.S_IMODE(file.stat().st_mode):o}")
        return connect(file)

    monkeypatch.setattr(sqlite3, "connect", watched)
    backup(place.app, "mia", copy)
    assert at_first == ["600"]
    assert set(modes(home).values()) == {"600"}
    assert stat.S_IMODE(home.stat().st_mode) == stat.S_IMODE((home / "keys").stat().st_mode) == 0o700
    assert {"copy.db", "state.db", "settings.toml", "current"} <= modes(home).keys()


@pytest.mark.parametrize("there", [True, False])
def test_a_backup_follows_no_link(there: bool, tmp_path: Path) -> None:
    place = Installation(tmp_path, store_url=f"sqlite:///{tmp_path / 'state.db'}")
    target, link = tmp_path / "target", tmp_path / "copy.db"
    if there:
        target.write_text("theirs")
    link.symlink_to(target)
    with pytest.raises(WrongUse, match="is already there"):
        backup(place.app, "mia", link)
    assert target.exists() == there
    assert not there or target.read_text() == "theirs"


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Installation(tmp_path, store_url=f"sqlite:///{tmp_path / 'state.db'}")

    def full(_: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(sqlite3.OperationalError):
        place.store.copy_to(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_no_state_is_made_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "state.db").symlink_to(tmp_path / "theirs")
    with pytest.raises(StateTrouble, match="link to nowhere"):
        Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    assert not (tmp_path / "theirs").exists()


# --- the home that is found by itself


def _link(here: Path) -> None:
    here.rmdir()
    (here.parent / "other").mkdir()
    here.symlink_to(here.parent / "other")


PLANTED: dict[str, Callable[[Path], None]] = {
    "open to all": lambda here: here.chmod(0o777),
    "open to the group": lambda here: here.chmod(0o770),
    "in a folder that is open to all": lambda here: here.parent.chmod(0o777),
    "in a folder as /tmp": lambda here: here.parent.chmod(0o1777),
    "a link": _link,
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_home_that_others_could_have_put_there_is_not_taken(
    planted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / ".ml-connector"
    here.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert find_home(None) == here
    PLANTED[planted](here)
    assert find_home(None) == tmp_path / "data" / "ml-connector"
    assert find_home(here) == here, "whoever names it means it"


@only_root
@pytest.mark.parametrize("whose", [".ml-connector", "."])
def test_a_home_of_somebody_else_is_not_taken(whose: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".ml-connector").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    os.chown(tmp_path / whose, SOMEBODY, -1)
    assert find_home(None) == tmp_path / "data" / "ml-connector"
