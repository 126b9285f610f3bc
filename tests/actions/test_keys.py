"""Everything sealed is sealed anew, by nobody while a run is at work."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Integer, String, insert, update

from ml_connector.actions.audit import verify_audit
from ml_connector.actions.keys import Rotation, rotate_keys
from ml_connector.actions.open import open_app
from ml_connector.actions.sign_off import sign_limit
from ml_connector.actions.tampered import tampered_rows
from ml_connector.custody import open_secret
from ml_connector.engine.lease import Lease
from ml_connector.model.errors import Busy, ConnectorError, Stopped, WrongUse
from ml_connector.store import schema
from ml_connector.vault import Vault
from support.homes import home_with
from support.world import Installation


def keys_of(home: Path) -> set[str]:
    return {path.stem for path in (home / "keys").glob("*.key")}


def test_all_secrets_open_with_the_new_key_alone(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    first = home.vault.key_id
    assert rotate_keys(home.app, "setup") == Rotation(len(home.store.all_sealed()), [])
    second = home.vault.key_id
    assert second != first
    assert keys_of(tmp_path) == {first, second}
    rotate_keys(home.app, "setup")
    assert keys_of(tmp_path) == {second, home.vault.key_id}
    (tmp_path / "keys" / f"{second}.key").unlink()
    client = home.emulation.vendors["quickbooks"].connection_info()
    secret = open_secret(home.custody("quickbooks"), f"quickbooks:{client['client_id']}", "client_secret", "")
    assert secret == client["client_secret"]


@pytest.mark.parametrize("damage", [b"", b"mlc1", "bit", "moved"])
def test_what_is_damaged_is_named_and_keeps_nothing_else_under_its_key(tmp_path: Path, damage: bytes | str) -> None:
    """A secret and a lost value: neither stops the rotation halfway, nor keeps a key alive."""
    home, first = Installation(tmp_path), keys_of(tmp_path)
    owner, name, sealed = home.store.all_sealed()[0]
    another = home.vault.seal(b"x", "another", "name")
    value = {"bit": sealed[:-1] + bytes([sealed[-1] ^ 1]), "moved": another}.get(str(damage), damage)
    assert isinstance(value, bytes)
    home.store.put_sealed(owner, name, value, home.clock.now())
    lost = _lost_value(home, value or b"mlc1")
    rotation = rotate_keys(home.app, "setup")
    assert rotation == Rotation(3, [f"{name} of {owner}", "lost value of Phone of salesforce:Account:001A"])
    assert home.store.sealed(owner, name) == value
    assert home.store.sealed_conflicts()[0][1].sealed == lost
    assert {home.vault.key_of(text) for _, other, text in home.store.all_sealed() if text != value} == {
        home.vault.key_id
    }
    assert home.store.audit_events(home.app.connection.id)[-1].detail["left"] == rotation.left
    rotate_keys(home.app, "setup")
    assert not first & keys_of(tmp_path)


def test_a_key_that_cannot_be_read_is_not_thrown_away(tmp_path: Path) -> None:
    """What it has sealed is left, and opens when the rights of the file are put right."""
    home = Installation(tmp_path)
    sealed, first = home.store.all_sealed(), tmp_path / "keys" / f"{home.vault.key_id}.key"
    late = home.vault.seal(b"late", "owner", "late")
    rotate_keys(home.app, "setup")
    home.store.put_sealed("owner", "late", late, home.clock.now())
    first.chmod(0o644)
    home.vault = Vault.open_home(tmp_path)
    assert rotate_keys(home.process(), "setup") == Rotation(len(sealed), ["late of owner"])
    first.chmod(0o600)
    assert rotate_keys(home.process(), "setup") == Rotation(len(sealed) + 1, [])
    assert home.vault.open(home.store.sealed("owner", "late") or b"", "owner", "late") == b"late"


def _lost_value(home: Installation, sealed: bytes) -> bytes:
    table = schema.conflict
    texts = {column.name: "x" for column in table.columns if not column.nullable and isinstance(column.type, String)}
    numbers = {column.name: 1 for column in table.columns if isinstance(column.type, Integer)}
    ours = {"connection": home.app.connection.id, "record": "salesforce:Account:001A", "field": "Phone"}
    row = {**numbers, **texts, **ours, "other": "quickbooks:Customer:1", "sealed": sealed}
    with home.store.begin() as tx:
        tx.execute(insert(table).values(row))
    return sealed


async def test_the_audit_log_is_whole_after_a_rotation(tmp_path: Path) -> None:
    """Both seals are made anew, and the old key is gone."""
    home = Installation(tmp_path)
    await home.approve_all()
    before = verify_audit(home.app)
    rotate_keys(home.app, "setup")
    rotate_keys(home.app, "setup")
    assert verify_audit(home.app, before.head).compared_with == before.events
    assert verify_audit(home.app).events == before.events + 2


async def test_a_rotation_covers_nothing_up(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.approve_all()
    with home.store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM audit WHERE number > 2")
    rotate_keys(home.app, "setup")
    with pytest.raises(ConnectorError):
        verify_audit(home.app)


def test_keys_that_nothing_fits_are_not_kept(tmp_path: Path) -> None:
    """Who can write the state cannot keep an old key alive."""
    home = Installation(tmp_path)
    rotate_keys(home.app, "setup")
    old = keys_of(tmp_path) - {home.vault.key_id}
    (mark,) = (key.encode() + bytes(32) for key in old)
    with home.store.begin() as tx:
        tx.execute(update(schema.audit).values(mark=mark))
        tx.execute(update(schema.audit_head).values(sealed=b"mlc1" + mark))
    rotate_keys(home.app, "setup")
    assert not old & keys_of(tmp_path)


def test_not_while_a_run_is_at_work(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    now = home.app.world.clock.now()
    assert home.store.take_lease(home.app.connection.id, "another process", now) is not None
    with pytest.raises(Stopped, match="Another run is at work"):
        rotate_keys(home.app, "setup")


async def test_a_rotation_is_of_all_connections(tmp_path: Path) -> None:
    """What is signed and sealed for one of them counts on after another one has rotated the keys, twice."""
    home = home_with(tmp_path / "home", "east", "west")
    async with open_app(home, "west") as west:
        sign_limit(west, Decimal("250.00"), "ana")
    for _ in range(2):
        async with open_app(home, "east") as east:
            rotate_keys(east, "ana")
    async with open_app(home, "west") as west:
        assert west.rules.auto_approve_limit == Decimal("250.00")
        assert tampered_rows(west) == []
        assert verify_audit(west).kept_in_home
        with Lease(west.store, west.connection.id, west.world.clock).held("a run"), pytest.raises(Busy):
            async with open_app(home, "east") as east:
                rotate_keys(east, "ana")


async def test_no_rotation_while_the_signatures_of_another_connection_cannot_be_renewed(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", "east", "west")
    (home / "connections/west.toml").write_text("[rules]\nmax_line = 5\n")
    async with open_app(home, "east") as east:
        before = east.vault.key_id
        with pytest.raises(WrongUse, match="max_line is not a setting"):
            rotate_keys(east, "ana")
        assert east.vault.key_id == before
