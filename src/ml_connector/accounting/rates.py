"""The exchange rate of a journal entry: home units per one unit of its currency, 6 decimals (accounting-rules B.9)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import msgspec

from ml_connector.model import money
from ml_connector.model.refs import Link
from ml_connector.systems.salesforce.records import SObject

DIGITS = 6
HOME_CURRENCY = "USD"
"""What a company keeps its books in where its preferences name nothing."""


class Rate(msgspec.Struct, frozen=True):
    """Home units per one unit of the entry's currency, rounded to 6 decimals, and who gave it, in words."""

    value: Decimal
    source: str


def rate_in(link: Link | None) -> Decimal | None:
    """The rate that the link of a pair of currencies, or of an entry, keeps."""
    rate = link.agreed.get("rate") if link else None
    return money.exact(rate) if rate else None


def choose(explicit: Decimal | None, quickbooks: Decimal | None, salesforce: Decimal | None) -> Rate | None:
    """First usable of: written on the order, QuickBooks' own for the day, Salesforce's inverted.

    `salesforce` is in foreign units per one corporate unit, and None unless corporate and home currency are the same.
    """
    for value, source in ((explicit, "the order"), (quickbooks, "QuickBooks for the day")):
        if value is not None and value > 0:
            return Rate(money.round_to(value, DIGITS), source)
    if salesforce is not None and salesforce > 0:
        return Rate(money.round_to(1 / Fraction(salesforce), DIGITS), "Salesforce, inverted")
    return None


def in_home(amount: Decimal, currency: str, rate: Decimal, home: str) -> Decimal:
    """An amount of a document in home currency at its `rate`: rounded in its own currency first (B.2, D.4)."""
    return money.q(money.times(money.q(amount, currency), rate), home)


def within_band(rate: Decimal, last: Decimal | None, percent: Decimal) -> bool:
    """Whether `rate` is at most `percent` away from the pair's last used one. True for the first of a pair."""
    return last is None or 100 * abs(Fraction(rate) - Fraction(last)) <= Fraction(percent) * Fraction(last)


def corporate_rate(currencies: Mapping[str, SObject], currency: str, home: str) -> Decimal | None:
    """Salesforce's conversion rate of `currency`, only where its corporate currency is the home currency."""
    corporate = currencies.get(home)
    foreign = currencies.get(currency)
    if corporate is None or foreign is None or not corporate["IsCorporate"]:
        return None
    return foreign.amount("ConversionRate")
