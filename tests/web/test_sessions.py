"""Sessions end by time, a new one has a new name, and an address may send so much and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_connector.model.people import Person
from ml_connector.web.sessions import IDLE, LONGEST, Rate, Sessions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Person(name="ana", uid=1000, roles=("admin",), proved=True)


def test_a_session_ends_when_nothing_is_asked_for_a_while_and_after_half_a_day() -> None:
    sessions = Sessions()
    name = sessions.begin(ANA, "default", NOON)
    now = NOON
    while now < NOON + LONGEST:
        assert sessions.get(name, now) is not None
        now += IDLE
    assert sessions.get(name, NOON + LONGEST + timedelta(seconds=1)) is None
    other = sessions.begin(ANA, "default", NOON)
    assert sessions.get(other, NOON + IDLE + timedelta(seconds=1)) is None
    assert sessions.get(other, NOON) is None, "what has ended does not come back"


def test_each_session_has_a_name_and_forms_of_its_own() -> None:
    sessions = Sessions()
    first, second = sessions.begin(ANA, "default", NOON), sessions.begin(ANA, "default", NOON)
    one, other = sessions.get(first, NOON), sessions.get(second, NOON)
    assert one is not None
    assert other is not None
    assert first != second
    assert one.may_post(one.csrf)
    assert not one.may_post(other.csrf)
    sessions.end(first)
    assert sessions.get(first, NOON) is None


def test_an_address_may_send_so_much_a_minute_and_others_do_not_suffer() -> None:
    rate = Rate(60)
    for _ in range(60):
        assert not rate.is_over("203.0.113.1", NOON)
        rate.count("203.0.113.1", NOON)
    assert rate.is_over("203.0.113.1", NOON)
    assert not rate.is_over("203.0.113.2", NOON)
    assert rate.is_over("203.0.113.1", NOON + timedelta(milliseconds=900))
    assert not rate.is_over("203.0.113.1", NOON + timedelta(seconds=1))


def test_many_addresses_take_no_more_memory_than_some() -> None:
    rate = Rate(60)
    for number in range(25_000):
        rate.count(f"203.0.{number // 256}.{number % 256}", NOON)
    assert len(rate._levels) <= 10_001
