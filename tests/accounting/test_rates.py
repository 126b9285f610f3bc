"""The exchange rate of an entry (accounting-rules B.9, S07)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ml_connector.accounting.rates import Rate, choose, corporate_rate, within_band
from ml_connector.systems.salesforce.records import SObject

D = Decimal
ORDER, BOOKS, SALES = "the order", "QuickBooks for the day", "Salesforce, inverted"


@pytest.mark.parametrize(
    ("explicit", "quickbooks", "salesforce", "expected"),
    [
        (D("1.0850"), D("1.09"), D("0.9217"), Rate(D("1.085000"), ORDER)),
        (None, D("1.09"), D("0.9217"), Rate(D("1.090000"), BOOKS)),
        (D(0), D("1.09"), None, Rate(D("1.090000"), BOOKS)),
        (None, None, D("0.9217"), Rate(D("1.084952"), SALES)),
        (None, None, None, None),
        (None, D(0), D(0), None),
    ],
)
def test_choose(
    explicit: Decimal | None, quickbooks: Decimal | None, salesforce: Decimal | None, expected: Rate
) -> None:
    assert choose(explicit, quickbooks, salesforce) == expected


@pytest.mark.parametrize(
    ("rate", "last", "expected"),
    [
        ("1.2500", "1.0850", False),
        ("1.1935", "1.0850", True),  # exactly 10 %
        ("1.193501", "1.0850", False),
        ("0.9765", "1.0850", True),
        ("0.976499", "1.0850", False),
        ("9.9", None, True),
    ],
)
def test_s07_band(rate: str, last: str | None, expected: bool) -> None:
    assert within_band(D(rate), D(last) if last else None, D(10)) is expected


def currency(iso: str, rate: str, *, corporate: bool = False) -> SObject:
    return SObject("CurrencyType", "", {"IsoCode": iso, "ConversionRate": D(rate), "IsCorporate": corporate})


@pytest.mark.parametrize(
    ("corporate", "wanted", "expected"),
    [("USD", "EUR", D("0.9217")), ("EUR", "EUR", None), ("USD", "GBP", None)],
)
def test_salesforce_counts_only_where_corporate_is_home(corporate: str, wanted: str, expected: Decimal | None) -> None:
    table = {iso: currency(iso, rate, corporate=iso == corporate) for iso, rate in (("USD", "1"), ("EUR", "0.9217"))}
    assert corporate_rate(table, wanted, "USD") == expected
    assert corporate_rate({}, wanted, "USD") is None
