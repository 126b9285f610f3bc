"""Ids in their two spellings, numbers and times in their text (salesforce reference 2.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ml_emulators.salesforce import ids, times
from ml_emulators.salesforce.numbers import on_wire, parse, tidy


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("001D000000IqhSLIAZ", "001D000000IqhSLIAZ"),
        ("001d000000iqhsliaz", "001D000000IqhSLIAZ"),
        ("001D000000IQHSLIAZ", "001D000000IqhSLIAZ"),
        ("001D000000IqhSL999", None),
        ("001D000000IqhS", None),
        ("001D000000IqhS!", None),
        ("", None),
        ("0" * 18, None),
    ],
)
def test_an_id_in_any_spelling(given: str, normal: str | None) -> None:
    assert ids.normalise(given) == normal


def test_made_ids_are_valid_and_sort_as_they_were_made() -> None:
    made = [ids.make("001", number) for number in (1, 9, 10, 61, 62, 3843, 3844, 10**9)]
    assert all(ids.normalise(record_id) == record_id for record_id in made)
    assert made == sorted(made)


@pytest.mark.parametrize(
    ("given", "scale", "kept"),
    [
        ("100", 2, "100.0"),
        ("100.00", 2, "100.0"),
        ("0.005", 2, "0.01"),
        ("-0.005", 2, "-0.01"),
        ("1E+2", 2, "100.0"),
        ("0", 2, "0.0"),
        ("-0.001", 2, "0.0"),
        ("12.3450", 6, "12.345"),
        ("99999999999999.99", 2, "99999999999999.99"),
    ],
)
def test_numbers_are_kept_exactly_with_one_decimal_place_at_least(given: str, scale: int, kept: str) -> None:
    assert str(tidy(Decimal(given), scale)) == kept


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("100.0", "100.0"),
        ("9999999.99", "9999999.99"),
        ("10000000.0", "1.0E7"),
        ("720000000.0", "7.2E8"),
        ("-12345678.9", "-1.23456789E7"),
        ("0.001", "0.001"),
        ("0.0005", "5.0E-4"),
        ("0.0", "0.0"),
    ],
)
def test_doubles_are_written_in_the_vendors_way(given: str, shown: str) -> None:
    wire = on_wire(Decimal(given))
    assert (str(wire) if isinstance(wire, Decimal) else bytes(wire).decode()) == shown


@pytest.mark.parametrize(
    ("given", "number"),
    [
        *((5, "5"), ("5.10", "5.10"), (Decimal("1.5"), "1.5"), (" 1e2 ", "1e2")),
        *(
            (True, None),
            ("x", None),
            ("NaN", None),
            ([], None),
            ("1_000", None),
            ("٥", None),
            ("1e99999999999999999999", None),
        ),
    ],
)
def test_what_counts_as_a_number(given: object, number: str | None) -> None:
    assert parse(given) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("given", "stamp"),
    [
        ("2026-01-05T12:00:00Z", "2026-01-05T12:00:00.000+0000"),
        ("2026-01-05T12:00:00.000+0000", "2026-01-05T12:00:00.000+0000"),
        ("2026-01-05T12:00:00+01:00", "2026-01-05T11:00:00.000+0000"),
        ("2026-01-05T12:00:00.999-0800", "2026-01-05T20:00:00.000+0000"),
        ("2026-01-05T12:00:00", "2026-01-05T12:00:00.000+0000"),
        ("2026-13-05T12:00:00Z", None),
        ("1699-01-05T12:00:00Z", None),
        ("2026-01-05", None),
        ("2026-01-05T12:00:00+99:00", None),
    ],
)
def test_instants(given: str, stamp: str | None) -> None:
    instant = times.parse_instant(given)
    assert (None if instant is None else times.stamp(instant)) == stamp


def test_a_stamp_reads_back() -> None:
    moment = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
    assert times.moment(times.stamp(moment)) == moment
