"""The day of an entry (accounting-rules B.10, S08, S09)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ml_connector.accounting.dates import PostingDay, activation_day, closed_to, event_day, posting_day
from ml_connector.model.held import Held
from ml_connector.model.rules import Rules

LATE = datetime(2026, 11, 1, 3, 30, tzinfo=UTC)


def rules(**more: Any) -> Rules:
    return Rules(realm_id="1", org_id="00D", **more)


@pytest.mark.parametrize(
    ("effective", "settings", "expected"),
    [
        (date(2026, 10, 15), {}, date(2026, 10, 31)),
        (date(2026, 10, 15), {"time_zone": "UTC"}, date(2026, 11, 1)),
        (date(2026, 12, 15), {}, date(2026, 12, 15)),
        (date(2026, 10, 15), {"je_date_basis": "effective"}, date(2026, 10, 15)),
        (date(2026, 12, 15), {"je_date_basis": "activated"}, date(2026, 10, 31)),
        (None, {"je_date_basis": "effective"}, date(2026, 10, 31)),
    ],
)
def test_s09_event_day(effective: date | None, settings: dict[str, Any], expected: date) -> None:
    assert event_day(LATE, effective, rules(**settings)) == expected


def test_an_order_without_days_has_none() -> None:
    assert event_day(None, None, rules()) is None
    assert event_day(None, date(2026, 10, 15), rules(je_date_basis="activated")) == date(2026, 10, 15)
    assert activation_day(None, date(2026, 10, 15), rules()) == date(2026, 10, 15)


@pytest.mark.parametrize(
    ("book", "lock", "expected"),
    [
        (None, None, None),
        (date(2026, 9, 30), None, date(2026, 9, 30)),
        (date(2026, 9, 30), date(2026, 10, 31), date(2026, 10, 31)),
        (date(2026, 10, 31), date(2026, 9, 30), date(2026, 10, 31)),
    ],
)
def test_the_later_lock_counts(book: date | None, lock: date | None, expected: date | None) -> None:
    assert closed_to(book, rules(lock_date=lock)) == expected


CLOSED = date(2026, 10, 31)
DAYS: list[tuple[str, date, dict[str, Any], date, PostingDay | str]] = [
    ("open day", date(2026, 11, 1), {}, date(2026, 11, 3), PostingDay(date(2026, 11, 1), date(2026, 11, 1))),
    ("S08 closed", date(2026, 10, 28), {}, date(2026, 11, 3), "H-CLOSED"),
    ("last closed day", date(2026, 10, 31), {}, date(2026, 11, 3), "H-CLOSED"),
    (
        "S08 next open day",
        date(2026, 10, 28),
        {"closed_policy": "next_open"},
        date(2026, 11, 3),
        PostingDay(date(2026, 11, 1), date(2026, 10, 28)),
    ),
    ("S08 104 days", date(2026, 7, 20), {"closed_policy": "next_open"}, date(2026, 11, 3), "H-CLOSED"),
    (
        "92 days are allowed",
        date(2026, 8, 1),
        {"closed_policy": "next_open"},
        date(2026, 11, 3),
        PostingDay(date(2026, 11, 1), date(2026, 8, 1)),
    ),
    ("93 are not", date(2026, 7, 31), {"closed_policy": "next_open"}, date(2026, 11, 3), "H-CLOSED"),
    ("S09 future", date(2026, 12, 15), {}, date(2026, 11, 10), "H-FUTURE"),
    ("S09 its day", date(2026, 12, 15), {}, date(2026, 12, 15), PostingDay(date(2026, 12, 15), date(2026, 12, 15))),
    ("first open day is still to come", date(2026, 10, 28), {"closed_policy": "next_open"}, CLOSED, "H-FUTURE"),
]


@pytest.mark.parametrize(("name", "day", "settings", "today", "expected"), DAYS)
def test_posting_day(name: str, day: date, settings: dict[str, Any], today: date, expected: PostingDay | str) -> None:
    try:
        found: PostingDay | str = posting_day(day, CLOSED, rules(**settings), today)
    except Held as held:
        found = held.code
    assert found == expected


def test_a_future_day_releases_itself() -> None:
    with pytest.raises(Held) as caught:
        posting_day(date(2026, 12, 15), None, rules(), date(2026, 11, 10))
    assert caught.value.waits_for == ("day:2026-12-15",)


def test_s08_says_how_far_it_would_move() -> None:
    with pytest.raises(Held) as caught:
        posting_day(date(2026, 7, 20), CLOSED, rules(closed_policy="next_open"), date(2026, 11, 3))
    assert caught.value.facts == {
        "case": "far",
        "date": "2026-07-20",
        "closed_to": "2026-10-31",
        "next_day": "2026-11-01",
        "count": "104",
        "allowed": "92",
    }
