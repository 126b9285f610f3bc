"""The conflict log: an entry comes with the write that is done, once, and with no other (accounting-rules E.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.engine.conflicts import set_aside
from ml_connector.model.errors import LeaseLost
from ml_connector.model.plans import OpenWrite, Overruled, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Settled, WriteEnd
from ml_connector.store import Store
from support.digests import digest
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMER = Ref("quickbooks", "Customer", "17")
ACCOUNT = Ref("salesforce", "Account", "001000000000017AAA")


def seal(plain: bytes, connection: str, name: str) -> bytes:
    """Stands for the vault: reversed, and bound to connection and name."""
    return f"{connection}/{name}/".encode() + plain[::-1]


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


class Run:
    """A run that owns the connection."""

    def __init__(self, store: Store) -> None:
        token = store.take_lease("acme", "me", NOON)
        assert token is not None
        self.store, self.token = store, token

    def note(self, name: str, *values: str, field: str = "phone") -> None:
        """Note a write that puts the account's value over the customer's."""
        fields = [field, "website"]
        conflicts = tuple(
            Overruled(each, CUSTOMER, ACCOUNT, value) for each, value in zip(fields, values, strict=False)
        )
        write = Write(
            step="customer", system="quickbooks", kind="Customer", action="update", body={}, key="k", target_id="17",
            conflicts=conflicts,
        )  # fmt: skip
        noted = OpenWrite(
            id=name, flow="customers", source=CUSTOMER, write=write, body=b"{}", request_id="r", batch_id="b",
            position=0, noted_at=NOON, sent_at=NOON,
        )  # fmt: skip
        open_writes, lost = set_aside([noted], "acme", seal, digest)
        self.store.note("acme", self.token, open_writes, NOON, lost)

    def settle(self, name: str, state: WriteEnd, *, perhaps: bool = False, hours: int = 1) -> None:
        settled = [Settled(id=name, state=state, perhaps=perhaps)]
        self.store.settle_writes("acme", self.token, settled, NOON + timedelta(hours=hours))

    def log(self) -> list[tuple[str, str, bool]]:
        return [(each.write, each.field, each.certain) for each in self.store.conflicts("acme")]


@pytest.fixture
def run(store: Store) -> Run:
    return Run(store)


def test_a_write_that_is_done_logs_what_it_put_its_value_over(run: Run) -> None:
    run.note("w1", "111", "acme.com")
    assert run.log() == [], "not before it is settled"
    run.settle("w1", "done")
    phone, website = run.store.conflicts("acme")
    assert (phone.field, phone.record, phone.other, phone.winner) == ("phone", CUSTOMER, ACCOUNT, "salesforce")
    assert (phone.at, phone.write, phone.flow, phone.task) == (NOON + timedelta(hours=1), "w1", "customers", CUSTOMER)
    assert phone.sealed == b"acme/conflict:w1:phone/111"
    assert website.sealed == b"acme/conflict:w1:website/moc.emca"
    assert len({phone.digest, website.digest}) == 2
    assert all(len(each.digest) == 32 for each in (phone, website))


@pytest.mark.parametrize(
    ("state", "perhaps", "logged"),
    [
        ("done", False, [("w1", "phone", True)]),
        ("refused", False, []),
        ("dropped", False, []),
        ("dropped", True, [("w1", "phone", False)]),
    ],
)
def test_what_did_not_happen_is_not_logged(
    run: Run, state: WriteEnd, perhaps: bool, logged: list[tuple[str, str, bool]]
) -> None:
    run.note("w1", "111")
    run.settle("w1", state, perhaps=perhaps)
    assert run.log() == logged
    assert bool(run.store.sealed_conflicts()) is bool(logged), "nothing is kept of it"


def test_settled_twice_it_is_logged_once(run: Run) -> None:
    run.note("w1", "111")
    run.settle("w1", "done")
    run.settle("w1", "done", hours=2)
    run.settle("w1", "refused", hours=3)
    assert run.log() == [("w1", "phone", True)]
    assert run.store.conflicts("acme")[0].at == NOON + timedelta(hours=1)


def test_decided_again_after_a_refusal_it_is_logged_once(run: Run) -> None:
    ends: list[tuple[str, WriteEnd]] = [("w1", "dropped"), ("w2", "refused"), ("w3", "done")]
    for name, state in ends:
        run.note(name, "111")
        run.settle(name, state)
    assert run.log() == [("w3", "phone", True)]


@pytest.mark.parametrize(
    ("first", "second", "log"),
    [
        ("111", "111", [("w2", "phone", True)]),
        ("111", "222", [("w2", "phone", True), ("w1", "phone", False)]),
    ],
)
def test_a_value_that_was_perhaps_lost_is_replaced_when_it_is_lost_for_certain(
    run: Run, first: str, second: str, log: list[tuple[str, str, bool]]
) -> None:
    run.note("w1", first)
    run.settle("w1", "dropped", perhaps=True)
    run.note("w2", second)
    run.settle("w2", "done", hours=2)
    assert run.log() == log


def test_the_same_value_lost_twice_is_two_conflicts(run: Run) -> None:
    for name, hours in (("w1", 1), ("w2", 50)):
        run.note(name, "111")
        run.settle(name, "done", hours=hours)
    assert run.log() == [("w2", "phone", True), ("w1", "phone", True)], "newest first"


def test_a_run_that_lost_the_connection_logs_nothing(run: Run) -> None:
    run.note("w1", "111")
    run.store.take_lease("acme", "other", NOON + timedelta(minutes=5))
    with pytest.raises(LeaseLost):
        run.settle("w1", "done")
    assert run.log() == []


@pytest.mark.parametrize(
    ("ref", "found"), [(CUSTOMER, 1), (ACCOUNT, 1), (Ref("salesforce", "Account", "001000000000018AAA"), 0)]
)
def test_a_record_finds_its_conflicts_on_either_side(run: Run, ref: Ref, found: int) -> None:
    run.note("w1", "111")
    run.settle("w1", "done")
    assert len(run.store.conflicts("acme", ref)) == found
    assert run.store.conflicts("other", ref) == []


@pytest.mark.parametrize(("later", "kept"), [(timedelta(days=90), 1), (timedelta(days=90, milliseconds=1), 0)])
def test_an_old_value_goes_with_its_digest(run: Run, later: timedelta, kept: int) -> None:
    run.note("w1", "111")
    run.settle("w1", "done", hours=0)
    digest = run.store.conflicts("acme")[0].digest
    assert run.store.blank_conflicts("acme", NOON + later - timedelta(days=90)) == 1 - kept
    assert run.store.count_conflicts("acme") == kept
    after = run.store.conflicts("acme")
    assert [(bool(each.sealed), each.digest) for each in after] == [(bool(kept), digest if kept else "")]


def test_an_open_write_keeps_its_lost_value_however_old_it_is(run: Run) -> None:
    run.note("w1", "111")
    assert run.store.blank_conflicts("acme", NOON + timedelta(days=900)) == 0
    assert len(run.store.sealed_conflicts()) == 1


def test_a_value_is_sealed_anew_only_where_it_still_stands(run: Run) -> None:
    run.note("w1", "111")
    ((owner, row),) = run.store.sealed_conflicts()
    assert (owner, row.id) == ("acme", "w1:phone")
    assert run.store.reseal_conflict(row.id, b"another", b"new") == 0
    assert run.store.reseal_conflict(row.id, row.sealed, b"new") == 1
    run.settle("w1", "done")
    assert [row.sealed for row in run.store.conflicts("acme")] == [b"new"]
