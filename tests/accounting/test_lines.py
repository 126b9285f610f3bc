"""Grouping, sides and packing of an entry's lines (accounting-rules B.5, B.6)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.lines import Bundle, Frame, Leg, bundles, packed

INCOME = books.ID["4000"]
FRAME = Frame(counter=books.ID["1250"], on_receivable=False, targets={INCOME: INCOME}, discounts=books.ID["4900"])


def leg(line: str, net: str, gross: str = "", dims: tuple[str, str] = ("10", "300")) -> Leg:
    return Leg(
        line=line, income=INCOME, department=dims[0], class_=dims[1], net=Decimal(net), gross=Decimal(gross or net)
    )


def rows(bundle: Bundle) -> list[tuple[str, str]]:
    return [(books.NUMBER[row.account], str(row.amount)) for row in bundle.rows]


def test_one_row_for_each_key_and_one_counter_for_its_dims() -> None:
    assert rows(bundles([leg("1", "10.00"), leg("2", "-4.00")], FRAME)) == [("1250", "-6.00"), ("4000", "6.00")]


def test_a_key_that_comes_to_zero_is_dropped() -> None:
    assert bundles([leg("1", "10.00"), leg("2", "-10.00")], FRAME).keys == ()


def test_b6_a_discount_stands_beside_the_gross() -> None:
    assert rows(bundles([leg("1", "1080.00", "1200.00")], FRAME)) == [
        ("1250", "-1080.00"), ("4000", "1200.00"), ("4900", "-120.00"),
    ]  # fmt: skip


def test_a_receivable_is_one_line_without_dims() -> None:
    frame = msgspec.structs.replace(FRAME, counter=books.ID["1100"], on_receivable=True)
    bundle = bundles([leg("1", "10.00"), leg("2", "5.00", dims=("20", ""))], frame)
    (counter,) = bundle.counters
    assert (counter.amount, counter.department, counter.class_) == (Decimal("-15.00"), "", "")


@pytest.mark.parametrize(("most", "sizes"), [(6, [6]), (5, [4, 2]), (2, [2, 2, 2])])
def test_keys_stay_whole_when_an_entry_is_cut(most: int, sizes: list[int]) -> None:
    whole = bundles([leg(str(number), "1.00", dims=(str(number), "")) for number in range(1, 4)], FRAME)
    parts = packed(whole, most)
    assert [len(part.rows) for part in parts] == sizes
    assert all(sum(row.amount for row in part.rows) == 0 for part in parts)


def test_a_key_that_no_part_can_hold() -> None:
    whole = bundles([leg("1", "1080.00", "1200.00")], FRAME)
    assert books.held(lambda: packed(whole, 2)) == "H-JE-LINES"
    assert packed(bundles([], FRAME), 2) == []
