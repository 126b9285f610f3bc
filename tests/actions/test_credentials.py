"""Passwords and tokens: what is kept of them, and the file of a token."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ml_connector.actions.credentials import (
    Cost,
    new_token,
    owner_of,
    password_fits,
    password_hash,
    read_token,
    token_digest,
    token_fits,
    written_token,
)
from ml_connector.model.errors import WrongUse
from ml_connector.vault import Secret

CHEAP = Cost(8, 1, 1)
PASSWORD = Secret("correct horse battery")


def test_a_password_fits_its_hash_alone() -> None:
    first, second = (password_hash(PASSWORD, CHEAP) for _ in range(2))
    assert first.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert first != second, "each has its salt"
    assert password_fits(PASSWORD, first)
    assert not password_fits(Secret("correct horse batterie"), first)


def test_an_accent_is_the_same_however_it_is_typed() -> None:
    assert password_fits(
        Secret("cre\u0301me bru\u0302le\u0301e"), password_hash(Secret("cr\u00e9me br\u00fbl\u00e9e"), CHEAP)
    )


@pytest.mark.parametrize("text", ["", "eleven char", "x" * 1001])
def test_a_password_that_is_too_short_or_endless_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="12 to 1000 characters"):
        password_hash(Secret(text), CHEAP)


def test_nobody_has_the_password_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_connector.actions.credentials.COST", CHEAP)
    assert not password_fits(PASSWORD, "")


def test_a_token_says_whose_it_is_and_fits_its_digest_alone() -> None:
    token, other = new_token("ana"), new_token("ana")
    assert owner_of(token) == "ana"
    assert token_fits(token, token_digest(token))
    assert not token_fits(other, token_digest(token))
    assert not token_fits(token, "")


@pytest.mark.parametrize("text", ["", "ana:1", f"Ana:{'0' * 64}", f"ana:{'0' * 64}0", "0" * 64])
def test_other_texts_are_no_tokens(text: str) -> None:
    assert owner_of(Secret(text)) == ""


def test_a_token_goes_through_a_file(tmp_path: Path) -> None:
    token, file = new_token("ana"), tmp_path / "token"
    before = os.umask(0)
    try:
        with written_token(token, file):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert read_token(file) == token


def test_the_file_of_a_token_that_does_not_count_is_gone(tmp_path: Path) -> None:
    with pytest.raises(KeyError), written_token(new_token("ana"), tmp_path / "token"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_written_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(WrongUse, match="is already there"), written_token(new_token("ana"), tmp_path / name):
            raise AssertionError
    with pytest.raises(WrongUse, match="cannot be written"), written_token(new_token("ana"), tmp_path / "no" / "t"):
        raise AssertionError
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_token_file_that_others_can_open_is_refused(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with written_token(new_token("ana"), file):
        file.chmod(mode)
    with pytest.raises(WrongUse, match="open to other users") as info:
        read_token(file)
    assert info.value.remedy == f"Close it:  chmod 600 {file}"


def test_what_is_no_token_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "text").write_text("secret")
    (tmp_path / "text").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "text")
    for name, said in [("fifo", "not a file of yours"), ("link", "cannot be read"), ("none", "cannot be read")]:
        with pytest.raises(WrongUse, match=said):
            read_token(tmp_path / name)
    with pytest.raises(WrongUse, match="holds no token"):
        read_token(tmp_path / "text")
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(WrongUse, match="not a file of yours"):
        read_token(tmp_path / "text")
