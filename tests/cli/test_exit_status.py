"""What is left undone is told by every command, and in the same way: table of states and commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ml_connector.actions.sweep import sweep_all
from ml_connector.cli import entry
from ml_connector.engine.corridor import UNREADABLE
from ml_connector.model.plans import Hold, OpenWrite, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task, Verdict, Waiting
from ml_connector.settings import write_settings
from ml_connector.store import schema
from ml_emulators.kit.faults import Fault, RecordMatch
from support.in_step import in_step
from support.tables import as_if_ours
from support.world import Installation

BILL = Ref("quickbooks", "Invoice", "999999")
State = Callable[[Installation], None]


def calm(home: Installation) -> None:
    """Everything was done before."""


def held(code: str, hours: int) -> State:
    """A record has been held for so long."""

    def hold(home: Installation) -> None:
        at = home.clock.now() - timedelta(hours=hours)
        connection = home.app.connection.id
        token = home.store.take_lease(connection, "test", at)
        assert token is not None
        verdict = Verdict(task=Task("invoice_to_opportunity", BILL, 1, 0, at), ending=Hold(code=code))
        home.store.settle(connection, token, [verdict], at)
        home.store.release_lease(connection, token)

    return hold


def open_for(hours: int) -> State:
    """A write was noted so long ago, and nobody knows what became of it."""

    def note(home: Installation) -> None:
        at = home.clock.now() - timedelta(hours=hours)
        connection = home.app.connection.id
        token = home.store.take_lease(connection, "test", at)
        assert token is not None
        write = Write(step="journal", system="quickbooks", kind="JournalEntry", action="create", body={}, key="k")
        noted = OpenWrite(
            id="w", flow="order_to_journal", source=BILL, write=write, body=b"{}", request_id="r", batch_id="b",
            position=0, noted_at=at,
        )  # fmt: skip
        home.store.note(connection, token, [noted], at)
        home.store.release_lease(connection, token)

    return note


def dry(home: Installation) -> None:
    with home.store.begin() as tx:
        tx.execute(update(schema.connection).values(live_since=None))
    as_if_ours(home.store, home.app.connection.id)


def paused(home: Installation) -> None:
    home.store.pause(home.app.connection.id, "month end")


def cut(home: Installation) -> None:
    with home.store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)")


TABLE = [
    # state, then the exit status of sync --once, status, doctor, holds; then what status says
    ("calm", calm, (0, 0, 0, 0), "writes       live"),
    ("held", held("REVIEW-MATCH", 90), (0, 0, 0, 0), "held         1 record"),
    ("overdue", held("WAIT_CUSTOMER", 30), (1, 1, 1, 1), "too late     1 record"),
    ("unread", held(UNREADABLE, 1), (1, 1, 1, 1), "(1 UNREADABLE)"),
    ("open", open_for(0), (None, 0, 0, 0), "unsure       1 write being checked"),
    ("open too long", open_for(3), (None, 1, 1, 0), "open late    1 write open for too long"),
    ("dry run", dry, (3, 0, 0, 0), "dry run"),
    ("paused", paused, (3, 0, 0, 0), "stopped: month end"),
    ("cut log", cut, (1, 1, 1, 0), "audit log    FAIL: The audit log ends with event"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    home = in_step(tmp_path)
    asyncio.run(sweep_all(home.app))
    connection = home.app.connection.id
    with home.store.begin() as tx:
        tx.execute(schema.hold.delete())
        tx.execute(update(schema.plan).values(state="applied"))
        tx.execute(update(schema.task).values(served=schema.task.c.noticed, verdict="in_agreement"))
    as_if_ours(home.store, connection)
    assert home.store.unserved(connection) == {}

    @asynccontextmanager
    async def open_app(_folder: Path, _name: str = "") -> AsyncIterator[Any]:
        yield home.process()

    write_settings(tmp_path, {"quickbooks": {"environment": "production"}})
    monkeypatch.setattr("ml_connector.actions.open.open_app", open_app)
    return home


def _ended(words: str, home: Installation) -> int:
    return entry.main([*words.split(), "--home", str(home.settings.home)])


@pytest.mark.parametrize(("name", "state", "ends", "said"), TABLE, ids=[row[0] for row in TABLE])
def test_commands_agree(
    name: str, state: State, ends: tuple[int | None, ...], said: str, home: Installation,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    state(home)
    commands = ("sync --once", "status", "doctor", "holds")
    for words, expected in zip(commands, ends, strict=True):
        if expected is None:
            continue
        assert _ended(words, home) == expected, (name, words)
        out = capsys.readouterr().out
        if words == "status":
            assert said in out
        if name != "calm":
            assert "Nothing was due." not in out


def test_a_dead_sign_in_is_known_afterwards(home: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """The sync ends with 3; whoever looks later is told too, until the next run goes well. Both are events."""
    realm = home.app.settings.quickbooks
    assert realm is not None
    home.store.drop_sealed(f"quickbooks:{realm.realm_id}", "tokens")
    assert _ended("sync --once", home) == 3
    assert [_ended(words, home) for words in ("status", "doctor", "holds", "reconcile --month 2026-11")] == [3, 1, 0, 3]
    out = capsys.readouterr().out
    assert "QuickBooks   dead since 2026-11-20 18:00 PST: QuickBooks is not connected yet." in out
    assert "Next:  ml-connector connect quickbooks" in out
    assert [e.action for e in home.store.audit_events(home.app.connection.id)][-1] == "side dead"


def test_a_late_write_is_told_once(home: Installation) -> None:
    open_for(3)(home)
    connection, now = home.app.connection.id, home.clock.now()
    late = [home.store.tell_late_writes(connection, timedelta(hours=1), "us", now) for _ in range(2)]
    assert [len(writes) for writes in late] == [1, 0]
    event = home.store.audit_events(connection)[-1]
    assert (event.action, event.object, event.detail["open_write"]) == ("alert", str(BILL), "journal")


def refused_sweep(home: Installation) -> None:
    for path, body in (("Modstamp%20FROM%20Order%20", ""), ("composite", "Modstamp%20FROM%20Order%20")):
        fault = Fault(kind="status", vendor="salesforce", path=path, body=body, status=400, code="INVALID_FIELD")
        home.emulation.faults.add(fault)


def poison(vendor: str, kind: str) -> State:
    """A record of which the vendor refuses every answer; it has just changed."""

    def put(home: Installation) -> None:
        bad = home.state(vendor, kind)[-1]["Id"]
        home.emulation.faults.add(Fault(kind="status", vendor=vendor, status=500, record=RecordMatch(kind, bad)))
        flow = next(flow for flow in home.app.runtime.flows if (flow.system, flow.kind) == (vendor, kind))
        knock = (flow.name, Ref(vendor, kind, bad))
        home.store.intake(home.app.connection.id, [knock], "test", home.clock.now())

    return put


def missing_right(home: Installation) -> None:
    home.emulation.set_switches("salesforce", {"hidden_fields": {"OpportunityContactRole": ["OpportunityId"]}})


def waiting_approval(home: Installation) -> None:
    at = home.clock.now()
    connection = home.app.connection.id
    token = home.store.take_lease(connection, "test", at)
    assert token is not None
    order = Ref("salesforce", "Order", home.state("salesforce", "Order")[0]["Id"])
    task = Task("order_to_journal", order, 1, 0, at)
    home.store.settle(connection, token, [Verdict(task=task, ending=Waiting.APPROVAL)], at)
    home.store.release_lease(connection, token)


def open_difference(home: Installation) -> None:
    invoice = home.state("quickbooks", "Invoice")[0]
    home.emulation.act("quickbooks", "delete", "Invoice", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]})


def stale_compare(home: Installation) -> None:
    home.store.ask_comparison(home.app.connection.id, "quickbooks", ["Invoice"], "asked for", home.clock.now())
    fault = Fault(kind="status", vendor="quickbooks", path="SELECT%20Id%20FROM%20Invoice", status=400, code="4000")
    home.emulation.faults.add(fault)


UNDONE = [
    ("held", held("REVIEW-MATCH", 90), {}),
    ("unread", held(UNREADABLE, 1), {"plan": 1, "reconcile --month 2026-11": 0, "sync --once": 1, "backfill": 1}),
    ("late write", open_for(3), {"plan": 1, "reconcile --month 2026-11": 0, "backfill": 1}),
    ("refused sweep", refused_sweep, {"plan": 1, "sync --once": 1, "backfill": 1, "status": 1, "doctor": 1}),
    (
        "poison invoice",
        poison("quickbooks", "Invoice"),
        {"plan": 1, "reconcile --month 2026-11": 1, "sync --once": 1, "status": 1},
    ),
    ("poison order", poison("salesforce", "Order"), {"plan": 1, "sync --once": 1, "status": 1}),
    ("missing right", missing_right, {"doctor --fit": 1}),
    ("waiting approval", waiting_approval, {"plan": 0, "status": 0}),
    ("open difference", open_difference, {"reconcile --month 2026-11": 1}),
    ("stale compare", stale_compare, {"backfill --compare-only": 1}),
]
COMMANDS = ("plan", "reconcile --month 2026-11", "backfill --compare-only", "sync --once", "status", "backfill")
CALM = ("Nothing was due.", "Nothing is to be written. Next:  ml-connector status")


@pytest.mark.parametrize(("name", "state", "ends"), UNDONE, ids=[row[0] for row in UNDONE])
def test_no_command_ends_well_and_says_that_nothing_is_left(
    name: str, state: State, ends: Mapping[str, int], home: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    state(home)
    for words in (*COMMANDS, *(ends.keys() - COMMANDS)):
        if words.startswith("backfill") and words not in ends:
            continue
        status, out = _ended(words, home), capsys.readouterr().out
        assert status == ends.get(words, status), (words, out)
        assert name == "missing right" or not any(calm in out for calm in CALM), (words, out)
        assert name != "open difference" or "Everything adds up" not in out
