"""What an order posts, or the first reason why not (accounting-rules B)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting import books
from ml_connector.accounting.order_entry import (
    Rates,
    amount_of,
    check_names,
    currency_of,
    explicit_rate,
    is_zero,
    order_posting,
    products_of,
    total_of,
)
from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.systems.quickbooks.records import Item, Reference
from ml_connector.systems.salesforce.records import SObject

EUR_CUSTOMER = msgspec.structs.replace(books.CUSTOMER, currency_ref=Reference("EUR"))
INACTIVE = msgspec.structs.replace(books.CUSTOMER, active=False)


def test_s01_the_entry_of_an_order() -> None:
    order = books.sales_order(books.sales_line(1, "12000.00"))
    posting = order_posting(books.scope(order))
    draft = books.only(posting.entry)
    assert (draft.doc_number, draft.txn_date) == ("SFO-00001001-01", date(2026, 11, 10))
    assert books.shown(draft) == ["Dr 1250 12000.00 East/SaaS", "Cr 2450 [4000] 12000.00 East/SaaS"]
    assert posting.mappings == (f"501>{books.ID['4000']}",)
    assert posting.matched == {"01tHp00000SUBxxAAA": "501"}


def foreign(**fields: Any) -> SObject:
    return books.sales_order(CurrencyIsoCode="EUR", **fields)


UNKNOWN = books.sales_line(1, sku="?")
WITHOUT_UNBILLED = books.tables(accounts=books.posted(**{"1250": {"active": False}}))
REASONS: list[tuple[str, SObject, dict[str, Any], str]] = [
    ("customer first", foreign(), {"customer": INACTIVE}, "H-CUST-INACTIVE"),
    ("then the currency", foreign(TotalAmount=Decimal(1)), {}, "H-CUR-MISMATCH"),
    ("then the totals", books.sales_order(UNKNOWN, TotalAmount=Decimal(1)), {}, "H-TOTAL-MISMATCH"),
    ("then the lines", books.sales_order(UNKNOWN, EffectiveDate="2026-12-24"), {}, "H-ITEM-UNMAPPED"),
    ("then the day", foreign(EffectiveDate="2026-12-24"), {"customer": EUR_CUSTOMER}, "H-FUTURE"),
    ("then the rate", foreign(), {"customer": EUR_CUSTOMER}, "H-NO-RATE"),
    ("then the accounts", books.sales_order(), {"tables": WITHOUT_UNBILLED}, "H-ACCT-INACTIVE"),
    ("two lines of one number", books.sales_order(books.sales_line(1), books.sales_line(1)), {}, "H-ORDER-DATA"),
    ("no day at all", books.sales_order(EffectiveDate=None, ActivatedDate=None), {}, "H-ORDER-DATA"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "order", "changes", "code"), REASONS)
def test_the_first_reason_counts(name: str, order: SObject, changes: dict[str, Any], code: str) -> None:
    assert books.held(lambda: order_posting(books.scope(order, **changes))) == code


RATES: list[tuple[dict[str, Any], Rates, str]] = [
    ({"QBO_Exchange_Rate__c": Decimal("1.0850")}, Rates(), "1.085000"),
    ({}, Rates(quickbooks=Decimal("1.09"), salesforce=Decimal("0.9217")), "1.090000"),
    ({}, Rates(salesforce=Decimal("0.9217")), "1.084952"),
    ({"QBO_Exchange_Rate__c": Decimal(0)}, Rates(quickbooks=Decimal("1.09")), "1.090000"),
]


@pytest.mark.parametrize(("fields", "rates", "expected"), RATES)
def test_b9_rate(fields: dict[str, Any], rates: Rates, expected: str) -> None:
    scope = books.scope(foreign(**fields), customer=EUR_CUSTOMER, rates=lambda _: rates)
    assert str(books.only(order_posting(scope).entry).exchange_rate) == expected


def test_s07_a_rate_too_far_from_the_last_one() -> None:
    rates = Rates(quickbooks=Decimal("1.2500"), last=Decimal("1.0850"))
    scope = books.scope(foreign(), customer=EUR_CUSTOMER, rates=lambda _: rates)
    assert books.held(lambda: order_posting(scope)) == "H-NO-RATE"


def test_dc4_an_item_that_credits_deferred() -> None:
    item = Item(id="7", name="Retainer", type="Service", sku="SUB", income_account_ref=Reference(books.ID["2450"]))
    assert order_posting(books.scope(tables=books.tables(items={"7": item}))).flags == (Flag.UNRECOGNISED,)


def test_a_line_without_an_amount_needs_no_item() -> None:
    order = books.sales_order(books.sales_line(1), books.sales_line(2, "0.00", sku="unknown"))
    assert order_posting(books.scope(order)).entry.net == Decimal("1000.00")


@pytest.mark.parametrize("name", ["OrderNumber", "AccountId"])
def test_names_without_which_nothing_is_looked_up(name: str) -> None:
    assert books.held(lambda: check_names(books.sales_order(**{name: " "}))) == "H-ORDER-DATA"


def test_what_an_order_says_of_itself() -> None:
    order = books.sales_order(books.sales_line(1, "5.00"), books.sales_line(2, "-5.00", sku="SRV"))
    assert total_of(order) == Decimal("0.00")
    assert total_of(books.sales_order(TotalAmount=Decimal("9.00"))) == Decimal("9.00")
    assert not is_zero(order, books.RULES), "amounts that cancel out are on different keys"
    assert [product.code for product in products_of(order).values()] == ["SUB", "SRV"]
    assert currency_of(books.sales_order(CurrencyIsoCode=None), "USD") == "USD"
    assert explicit_rate(books.sales_order(QBO_Exchange_Rate__c=Decimal(-1))) is None


EVERY_DECIMAL = st.lists(
    st.decimals(min_value="0.0001", max_value="99999.9999", places=4, allow_nan=False), min_size=1, max_size=6
)


@given(EVERY_DECIMAL, st.sampled_from(["USD", "EUR", "JPY", "KWD", "BHD"]))
def test_every_decimal_of_salesforce_is_rounded_once(prices: list[Decimal], currency: str) -> None:
    """B.1, B.2: sums and headers are made of unrounded values; the books have the digits of the currency."""
    lines = [books.sales_line(number, str(price)) for number, price in enumerate(prices, 1)]
    exact = money.total(prices)
    order = books.sales_order(*lines, TotalAmount=exact, CurrencyIsoCode=currency)
    customer = msgspec.structs.replace(books.CUSTOMER, currency_ref=Reference(currency))
    posting = order_posting(books.scope(order, customer=customer, rates=lambda _: Rates(quickbooks=Decimal("1.5"))))
    expected = money.q(exact, currency)
    assert posting.entry.net == amount_of(order, currency) == expected
    amounts = [posting.amount for part in posting.entry.parts for posting in part.draft.lines]
    assert sum(amounts) == 2 * expected
    assert all(amount == money.q(amount, currency) for amount in amounts)
