"""Lines of journal entries as people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.rehearsal.scenario.lines import Line, read, same, shown

EAST = Line(side="Debit", account="1250", amount=Decimal("1912.40"), department="East", class_="SaaS")
SPELLINGS: list[Any] = [
    "Dr  1250  East  SaaS  1,912.40",
    "Dr 1250 East SaaS 1912.40",
    "debit\t1250\tEast\tSaaS\t1912.40",
    "| Dr | 1250 | East | SaaS | 1,912.40 |",
    "Dr 1250 East/SaaS 1912.40",
    [["Dr", "1250", "East", "SaaS", "1,912.40"]],
    [{"debit": "1250", "amount": "1,912.40", "department": "East", "class": "SaaS"}],
    [{"side": "Dr", "account": 1250, "amount": Decimal("1912.4"), "department": "East", "class": "SaaS"}],
]


@pytest.mark.parametrize("raw", SPELLINGS, ids=str)
def test_all_spellings_say_the_same(raw: Any) -> None:
    assert read(raw) == [EAST]


def test_blank_dims_income_account_and_lines_without_dims() -> None:
    lines = read("""
Cr  2450 [4000]  North East  -  45.00
Cr  2450  45.00
""")
    assert [(line.source, line.department, line.class_) for line in lines] == [
        ("4000", "North East", ""),
        (None, None, None),
    ]
    assert shown(lines) == "Cr 2450 [4000] North East/- 45.00; Cr 2450 45.00"


@pytest.mark.parametrize("raw", ["Dr 1250", "East 1250 1.00", "Dr 1250 much", [{"debit": "1"}], [{"dr": "1"}], 7])
def test_what_is_no_line_is_refused(raw: Any) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        read(raw)


def test_each_line_counts_once_and_order_only_where_asked() -> None:
    one, other = read("Dr 1250 East SaaS 1.00\nCr 2450 East SaaS 1.00")
    assert same([other, one], [one, other])
    assert not same([other, one], [one, other], in_order=True)
    assert not same([one, one], [one, other])
    assert not same([one], [one, other])
    assert same(read("Dr 1250 1.00\nCr 2450 1.00"), [one, other])
    assert not same(read("Dr 1250 West SaaS 1.00\nCr 2450 1.00"), [one, other])
