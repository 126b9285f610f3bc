"""Whether products make another amount than the invoice has (accounting-rules D.6, B.2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ml_connector.flows.invoices.opportunity_fields import rolled_up
from support.context import sobject

CASES = [
    ("USD", "100.00", "100.0000", False),
    ("USD", "100.00", "100.004", False),
    ("USD", "100.00", "99.995", False),
    ("USD", "100.00", "100.005", True),
    ("USD", "100.00", "99.994", True),
    ("USD", "-100.00", "-100.004", False),
    ("JPY", "100", "100.4", False),
    ("JPY", "100", "100.5", True),
    ("JPY", "100", "101", True),
    # never more than two decimals, whatever the currency has (B.2)
    ("KWD", "100.13", "100.125", False),
    ("KWD", "100.13", "100.124", True),
    ("USD", "0.00", None, True),
]


@pytest.mark.parametrize(("currency", "wanted", "shown", "differs"), CASES)
def test_amounts_are_compared_as_money_of_their_currency(
    currency: str, wanted: str, shown: str | None, differs: bool
) -> None:
    amount = None if shown is None else Decimal(shown)
    deal = sobject("Opportunity", "006000000000009AAA", Amount=amount, HasOpportunityLineItem=True)
    assert rolled_up({"Amount": Decimal(wanted)}, deal, currency) is differs
    assert not rolled_up({"Amount": Decimal(wanted)}, deal.merged({"HasOpportunityLineItem": False}), currency)
    assert not rolled_up({}, deal, currency), "one of sales, whose amount is not ours"
