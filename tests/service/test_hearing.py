"""What a batch of change events means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml_connector.model.continuity import Cause
from ml_connector.service.hearing import LONG_TRANSACTION, Heard, Unsaid, hear
from ml_connector.systems.salesforce.pubsub.events import Notice

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KINDS = {"Account", "Order", "OrderItem"}
ACCOUNT, OTHER, ORDER = "001000000000001AAA", "001000000000002AAA", "801000000000001AAA"


def notice(**changed: Any) -> Notice:
    whole: dict[str, Any] = {
        "kind": "Account",
        "ids": (ACCOUNT,),
        "change": "UPDATE",
        "origin": "com/salesforce/api/soap/65.0;client=SfdcInternalAPI/",
        "at": NOW - timedelta(seconds=9),
        "transaction": "k1",
        "fields": frozenset({"Name"}),
    }
    return Notice(**(whole | changed))


def heard(*notices: Notice) -> Heard:
    return hear(notices, KINDS, NOW)


def ids(found: Heard) -> list[str]:
    return [change.ref.id for change in found.changes]


def test_a_record_is_knocked_on_once_however_many_events_name_it() -> None:
    """A large update comes as several events that name the same records (reference 6.4)."""
    crowd = (ACCOUNT, OTHER)
    found = heard(notice(ids=crowd), notice(ids=crowd, at=NOW), notice(kind="Order", ids=(ORDER,)))
    assert ids(found) == [ACCOUNT, OTHER, ORDER]
    assert found.changes[0].at == NOW


def test_ids_of_15_letters_are_the_same_records() -> None:
    assert ids(heard(notice(ids=(ACCOUNT[:15], ACCOUNT)))) == [ACCOUNT]


@pytest.mark.parametrize(
    "change", ["CREATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "SNAPSHOT", "X"]
)
def test_every_sort_of_change_is_a_knock(change: str) -> None:
    found = heard(notice(change=change, fields=frozenset({"LastModifiedDate"})))
    assert (ids(found), found.unsaid) == ([ACCOUNT], [])


def test_noise_is_none() -> None:
    quiet = frozenset({"LastModifiedDate", "ShippingAddress.Latitude"})
    assert heard(notice(fields=quiet), notice(kind="Event")).changes == []
    assert ids(heard(notice(fields=None))) == [ACCOUNT]


def test_an_overflow_and_a_wildcard_do_not_say_what_changed() -> None:
    at = NOW - timedelta(seconds=9)
    found = heard(notice(change="GAP_OVERFLOW", ids=("000000000000000AAA",)), notice(ids=("001*", ACCOUNT)))
    assert found.unsaid == [
        Unsaid("Account", Cause.OVERFLOW, at - LONG_TRANSACTION),
        Unsaid("Account", Cause.UNNAMED, at - LONG_TRANSACTION),
    ]
    assert ids(found) == [ACCOUNT]


def test_a_line_is_a_knock_on_its_order() -> None:
    line = "802000000000001AAA"
    found = heard(notice(kind="OrderItem", ids=(line,), owner=ORDER))
    assert ([str(change.ref) for change in found.changes], found.parts) == ([f"salesforce:Order:{ORDER}"], False)
    nameless = heard(notice(kind="OrderItem", ids=(line,), change="DELETE"))
    assert (nameless.changes, nameless.parts) == ([], True)


def test_a_time_ahead_of_ours_is_not_believed() -> None:
    found = heard(notice(at=NOW + timedelta(days=900)))
    assert (found.upto, found.changes[0].at) == (NOW, NOW)
    assert hear([], KINDS, NOW).upto is None


def test_our_own_mark_is_a_hint() -> None:
    """It says when to look, never whether."""
    ours = "com/salesforce/api/rest/67.0;client=ml-connector"
    assert (heard(notice(origin=ours)).ours, ids(heard(notice(origin=ours)))) == (True, [ACCOUNT])
    assert not heard(notice(origin=ours), notice(origin="")).ours
    assert not heard(notice(origin=f"{ours}/more")).ours
