"""Rounding and splitting (accounting-rules B.2, B.8)."""

from __future__ import annotations

import random
from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model import money

D = Decimal
amounts = st.decimals(min_value="-99999999", max_value="99999999", places=4)
currencies = st.sampled_from(["USD", "EUR", "JPY"])


@pytest.mark.parametrize(
    ("x", "currency", "expected"),
    [
        ("0.005", "USD", "0.01"),
        ("-0.005", "USD", "-0.01"),
        ("0.0049999", "USD", "0.00"),
        ("-0.004", "USD", "0.00"),
        ("2.675", "USD", "2.68"),
        ("1.5", "JPY", "2"),
        ("-2.5", "JPY", "-3"),
        ("12.3456", "KWD", "12.35"),  # a currency with three digits still gets two
        ("100", "USD", "100.00"),
    ],
)
def test_q_rounds_half_away_from_zero(x: str, currency: str, expected: str) -> None:
    assert str(money.q(D(x), currency)) == expected
    assert str(money.q(Fraction(x), currency)) == expected


def test_rate_of_salesforce_inverted() -> None:
    assert money.round_to(1 / Fraction("0.9217"), 6) == D("1.084952")


LR = [
    # exacts, target, currency, expected
    (["33.335", "33.335", "33.335"], "100.01", "USD", ["33.34", "33.34", "33.33"]),
    (["33.335", "33.335", "33.335"], "100.00", "USD", ["33.34", "33.33", "33.33"]),
    (
        ["33.335", "33.335", "33.335"],
        "100.05",
        "USD",
        ["33.35", "33.35", "33.35"],
    ),  # more units than lines: round again
    (["33.335", "33.335", "33.335"], "99.97", "USD", ["33.33", "33.32", "33.32"]),  # taken back in reverse order
    (["333.333", "333.333", "333.334"], "1000.00", "USD", ["333.33", "333.33", "333.34"]),
    (["50.005", "50.005"], "100.01", "USD", ["50.01", "50.00"]),
    (["-50.005", "-50.005"], "-100.01", "USD", ["-50.01", "-50.00"]),
    (["5000.005", "3000.003", "2000.002"], "10000.01", "USD", ["5000.01", "3000.00", "2000.00"]),
    (["0.025", "0.015", "0.01"], "0.05", "USD", ["0.03", "0.01", "0.01"]),
    (["10.005", "20.005"], "30.01", "USD", ["10.00", "20.01"]),  # tie: the larger amount first
    (["0.005", "-0.005"], "0.00", "USD", ["0.01", "-0.01"]),
    (["0.4", "0.3", "0.3"], "1", "JPY", ["1", "0", "0"]),
    (["361.663050", "361.663050", "361.673900"], "1085.00", "USD", ["361.66", "361.66", "361.68"]),
    ([], "0.00", "USD", []),
]


@pytest.mark.parametrize(("exacts", "target", "currency", "expected"), LR)
def test_largest_remainder(exacts: list[str], target: str, currency: str, expected: list[str]) -> None:
    got = money.lr([D(exact) for exact in exacts], D(target), currency, range(len(exacts)))
    assert [str(each) for each in got] == expected


@given(st.lists(amounts, min_size=1, max_size=12), st.integers(-500, 500), currencies)
def test_the_parts_always_sum_to_the_target(exacts: list[Decimal], off: int, currency: str) -> None:
    target = money.q(money.total(exacts), currency) + off * money.unit(currency)
    parts = money.lr(exacts, target, currency, range(len(exacts)))
    assert money.total(parts) == target
    assert all(money.q(part, currency) == part for part in parts)


@given(st.lists(amounts, min_size=1, max_size=12), currencies)
def test_no_part_moves_by_a_whole_unit_when_the_target_is_the_rounded_sum(exacts: list[Decimal], currency: str) -> None:
    parts = money.lr(exacts, money.q(money.total(exacts), currency), currency, range(len(exacts)))
    assert all(abs(part - each) < money.unit(currency) for part, each in zip(parts, exacts, strict=True))


@given(st.lists(amounts, min_size=1, max_size=12), currencies)
def test_negatives_mirror_positives(exacts: list[Decimal], currency: str) -> None:
    target = money.q(money.total(exacts), currency)
    if target == 0:
        return
    keys = range(len(exacts))
    mirrored = money.lr([-exact for exact in exacts], -target, currency, keys)
    assert mirrored == [-part for part in money.lr(exacts, target, currency, keys)]


@given(st.lists(amounts, min_size=1, max_size=12), currencies, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(exacts: list[Decimal], currency: str, chance: random.Random) -> None:
    target = money.q(money.total(exacts), currency)
    keyed = dict(enumerate(money.lr(exacts, target, currency, range(len(exacts)))))
    keys = list(keyed)
    chance.shuffle(keys)
    assert money.lr([exacts[key] for key in keys], target, currency, keys) == [keyed[key] for key in keys]


@given(amounts, st.lists(st.integers(1, 1000), min_size=1, max_size=8), currencies)
def test_shares_sum_to_the_whole(amount: Decimal, weights: list[int], currency: str) -> None:
    whole = money.q(amount, currency)
    assert money.total(money.share(whole, weights, currency, range(len(weights)))) == whole


def test_shares_of_nothing_and_targets_between_units_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to zero"):
        money.share(D("1.00"), [1, -1], "USD", [1, 2])
    with pytest.raises(ValueError, match="minor units"):
        money.lr([D("0.005")], D("0.005"), "USD", [1])
    with pytest.raises(ValueError, match="key of its own"):
        money.lr([D(1), D(1)], D(2), "USD", [1, 1])
    with pytest.raises(ValueError, match="over nothing"):
        money.lr([], D(2), "USD", [])


@pytest.mark.parametrize("wrong", [1.5, True, None, "1.5x", "1_0", "1e400", "NaN", D("Infinity"), [1]])
def test_floats_and_what_is_no_number_are_refused(wrong: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        money.exact(wrong)


def test_sums_never_round_silently() -> None:
    assert money.total([D("0.1")] * 10) == D(1)
    with pytest.raises(Inexact):
        money.total([D("1e60"), D("1e-60")])
    with pytest.raises(TypeError):
        money.total([0.1])  # type: ignore[list-item]  # the point of the test


@pytest.mark.parametrize(
    ("amount", "currency", "plain", "spoken"),
    [
        ("4200", "USD", "4200", "4,200.00 USD"),
        ("-1234567.80", "EUR", "-1234567.80", "-1,234,567.80 EUR"),
        ("1E+3", "JPY", "1000", "1,000 JPY"),
        ("-0.00", "USD", "0.00", "0.00 USD"),
        ("33.335", "USD", "33.335", "33.335 USD"),
    ],
)
def test_text_forms(amount: str, currency: str, plain: str, spoken: str) -> None:
    assert money.plain(D(amount)) == plain
    assert money.spoken(D(amount), currency) == spoken


@pytest.mark.parametrize(
    ("amounts", "currency", "shown"),
    [
        ([], "USD", "0.00"), ([], "JPY", "0"), (["1"], "USD", "1.00"), (["1.00"], "JPY", "1"),
        (["0.5", "0.25"], "KWD", "0.75"), (["100.005"], "USD", "100.005"), (["0.125"], "BHD", "0.125"),
    ],
)  # fmt: skip
def test_sums_keep_every_digit_and_have_those_of_the_currency(amounts: list[str], currency: str, shown: str) -> None:
    assert f"{money.summed(map(Decimal, amounts), currency):f}" == shown
