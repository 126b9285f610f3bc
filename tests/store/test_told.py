"""An alarm is told of once, and once more when it is over, whatever is raised and restarted in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.model.alerts import Alert, AlertKind
from ml_connector.model.continuity import Claim
from ml_connector.model.refs import Ref
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOLE = Alert(AlertKind.HOLE, "3", "A hole is open.", "status")
SIDE = Alert(AlertKind.SIDE, "quickbooks", "QuickBooks is dead.", "connect quickbooks")
REF = Ref("quickbooks", "Invoice", "1")


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "1", "00D", "Acme", NOON)
    yield store
    store.close()


def told(store: Store) -> list[str]:
    """What somebody hears now."""
    messages = store.untold_alerts("acme")
    for message in messages:
        store.told_of("acme", message)
    return [f"{message.key}{' over' if message.over else ''}" for message in messages]


def note(store: Store, minute: int, *alerts: Alert) -> None:
    store.note_alerts("acme", alerts, NOON + timedelta(minutes=minute))


def test_once_when_it_begins_and_once_when_it_is_over(store: Store) -> None:
    note(store, 0, HOLE)
    assert told(store) == ["hole 3"]
    note(store, 5, HOLE, SIDE)
    assert [(row.key, row.since) for row in store.alerts("acme")] == [
        ("hole 3", NOON),
        ("side quickbooks", NOON + timedelta(minutes=5)),
    ]
    assert told(store) == ["side quickbooks"]
    note(store, 10, SIDE)
    assert told(store) == ["hole 3 over"]
    assert told(store) == []
    note(store, 15, HOLE, SIDE)
    assert told(store) == ["hole 3"], "it has begun anew"
    events = [(event.action, event.object) for event in store.audit_events("acme")]
    assert events == [("alarm", "hole 3"), ("alarm", "side quickbooks"), ("alarm over", "hole 3"), ("alarm", "hole 3")]


def test_what_could_not_be_told_is_told_later(store: Store) -> None:
    note(store, 0, HOLE)
    note(store, 5, HOLE)
    assert [message.key for message in store.untold_alerts("acme")] == ["hole 3"]
    assert told(store) == ["hole 3"]


def test_what_was_over_before_anybody_was_told_is_not_told(store: Store) -> None:
    note(store, 0, HOLE)
    note(store, 5)
    assert told(store) == []
    assert store.alerts("acme") == []


@pytest.mark.parametrize(
    ("source", "way", "counts"),
    [("sweep:quickbooks", "sweep", True), ("sweep:quickbooks", "backfill", False), ("sweep:quickbooks", "", False),
     ("hooks:quickbooks", "", True), ("mend:quickbooks", "backfill", False), ("compare:quickbooks", "", False),
     ("approved", "", False)],
)  # fmt: skip
def test_only_what_a_source_says_by_itself_is_its_rhythm(store: Store, source: str, way: str, counts: bool) -> None:
    claim = Claim(source="quickbooks", since={"Invoice": NOON}, upto=NOON, way=way) if way else None
    store.intake("acme", [], source, NOON, changed=[REF, REF], claim=claim)
    rhythm = store.rhythm("acme", "quickbooks")
    assert (rhythm is not None) is counts
    assert rhythm is None or (rhythm.count, rhythm.last_at) == (2, NOON)


def test_a_rhythm_outlives_the_process(store: Store) -> None:
    for hour in range(3):
        store.intake("acme", [], "hooks:quickbooks", NOON + timedelta(hours=hour), changed=[REF])
    kept = store.rhythm("acme", "quickbooks")
    assert kept is not None
    assert [n for n in kept.usual if n] == [25, 25]
