"""Splitting a line by percentages (accounting-rules B.8, S06)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounting.books import held
from ml_connector.accounting.splits import Split, dims_key, split_amount

SPLITS = [
    ("1000.00", [("10", "33.3333"), ("20", "33.3333"), ("30", "33.3334")], ["333.33", "333.33", "333.34"]),
    ("100.01", [("10", "50"), ("20", "50")], ["50.01", "50.00"]),
    ("100.01", [("20", "50"), ("10", "50")], ["50.00", "50.01"]),  # tie: lower id, not the first named
    ("-100.01", [("10", "50"), ("20", "50")], ["-50.01", "-50.00"]),
    ("10000.01", [("10", "50"), ("20", "30"), ("30", "20")], ["5000.01", "3000.00", "2000.00"]),
    ("0.05", [("10", "50"), ("20", "30"), ("30", "20")], ["0.03", "0.01", "0.01"]),
]


@pytest.mark.parametrize(("amount", "percents", "expected"), SPLITS)
def test_split_by_percentages(amount: str, percents: list[tuple[str, str]], expected: list[str]) -> None:
    splits = [Split(percent=Decimal(percent), department=department) for department, percent in percents]
    parts = split_amount(Decimal(amount), splits, ("", "300"), "USD")
    assert parts == [((s.department, "300"), Decimal(each)) for s, each in zip(splits, expected, strict=True)]


def test_a_split_may_name_its_own_class() -> None:
    splits = [
        Split(percent=Decimal(60), department="10", class_="400"),
        Split(percent=Decimal(40), department="10", class_=""),
    ]
    parts = split_amount(Decimal("10.00"), splits, ("20", "300"), "USD")
    assert parts == [(("10", "400"), Decimal("6.00")), (("10", ""), Decimal("4.00"))]


def test_without_percentages_a_line_keeps_its_own() -> None:
    assert split_amount(Decimal("5.00"), (), ("10", ""), "USD") == [(("10", ""), Decimal("5.00"))]


@pytest.mark.parametrize(
    "percents", [("50", "30", "19.99"), ("50", "50.0001"), ("33.33335", "66.66665"), ("-1", "101")]
)
def test_percentages_come_to_exactly_one_hundred(percents: tuple[str, ...]) -> None:
    splits = [Split(percent=Decimal(percent), department="10") for percent in percents]
    assert held(lambda: split_amount(Decimal("10.00"), splits, ("", ""), "USD")) == "H-ALLOC-SUM"


def test_ids_are_compared_as_numbers_and_blank_comes_last() -> None:
    dims = [("", "1"), ("10", ""), ("9", "300"), ("9", "20")]
    assert sorted(dims, key=dims_key) == [("9", "20"), ("9", "300"), ("10", ""), ("", "1")]
