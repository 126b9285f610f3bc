"""Silence is measured by what is usual at that hour of the week, not by a fixed time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_connector.model.rhythm import Rhythm, heard, missed_changes

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def office(weeks: int, changes: int = 6) -> Rhythm:
    """Changes at half past each hour from 9 to 17, Monday to Friday."""
    rhythm = None
    for hour in range(weeks * 168):
        at = MONDAY + hour * HOUR
        if at.weekday() < 5 and 9 <= at.hour < 17:
            rhythm = heard(rhythm, changes, at + HOUR / 2)
    assert rhythm is not None
    return rhythm


def test_a_weekend_is_no_silence_and_a_monday_morning_is() -> None:
    rhythm = office(6)
    friday = rhythm.last_at
    assert friday.weekday() == 4
    assert missed_changes(rhythm, friday + timedelta(days=2)) == 0
    noon = MONDAY + timedelta(weeks=6, hours=13)
    assert 15 <= missed_changes(rhythm, noon) <= 4 * 6
    assert missed_changes(heard(rhythm, 1, noon), noon + HOUR / 4) == 0


def test_nothing_is_usual_in_the_first_two_weeks() -> None:
    rhythm = office(1, changes=1000)
    assert missed_changes(rhythm, MONDAY + timedelta(days=9, hours=17)) == 0


def test_one_busy_hour_is_not_usual_afterwards() -> None:
    rhythm = office(6)
    burst = heard(rhythm, 100_000, rhythm.last_at + 12 * HOUR)
    burst = heard(burst, 1, burst.last_at + HOUR)
    assert missed_changes(burst, burst.last_at + timedelta(days=7)) < 300


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    rhythm = heard(heard(None, 2, MONDAY + HOUR), 3, MONDAY)
    assert (rhythm.last_at, rhythm.count) == (MONDAY + HOUR, 5)


def test_years_of_silence_are_counted_in_bounded_time() -> None:
    rhythm = heard(office(3), 1, MONDAY + timedelta(days=36500))
    assert len(rhythm.usual) == 168
    assert missed_changes(office(6), MONDAY + timedelta(days=36500)) < 6 * 8 * 5
