"""Secrets and tokens lie sealed in the store, under their owner and name, and open nowhere else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.custody import SealedHeads, SealedTokens, open_secret, seal_secret
from ml_connector.model.errors import SignInNeeded, StateTrouble
from ml_connector.store.rows import Head
from ml_connector.systems.quickbooks.auth import Tokens
from support.world import Installation

OWNER = "quickbooks:ABx"


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_a_secret_is_not_kept_as_it_is(home: Installation) -> None:
    seal_secret(home.custody("quickbooks"), OWNER, "client_secret", "s3cret")
    sealed = home.store.sealed(OWNER, "client_secret")
    assert sealed is not None
    assert b"s3cret" not in sealed
    assert open_secret(home.custody("quickbooks"), OWNER, "client_secret", "") == "s3cret"


def test_what_was_sealed_for_another_owner_does_not_open(home: Installation) -> None:
    clock = home.app.world.clock
    seal_secret(home.custody("quickbooks"), OWNER, "client_secret", "s3cret")
    sealed = home.store.sealed(OWNER, "client_secret") or b""
    home.store.put_sealed("quickbooks:other", "client_secret", sealed, clock.now())
    with pytest.raises(StateTrouble):
        open_secret(home.custody("quickbooks"), "quickbooks:other", "client_secret", "")


def test_a_secret_that_is_not_known_says_how_to_give_it(home: Installation) -> None:
    with pytest.raises(SignInNeeded, match=r"The client secret of quickbooks is not known\.") as raised:
        open_secret(home.custody("quickbooks"), "quickbooks:none", "client_secret", "Connect again.")
    assert raised.value.remedy == "Connect again."


def test_one_process_at_a_time_has_the_turn_to_renew_tokens(home: Installation) -> None:
    clock = home.app.world.clock
    ours, theirs = (SealedTokens(home.custody("quickbooks"), "realm", holder) for holder in ("ours", "theirs"))
    assert ours.load() is None
    tokens = Tokens(access_token="a", refresh_token="r", access_expires_at=clock.now())
    ours.store(tokens)
    assert theirs.load() == tokens
    until = clock.now() + timedelta(minutes=5)
    assert (ours.take_turn(until), theirs.take_turn(until)) == (True, False)
    ours.end_turn()
    assert theirs.take_turn(until)


def test_the_head_of_a_log_lies_sealed_in_the_home(home: Installation, tmp_path: Path) -> None:
    connection = home.app.connection.id
    home.store.audit(connection, "ana", "stop", connection, {}, home.clock.now())
    heads = SealedHeads(home.vault, tmp_path)
    kept = heads.kept(connection) or b""
    head = home.store.audit_head(connection)
    assert heads.open(connection, kept) == head
    assert head.hash.encode() not in kept
    with pytest.raises(StateTrouble):
        heads.open("another", kept)
    home.store.audit(connection, "ana", "resume", connection, {}, home.clock.now())
    assert len(heads.kept(connection) or b"") == len(kept), "put over the one before"
    (file,) = (tmp_path / "audit").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_written_is_behind(home: Installation, tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")
    heads = SealedHeads(home.vault, tmp_path)
    heads.keep("acme", heads.seal("acme", Head(1, "9f")))
    assert (tmp_path / "audit").read_text() == "in the way"


@pytest.mark.parametrize("name", ["../evil", "a/b", "x" * 99, ""])
def test_no_name_of_a_connection_leads_out_of_the_folder(name: str, home: Installation, tmp_path: Path) -> None:
    heads = SealedHeads(home.vault, tmp_path)
    heads.keep(name, heads.seal(name, Head(1, "9f")))
    assert heads.open(name, heads.kept(name) or b"") == Head(1, "9f")
    assert [path.parent for path in tmp_path.rglob("*.head")] == [tmp_path / "audit"]
