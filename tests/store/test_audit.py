"""The audit log of a connection: a chain whose end is sealed in the state and kept in the home.

Whatever is done to the tables from outside is told by the first event that does not fit, and goes on being told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, event, select, text, update

from ml_connector.model.errors import ConnectorError, StateTrouble, WrongUse
from ml_connector.store import Store, schema
from ml_connector.store.rows import Head
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Tampering = Callable[[Store], None]


class Drawer:
    """Seals in plain sight, and keeps in memory what a home keeps in files. `away` crashes instead of keeping."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.away = False

    def seal(self, connection: str, head: Head) -> bytes:
        return f"sealed {connection} {head}".encode()

    def open(self, connection: str, sealed: bytes) -> Head:
        mark, owner, head = sealed.decode().split(" ")
        if (mark, owner) != ("sealed", connection):
            raise StateTrouble("It does not open.", "Put the key back.")
        number, _, hash_ = head.partition(":")
        return Head(int(number), hash_)

    def kept(self, connection: str) -> bytes | None:
        return self.files.get(connection)

    def keep(self, connection: str, sealed: bytes) -> None:
        if self.away:
            raise Crash
        self.files[connection] = sealed


class Crash(Exception):
    """The process ends between the transaction and the home."""


@pytest.fixture
def drawer() -> Drawer:
    return Drawer()


@pytest.fixture
def store(fresh_url: str, drawer: Drawer) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.keeper = drawer
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


def _at_work(store: Store, connection: str = "acme") -> None:
    """Seven events, three of them approvals."""
    store.audit(connection, "setup", "sign in", "quickbooks", {}, NOON)
    store.approve(connection, "2026-11-20-01", {"k1": "h1", "k2": "h2"}, "ana", NOON)
    store.audit(connection, "ana", "apply", "2026-11-20-01", {"hash": "7c"}, NOON)
    store.approve(connection, "2026-11-20-02", {"k1": "h3"}, "ben", NOON + timedelta(hours=1))
    for action in ("stop", "resume"):
        store.audit(connection, "ana", action, connection, {}, NOON)


def _said(store: Store) -> str:
    with pytest.raises(ConnectorError) as raised:
        store.verify_audit()
    assert raised.value.exit_status == 1
    assert "backup" in raised.value.remedy
    return raised.value.sentence


def _sql(*statements: str) -> Tampering:
    def tamper(store: Store) -> None:
        with store.begin() as tx:
            for statement in statements:
                tx.execute(text(statement))

    return tamper


def _exchanged(store: Store) -> None:
    """A log that is whole in itself, made elsewhere."""
    other = Store.fresh()
    other.marker = store.marker
    for number in range(7):
        other.audit("acme", "eve", "nothing happened", str(number), {}, NOON)
    table = schema.audit
    with other.begin() as tx:
        rows = [dict(row) for row in tx.execute(select(table)).mappings()]
    other.close()
    with store.begin() as tx:
        tx.execute(delete(schema.approval))
        tx.execute(delete(table))
        tx.execute(table.insert(), rows)


def _moved(store: Store) -> None:
    """Two events change places."""
    table = schema.audit
    with store.begin() as tx:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            tx.execute(update(table).where(table.c.number == old).values(number=new))


LIVE = "UPDATE connection SET live_since = 1"
RENUMBERED = tuple(f"UPDATE audit SET number = {n - 1} WHERE number = {n}" for n in (5, 6, 7))
SHORTER = "DELETE FROM audit WHERE number > 5"


def _cut_and_blank(store: Store) -> None:
    _sql(SHORTER)(store)
    with store.begin() as tx:
        tx.execute(update(schema.audit_head).values(sealed=b""))


TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "the last event is gone": (
        _sql("DELETE FROM audit WHERE number = 7"),
        "The audit log ends with event 6, but event 7 is sealed: it was cut off.",
    ),
    "it is cut off": (_sql(SHORTER), "The audit log ends with event 5, but events 6 to 7 are sealed: it was cut off."),
    "it is emptied": (_sql("DELETE FROM audit"), "The audit log of acme is empty"),
    "it is emptied with its seal": (
        _sql(*(f"DELETE FROM {table}" for table in ("audit", "audit_head", "approval")), LIVE),
        "The audit log of acme is empty",
    ),
    "it is cut off and its seal is gone": (
        _sql(SHORTER, "DELETE FROM audit_head"),
        "The seal of the audit log was removed from the state.",
    ),
    "it is cut off and its seal is blank": (
        _cut_and_blank,
        "The audit log ends with event 5, but events 6 to 7 are sealed: it was cut off.",
    ),
    "the first events are gone": (
        _sql("DELETE FROM audit WHERE number < 3"),
        "Audit event 1 is missing: the next one is 3.",
    ),
    "one in the middle is gone": (
        _sql("DELETE FROM audit WHERE number = 4"),
        "Audit event 4 is missing: the next one is 5.",
    ),
    "one in the middle is gone and the others are numbered anew": (
        _sql("DELETE FROM audit WHERE number = 4", *RENUMBERED),
        "Audit event 4 does not follow event 3: one of them was exchanged.",
    ),
    "one is edited": (_sql("UPDATE audit SET actor = 'eve' WHERE number = 4"), "Audit event 4 was changed."),
    "an instant is edited": (_sql("UPDATE audit SET at = at + 1 WHERE number = 2"), "Audit event 2 was changed."),
    "two have changed places": (_moved, "Audit event 3 does not follow event 2: one of them was exchanged."),
    "one is written without the key": (
        _sql("UPDATE audit SET mark = (SELECT mark FROM audit WHERE number = 2) WHERE number = 4"),
        "Audit event 4 was written by something that does not have the key.",
    ),
    "it is exchanged": (_exchanged, "Audit event 7 is not the one that was sealed: the log was exchanged."),
    "an approved body is changed": (
        _sql("UPDATE approval SET body_hash = 'eve' WHERE key = 'k2'"),
        "The approval of k2 was changed (body_hash); ana gave it at 2026-11-20T12:00:00+00:00.",
    ),
    "an approver is changed": (
        _sql("UPDATE approval SET approved_by = 'eve' WHERE key = 'k2'"),
        "The approval of k2 was changed (approved_by); ana gave it",
    ),
    "the plan of an approval is changed": (
        _sql("UPDATE approval SET plan = '' WHERE key = 'k1'"),
        "The approval of k1 was changed (plan); ben gave it at 2026-11-20T13:00:00+00:00.",
    ),
    "an approval is put back to the one before": (
        _sql("UPDATE approval SET body_hash = 'h1' WHERE key = 'k1'"),
        "The approval of k1 was changed (body_hash); ben gave it",
    ),
    "an approval is added": (
        _sql("INSERT INTO approval (connection, key, body_hash) VALUES ('acme', 'k9', 'h')"),
        "The approval of k9 is not in the audit log: it was added.",
    ),
    "an approval is gone": (
        _sql("DELETE FROM approval WHERE key = 'k1'"),
        "The approval of k1 is gone, although the audit log says that it was given.",
    ),
}  # fmt: skip


def test_a_log_that_nobody_touched_is_whole(store: Store, drawer: Drawer) -> None:
    _at_work(store)
    assert store.verify_audit() == 7
    head = store.audit_head("acme")
    assert (head.number, len(head.hash)) == (7, 64)
    assert drawer.open("acme", drawer.files["acme"]) == head
    assert store.audit_trouble("acme") == ""


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_was_done_to_it_is_told(tampering: str, store: Store) -> None:
    tamper, sentence = TAMPERINGS[tampering]
    _at_work(store)
    tamper(store)
    assert _said(store).startswith(sentence)


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_it_goes_on_being_told_after_further_events(tampering: str, store: Store) -> None:
    """No event seals over what does not fit."""
    _at_work(store)
    TAMPERINGS[tampering][0](store)
    for number in range(9):
        store.audit("acme", "ana", "stop", str(number), {}, NOON)
    _said(store)


def test_the_end_alone_is_looked_at_without_a_walk(store: Store) -> None:
    _at_work(store)
    _sql(SHORTER)(store)
    assert store.audit_trouble("acme").startswith("The audit log ends with event 5")


@pytest.mark.parametrize(("gone", "sentence"), [("= 3", "1 event is missing"), ("< 4", "3 events are missing")])
def test_an_event_that_is_gone_is_seen_without_a_walk(gone: str, sentence: str, store: Store) -> None:
    _at_work(store)
    _sql(f"DELETE FROM audit WHERE number {gone}")(store)
    assert store.audit_trouble("acme") == f"{sentence} from the audit log, which ends with event 7."
    store.audit("acme", "ana", "stop", "x", {}, NOON)
    assert store.audit_trouble("acme").startswith(sentence)


def test_events_that_were_added_without_the_seal(store: Store) -> None:
    _at_work(store)
    keeper, store.keeper = store.keeper, None
    store.audit("acme", "eve", "sign in", "quickbooks", {}, NOON)
    store.keeper = keeper
    assert _said(store) == "Audit event 8 and what follows were added without the seal."


def test_a_seal_of_another_connection_does_not_do(store: Store) -> None:
    store.add_connection("globex", "4621", "00E", "Globex", NOON)
    for name in ("acme", "globex"):
        _at_work(store, name)
    table = schema.audit_head
    with store.begin() as tx:
        foreign = tx.execute(select(table.c.sealed).where(table.c.connection == "globex")).scalar_one()
        tx.execute(update(table).where(table.c.connection == "acme").values(sealed=foreign))
    assert _said(store).startswith("The seal of the audit log in the state does not open")


