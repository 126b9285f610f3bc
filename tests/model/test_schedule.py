"""The company's clock, through the nights in which it changes, and the days of the close."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ml_connector.model.schedule import (
    Days,
    Does,
    Entry,
    closing_days,
    cron_trouble,
    in_words,
    last_time,
    next_time,
)

DAILY = Entry(does=Does.ORDERS, cron="0 18 * * *")
BERLIN, LOS_ANGELES = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles")
LORD_HOWE, KOLKATA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(entry: Entry, zone: ZoneInfo, after: str, count: int) -> list[str]:
    at, found = utc(after), []
    for _ in range(count):
        at = next_time(entry, at, zone)
        found.append(at.isoformat(timespec="minutes").removesuffix("+00:00"))
    return found


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        # 18:00 stays 18:00 when the clocks go forward and back: the length in between is 23 and 25 hours.
        (BERLIN, "2026-03-27T17:00", ["2026-03-28T17:00", "2026-03-29T16:00", "2026-03-30T16:00"]),
        (BERLIN, "2026-10-23T16:00", ["2026-10-24T16:00", "2026-10-25T17:00", "2026-10-26T17:00"]),
        (LOS_ANGELES, "2026-03-07T02:00", ["2026-03-08T02:00", "2026-03-09T01:00", "2026-03-10T01:00"]),
        (LOS_ANGELES, "2026-10-31T01:00", ["2026-11-01T01:00", "2026-11-02T02:00", "2026-11-03T02:00"]),
        # A zone whose clocks move by half an hour, and one that is half an hour off.
        (LORD_HOWE, "2026-04-03T07:00", ["2026-04-04T07:00", "2026-04-05T07:30", "2026-04-06T07:30"]),
        (KOLKATA, "2026-11-20T12:30", ["2026-11-21T12:30", "2026-11-22T12:30"]),
    ],
)
def test_six_in_the_evening_is_six_in_the_evening(zone: ZoneInfo, after: str, expected: list[str]) -> None:
    assert times(DAILY, zone, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("zone", "night"),
    [(BERLIN, "2026-03-28T12:00"), (BERLIN, "2026-10-24T12:00"), (LOS_ANGELES, "2026-03-07T20:00"),
     (LOS_ANGELES, "2026-10-31T20:00"), (LORD_HOWE, "2026-04-04T12:00"), (LORD_HOWE, "2026-10-03T12:00"),
     (KOLKATA, "2026-11-20T12:00")],
)  # fmt: skip
def test_in_a_night_in_which_clocks_change_every_hour_has_its_turn_and_nightly_comes_once(
    zone: ZoneInfo, night: str
) -> None:
    hourly, nightly = Entry(does=Does.SWEEP, cron="0 * * * *"), Entry(does=Does.COMPARE, cron="30 2 * * *")
    for before, after in pairwise(map(utc, times(hourly, zone, night, 30))):
        assert (after - before).total_seconds() in (1800, 3600, 5400), "no hour is left out, none waits for long"
    days = [utc(at).astimezone(zone).date() for at in times(nightly, zone, night, 3)]
    assert [(b - a).days for a, b in pairwise(days)] == [1, 1], "once a night"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 3), [30, 27, 26]),  # the 30th is a Monday
        (date(2026, 2, 28), [27, 26, 25]),  # a month that ends on a Saturday
        (date(2024, 2, 1), [29, 28, 27]),
        (date(2026, 5, 31), [29, 28, 27]),  # ends on a Sunday
    ],
)
def test_the_last_business_days_of_a_month(day: date, expected: list[int]) -> None:
    assert [found.day for found in closing_days(day, 3)] == expected
    assert {found.month for found in closing_days(day, 3)} == {day.month}


def test_the_close_is_hourly_on_its_days_alone() -> None:
    close = Entry(does=Does.SWEEP, cron="0 * * * *", days=Days.CLOSE)
    # Midnight in Los Angeles at the beginning of Thursday the 26th; the weekend in between does not count.
    found = times(close, LOS_ANGELES, "2026-11-20T00:00", 73)
    assert found[0] == "2026-11-26T08:00"
    assert found[48] == "2026-11-30T08:00"
    assert found[-1] == "2026-12-29T08:00"
    last = Entry(does=Does.COMPARE, cron="0 20 * * *", days=Days.LAST)
    assert times(last, LOS_ANGELES, "2026-11-20T00:00", 2) == ["2026-12-01T04:00", "2027-01-01T04:00"]


def test_what_was_due_while_nobody_was_there() -> None:
    assert last_time(DAILY, utc("2026-11-21T02:00"), LOS_ANGELES) == utc("2026-11-21T02:00")
    assert last_time(DAILY, utc("2026-11-21T01:59"), LOS_ANGELES) == utc("2026-11-20T02:00")
    last = Entry(does=Does.COMPARE, cron="0 20 * * *", days=Days.LAST)
    assert last_time(last, utc("2026-12-20T00:00"), LOS_ANGELES) == utc("2026-12-01T04:00")


@pytest.mark.parametrize(
    ("cron", "trouble"),
    [
        ("0 18 * * *", ""),
        ("*/20 8-18 * * 1-5", ""),
        ("0 18 LW * *", ""),
        ("0 18 * *", "has not five fields"),
        ("0 0 18 * * *", "has not five fields"),
        ("61 18 * * *", "cannot be read (Bad minute)"),
        ("0 18 30 2 *", "cannot be read (Bad day-of-month)"),
        ("", "has not five fields"),
    ],
)
def test_what_is_a_cron_expression(cron: str, trouble: str) -> None:
    assert cron_trouble(cron) == trouble


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (DAILY, "At 18:00 every day, company time (Europe/Berlin)"),
        (Entry(does=Does.SWEEP, cron="0 * * * *", days=Days.CLOSE),
         "At the start of every hour, on the last 3 business days of the month, company time (Europe/Berlin)"),
        (Entry(does=Does.SWEEP, cron="0 * * * *", days=Days.CLOSE, close_days=1),
         "At the start of every hour, on the last business day of the month, company time (Europe/Berlin)"),
        (Entry(does=Does.COMPARE, cron="0 20 * * *", days=Days.LAST),
         "At 20:00 every day, on the last business day of the month, company time (Europe/Berlin)"),
    ],
)  # fmt: skip
def test_a_schedule_says_in_words_when(entry: Entry, words: str) -> None:
    assert in_words(entry, BERLIN) == words
