"""Secrets at rest."""

from __future__ import annotations

import copy
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.model.errors import StateTrouble, WrongUse
from ml_connector.vault import Secret, Vault

TOKEN = b"RT1-very-secret"


def test_what_is_sealed_opens_for_the_same_connection_and_name(tmp_path: Path) -> None:
    sealed = Vault.create(tmp_path).seal(TOKEN, "c1", "quickbooks.tokens")

    assert Vault.open_home(tmp_path).open(sealed, "c1", "quickbooks.tokens") == TOKEN


def test_nothing_lies_in_clear_on_disk(tmp_path: Path) -> None:
    sealed = Vault.create(tmp_path).seal(TOKEN, "c1", "t")

    assert TOKEN not in sealed
    assert not any(TOKEN in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_two_seals_of_the_same_value_differ(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)

    assert vault.seal(TOKEN, "c1", "t") != vault.seal(TOKEN, "c1", "t")


@pytest.mark.parametrize(("connection", "name"), [("c2", "t"), ("c1", "u"), ("c1t", ""), ("c", "1t")])
def test_a_value_moved_elsewhere_does_not_open(tmp_path: Path, connection: str, name: str) -> None:
    vault = Vault.create(tmp_path)
    sealed = vault.seal(TOKEN, "c1", "t")
    with pytest.raises(StateTrouble):
        vault.open(sealed, connection, name)


@given(st.integers(0, 200), st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_does_not_open(tmp_path: Path, place: int, change: int) -> None:
    vault = Vault.create(tmp_path) if not (tmp_path / "keys").exists() else Vault.open_home(tmp_path)
    sealed = bytearray(vault.seal(TOKEN, "c1", "t"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(StateTrouble):
        vault.open(bytes(sealed), "c1", "t")


@pytest.mark.parametrize("sealed", [b"", b"mlc1", b"plain text", b"mlc1" + b"0" * 20])
def test_what_was_never_sealed_does_not_open(tmp_path: Path, sealed: bytes) -> None:
    with pytest.raises(StateTrouble):
        Vault.create(tmp_path).open(sealed, "c1", "t")


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    path = tmp_path / "keys" / f"{vault.key_id}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o640)
    with pytest.raises(StateTrouble, match="chmod 600"):
        Vault.open_home(tmp_path)


def test_a_missing_damaged_or_foreign_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateTrouble, match="cannot be found"):
        Vault.open_home(tmp_path)
    vault = Vault.create(tmp_path)
    sealed = vault.seal(TOKEN, "c1", "t")
    path = tmp_path / "keys" / f"{vault.key_id}.key"
    path.write_bytes(b"short")
    with pytest.raises(StateTrouble, match="damaged"):
        Vault.open_home(tmp_path)
    path.write_bytes(b"x" * 32)
    with pytest.raises(StateTrouble, match="wrong key"):
        Vault.open_home(tmp_path).open(sealed, "c1", "t")
    path.unlink()
    with pytest.raises(StateTrouble, match="cannot be read"):
        Vault.open_home(tmp_path)


def test_a_home_gets_one_first_key(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    with pytest.raises(WrongUse):
        Vault.create(tmp_path)


def test_a_key_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    path = tmp_path / "keys" / f"{vault.key_id}.key"
    moved = tmp_path / "elsewhere"
    path.rename(moved)
    path.symlink_to(moved)
    with pytest.raises(StateTrouble):
        Vault.open_home(tmp_path)


def test_rotation_keeps_the_old_key_until_all_is_sealed_anew(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    old = vault.key_id
    values = {name: vault.seal(TOKEN + name.encode(), "c1", name) for name in ("a", "b")}
    assert vault.new_key() == old
    assert vault.key_id != old

    values["a"] = vault.reseal(values["a"], "c1", "a")
    assert vault.reseal(values["a"], "c1", "a") == values["a"]
    assert vault.forget_old({vault.key_of(sealed) for sealed in values.values()}) == []
    assert Vault.open_home(tmp_path).open(values["b"], "c1", "b") == TOKEN + b"b"

    values["b"] = vault.reseal(values["b"], "c1", "b")
    assert vault.forget_old({vault.key_of(sealed) for sealed in values.values()}) == [old]
    assert not (tmp_path / "keys" / f"{old}.key").exists()
    assert Vault.open_home(tmp_path).open(values["b"], "c1", "b") == TOKEN + b"b"


def test_a_process_that_runs_on_seals_with_the_key_that_another_has_put_in_use(tmp_path: Path) -> None:
    running = Vault.create(tmp_path)
    running.seal(TOKEN, "c1", "t")
    rotating = Vault.open_home(tmp_path)
    rotating.new_key()
    rotating.forget_old([])
    sealed = running.seal(TOKEN, "c1", "t")
    assert running.key_of(sealed) == rotating.key_id
    assert Vault.open_home(tmp_path).open(sealed, "c1", "t") == TOKEN


def test_without_its_key_folder_a_process_still_seals_what_must_not_be_lost(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    (tmp_path / "keys").rename(tmp_path / "away")
    assert vault.open(vault.seal(TOKEN, "c1", "t"), "c1", "t") == TOKEN


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("RT1-very-secret")

    assert not any("RT1" in shown for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret])))
    assert secret.reveal() == "RT1-very-secret"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