def test_each_connection_has_a_chain_of_its_own(store: Store) -> None:
    store.add_connection("globex", "4621", "00E", "Globex", NOON)
    for _ in range(3):
        for name in ("acme", "globex"):
            store.audit(name, "ana", "stop", name, {}, NOON)
    assert [event.number for event in store.audit_events("globex")] == [1, 2, 3]
    assert store.verify_audit() == 6
    _sql("DELETE FROM audit WHERE connection = 'globex' AND number = 3")(store)
    assert _said(store).startswith("The audit log ends with event 2")


# --- a crash between the state and the home


def test_a_home_that_is_behind_is_no_alarm(store: Store, drawer: Drawer) -> None:
    _at_work(store)
    drawer.away = True
    with pytest.raises(Crash):
        store.audit("acme", "ana", "stop", "acme", {}, NOON)
    drawer.away = False
    assert store.verify_audit() == 8, "the event is in the log, and sealed in the state"
    assert drawer.open("acme", drawer.files["acme"]).number == 7
    store.audit("acme", "ana", "resume", "acme", {}, NOON)
    assert drawer.open("acme", drawer.files["acme"]) == store.audit_head("acme")
    assert store.verify_audit() == 9


def test_a_transaction_that_fails_changes_no_seal(store: Store, drawer: Drawer) -> None:
    _at_work(store)
    before = dict(drawer.files)

    def fail() -> None:
        with store.recording() as recording:
            recording.add("acme", "ana", "stop", [("acme", {})], NOON)
            raise Crash

    with pytest.raises(Crash):
        fail()
    assert drawer.files == before
    assert store.verify_audit() == 7


def test_the_home_learns_of_a_log_when_it_keeps_none(store: Store, drawer: Drawer) -> None:
    """As on another machine."""
    _at_work(store)
    drawer.files.clear()
    assert (store.verify_audit(), store.head_is_kept("acme")) == (7, False)
    store.audit("acme", "ana", "stop", "acme", {}, NOON)
    assert drawer.open("acme", drawer.files["acme"]).number == 8


# --- put back from a backup


def _put_back(store: Store) -> Head:
    """The state as a backup of five events had it, its own seal included. The home has seen seven."""
    _sql(SHORTER, "DELETE FROM approval WHERE key = 'k1'")(store)
    head = store.audit_head("acme")
    table = schema.approval
    with store.begin() as tx:
        sealed = f"sealed acme {head}".encode()
        tx.execute(update(schema.audit_head).values(sealed=sealed))
        approved_at = 1000 * int((NOON + timedelta(hours=1)).timestamp())
        row = {"key": "k1", "body_hash": "h3", "plan": "2026-11-20-02", "approved_by": "ben"}
        tx.execute(table.insert().values(connection="acme", approved_at=approved_at, **row))
    return head


def test_a_state_of_a_backup_is_an_alarm_until_a_person_says_so(store: Store, drawer: Drawer) -> None:
    _at_work(store)
    head = _put_back(store)
    assert _said(store) == "The audit log ends with event 5, but events 6 to 7 are sealed: it was cut off."
    assert store.verify_audit(kept=False) == 5
    assert store.accept_restored("acme", "ana", head.hash, NOON) == 5
    assert store.verify_audit() == 6
    event = store.audit_events("acme")[-1]
    assert (event.actor, event.action) == ("ana", "restored")
    assert event.detail == {"kept_by_a_person": 5, "ends_with": 5, "home_knew": 7}
    store.audit("acme", "ana", "stop", "acme", {}, NOON)
    assert drawer.open("acme", drawer.files["acme"]).number == store.verify_audit() == 7


def test_nothing_was_put_back(store: Store) -> None:
    _at_work(store)
    with pytest.raises(WrongUse, match="The log holds all that this home knows of"):
        store.accept_restored("acme", "ana", store.audit_head("acme").hash, NOON)


def test_a_head_that_a_person_kept(store: Store) -> None:
    _at_work(store)
    kept = store.audit_head("acme").hash
    store.audit("acme", "ana", "stop", "acme", {}, NOON)
    assert store.event_of_head("acme", kept) == 7
    with pytest.raises(ConnectorError, match=r"which ends with event 8\."):
        store.event_of_head("acme", "0" * 64)


# --- what is an event


def test_events_of_a_batch_are_one_statement(store: Store) -> None:
    seen: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def _count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    store.approve("acme", "p", {f"k{number}": "h" for number in range(500)}, "ana", NOON)
    assert sum("INSERT INTO audit " in statement for statement in seen) == 1
    assert store.verify_audit() == 500


def test_other_rules_are_an_event_once(store: Store) -> None:
    assert [store.note_settings("acme", digest, "us", NOON) for digest in ("5f", "5f", "6a")] == [True, False, True]
    changes = [event.detail for event in store.audit_events("acme")]
    assert changes == [{"before": "", "now": "5f"}, {"before": "5f", "now": "6a"}]
