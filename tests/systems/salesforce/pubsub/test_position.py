"""Where a stream stands, and the meter of what it took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.systems.salesforce.pubsub.position import Position

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
AT = Position("00D", "/data/X", "0000000000179050", ("Account",), {"2026-11-21T12": 3})


def test_it_reads_back_what_it_wrote() -> None:
    assert Position.parse(AT.text()) == AT


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"org":1}', '{"org":"a","topic":"b","replay":"xyz"}', "[" * 9_999]
)
def test_what_is_none_is_a_new_beginning(text: str | None) -> None:
    assert Position.parse(text) is None


def test_the_meter_counts_24_hours() -> None:
    position = AT.took(4, NOW)
    assert position.total(NOW) == 7
    later = position.took(5, NOW + timedelta(hours=3))
    assert later.taken == {"2026-11-21T12": 7, "2026-11-21T15": 5}
    assert later.total(NOW + timedelta(hours=23)) == 12
    assert later.total(NOW + timedelta(hours=24)) == 5
    assert later.total(NOW + timedelta(hours=27)) == 0
    assert AT.took(0, NOW) == AT


def test_hours_ahead_of_the_clock_do_not_count() -> None:
    """They were written by a clock that was ahead."""
    assert AT.total(NOW - timedelta(hours=2)) == 0
