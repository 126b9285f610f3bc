"""Holders of this machine, told by locked files: who is there, who has died, who is alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ml_connector.files import LocalHolders
from ml_connector.store import Store

HOLDER, OTHER = "a" * 32, "b" * 32
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def died(holders: LocalHolders, name: str) -> None:
    """What a process leaves that is killed: its file, without the lock."""
    with holders.here(name):
        (file,) = (holders._folder).iterdir()
        content = file.read_bytes()
    file.write_bytes(content)


def test_one_that_is_there_is_not_gone_and_leaves_nothing_behind(tmp_path: Path) -> None:
    holders = LocalHolders(tmp_path)
    with holders.here(HOLDER):
        assert not LocalHolders(tmp_path).gone(HOLDER)
    assert list((tmp_path / "holders").iterdir()) == []
    assert not holders.gone(HOLDER), "who ended well gave its lease back; of others nothing is known"


def test_one_that_died_is_gone_and_is_not_waited_for(tmp_path: Path) -> None:
    holders, store = LocalHolders(tmp_path), Store.fresh()
    store.add_connection("acme", "1", "00D", "Acme", NOON)
    store.holders = holders
    first = store.take_lease("acme", HOLDER, NOON)
    assert first is not None
    assert store.take_lease("acme", OTHER, NOON + timedelta(seconds=1)) is None, "nothing says that it died"
    died(holders, HOLDER)
    assert store.take_lease("acme", OTHER, NOON + timedelta(seconds=1)) == first + 1


def test_of_another_start_of_the_machine_nothing_is_said(tmp_path: Path) -> None:
    holders = LocalHolders(tmp_path)
    died(holders, HOLDER)
    (tmp_path / "holders" / HOLDER).write_bytes(b"another start")
    assert not holders.gone(HOLDER)


def test_names_that_are_no_holders_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    assert not LocalHolders(tmp_path).gone("../secret")


def test_one_at_a_time_is_alone(tmp_path: Path) -> None:
    holders = LocalHolders(tmp_path)
    handle = holders.alone("service-acme")
    assert handle is not None
    assert holders.alone("service-acme") is None
    os.close(handle)
    again = holders.alone("service-acme")
    assert again is not None
    os.close(again)
