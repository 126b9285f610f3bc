"""`/updated` and `/deleted` (salesforce reference 2.7). It is 2026-01-05, 12:00:30 UTC."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulators.salesforce.orgs import TestOrg


def _ask(what: str, start: str, end: str) -> str:
    return f"/sobjects/Account/{what}/?start={start}&end={end}"


HOUR = ("2026-01-05T11:30:00Z", "2026-01-05T12:30:00Z")


def test_updated_names_ids_and_how_far_it_looked(org: TestOrg) -> None:
    account = org.account()
    reply = org.get(_ask("updated", *HOUR))
    assert reply.body == {"ids": [account], "latestDateCovered": "2026-01-05T11:59:00.000+0000"}
    past = org.get(_ask("updated", "2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z"))
    assert past.body == {"ids": [], "latestDateCovered": "2026-01-04T23:59:00.000+0000"}


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [
        ("2026-01-05T12:00:00Z", "2026-01-05T12:01:00Z", True),
        ("2026-01-05T12:00:59Z", "2026-01-05T12:01:59Z", True),
        ("2026-01-05T11:00:00Z", "2026-01-05T12:00:59Z", False),
        ("2026-01-05T12:01:00Z", "2026-01-05T12:02:00Z", False),
        ("2026-01-05T13:00:00%2B01:00", "2026-01-05T13:01:00%2B01:00", True),
        ("2026-01-05T13:00:00+01:00", "2026-01-05T13:01:00+01:00", True),
    ],
)
def test_seconds_are_cut_off(org: TestOrg, start: str, end: str, seen: bool) -> None:
    account = org.account()
    assert org.get(_ask("updated", start, end)).body["ids"] == ([account] if seen else [])


@pytest.mark.parametrize(
    ("what", "start", "end"),
    [
        ("updated", "2026-01-05T12:00:10Z", "2026-01-05T12:00:50Z"),
        ("updated", "2026-01-05T12:00:00Z", "2026-01-05T11:00:00Z"),
        ("updated", "2025-12-06T11:59:00Z", "2026-01-05T12:00:00Z"),
        ("deleted", "2025-12-21T11:59:00Z", "2026-01-05T12:00:00Z"),
        ("updated", "yesterday", "2026-01-05T12:00:00Z"),
        ("updated", "", "2026-01-05T12:00:00Z"),
    ],
)
def test_wrong_windows(org: TestOrg, what: str, start: str, end: str) -> None:
    reply = org.get(_ask(what, start, end))
    assert (reply.status, reply.code) == (400, "INVALID_REPLICATION_DATE")


@pytest.mark.parametrize(("what", "start"), [("updated", "2025-12-06T12:00:00Z"), ("deleted", "2025-12-21T12:00:00Z")])
def test_the_longest_look_back(org: TestOrg, what: str, start: str) -> None:
    assert org.get(_ask(what, start, "2026-01-05T12:00:00Z")).status == 200


def test_deleted(org: TestOrg) -> None:
    account, kept = org.account(), org.account()
    org.delete(f"/sobjects/Account/{account}")
    body = org.get(_ask("deleted", *HOUR)).body
    assert list(body) == ["deletedRecords", "earliestDateAvailable", "latestDateCovered"]
    assert body["deletedRecords"] == [{"id": account, "deletedDate": "2026-01-05T12:00:30.000+0000"}]
    assert body["earliestDateAvailable"] == "2025-12-21T12:00:00.000+0000"
    assert org.get(_ask("updated", *HOUR)).body["ids"] == [kept]
    org.act("undelete", "Account", Id=account)
    assert org.get(_ask("deleted", *HOUR)).body["deletedRecords"] == []
    assert org.get(_ask("updated", *HOUR)).body["ids"] == [kept, account]


def test_a_purge_moves_the_earliest_date(org: TestOrg) -> None:
    account = org.account()
    org.delete(f"/sobjects/Account/{account}")
    org.switches.session_minutes = 10_000
    org.clock.advance(timedelta(hours=3))
    org.act("purge_deletes", "")
    body = org.get(_ask("deleted", *HOUR)).body
    assert body["deletedRecords"] == []
    assert body["earliestDateAvailable"] == "2026-01-05T13:00:00.000+0000"


def test_a_deleted_order_item_shows_for_a_day(org: TestOrg) -> None:
    item = org.item(org.order(), org.price())
    org.delete(f"/sobjects/OrderItem/{item}")
    window = "?start=2026-01-05T12:00:00Z&end=2026-01-05T12:01:00Z"
    assert [deletion["id"] for deletion in org.get(f"/sobjects/OrderItem/deleted{window}").body["deletedRecords"]] == [
        item
    ]
    assert org.get("/queryAll?q=SELECT+Id+FROM+OrderItem").body["totalSize"] == 0
    org.switches.session_minutes = 10_000
    org.clock.advance(timedelta(hours=25))
    assert org.get(f"/sobjects/OrderItem/deleted{window}").body["deletedRecords"] == []


def test_a_clock_set_back_still_finds_its_records(org: TestOrg) -> None:
    later = org.account()
    org.clock.advance(timedelta(minutes=-10))
    earlier = org.account()
    assert org.get(_ask("updated", "2026-01-05T11:50:00Z", "2026-01-05T11:51:00Z")).body["ids"] == [earlier]
    assert org.column("SELECT Id FROM Account ORDER BY SystemModstamp LIMIT 2") == [earlier, later]
