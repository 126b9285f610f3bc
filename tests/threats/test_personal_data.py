"""Somebody has the state and no key, and tries all telephone numbers: the one that was overwritten is not found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from ml_connector.engine.conflicts import set_aside
from ml_connector.model.plans import OpenWrite, Overruled, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Settled
from ml_connector.store import Store, schema
from ml_connector.vault import Vault

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CUSTOMER, ACCOUNT = Ref("quickbooks", "Customer", "17"), Ref("salesforce", "Account", "001000000000001AAA")
LOST, NEW = "617-555-0042", "617-555-0077"
NUMBERS = [f"617-555-{number:04}" for number in range(100)]
RETENTION = timedelta(days=90)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A telephone number was put over another one."""
    store, vault = Store.fresh(), Vault.create(tmp_path)
    store.marker = vault
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    write = Write(
        step="customer", system="quickbooks", kind="Customer", action="update", body={}, key="k", target_id="17",
        conflicts=(Overruled("phone", CUSTOMER, ACCOUNT, LOST),),
    )  # fmt: skip
    noted = OpenWrite(
        id="w", flow="customers", source=CUSTOMER, write=write, body=_body(NEW), request_id="r", batch_id="b",
        position=0, noted_at=NOON, sent_at=NOON,
    )  # fmt: skip
    writes, lost = set_aside([noted], "acme", vault.seal, vault.digest)
    store.note("acme", token, writes, NOON, lost)
    store.settle_writes("acme", token, [Settled(id="w", state="done")], NOON)
    yield store
    store.close()


def _body(number: str) -> bytes:
    return json.dumps({"PrimaryPhone": {"FreeFormNumber": number}}).encode()


def _everything(store: Store) -> str:
    with store.begin() as tx:
        rows = [row for table in schema.metadata.sorted_tables for row in tx.execute(select(table))]
    return repr(rows) + "".join(part.hex() for row in rows for part in row if isinstance(part, bytes))


def _guesses(number: str) -> Iterator[str]:
    """What a digest of this number could be, of all that stands beside it in clear."""
    parts = [["acme"], [str(CUSTOMER)], ["phone"]]
    for used in product((True, False), repeat=len(parts)):
        known = [name for part, taken in zip(parts, used, strict=True) if taken for name in part]
        for text in (json.dumps([*known, number], separators=(",", ":")), "".join([*known, number])):
            yield from (hashlib.new(kind, text.encode()).hexdigest() for kind in ("sha256", "blake2b", "sha1", "md5"))
    yield hashlib.sha256(_body(number)).hexdigest()


def test_no_digest_is_guessed_back(store: Store) -> None:
    state = _everything(store)
    assert store.conflicts("acme")[0].digest in state
    assert [number for number in NUMBERS if any(guess in state for guess in _guesses(number))] == []


def test_nothing_of_it_is_left_after_the_retention_period(store: Store) -> None:
    digest = store.conflicts("acme")[0].digest
    assert store.blank_conflicts("acme", NOON + RETENTION) == 1
    assert digest not in _everything(store)


def test_the_same_number_has_another_digest_in_another_home(tmp_path: Path) -> None:
    vaults = [Vault.create(tmp_path / name) for name in ("one", "other")]
    assert len({vault.digest(LOST.encode()) for vault in [*vaults, *vaults]}) == 2


def test_a_digest_is_made_with_the_key_in_use(tmp_path: Path) -> None:
    vault, running = Vault.create(tmp_path), Vault.open_home(tmp_path)
    before = running.digest(LOST.encode())
    vault.new_key()
    assert running.digest(LOST.encode()) == vault.digest(LOST.encode()) != before
