"""Exact amounts: rounding to the minor unit, splitting without a lost cent, and their text forms.

Amounts are `Decimal`. A `Fraction` may stand for a share before it is rounded; it is exact where a quotient of decimals
is not. Floats are refused. Nothing here rounds silently: sums and differences run in `EXACT`, which raises instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, FloatOperation, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from typing import Any

Number = Decimal | Fraction | int

ZERO = Decimal(0)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
EXACT = Context(prec=80, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact, FloatOperation])
"""Raises `decimal.Inexact` where a result would have to be rounded."""

_ROUNDING = Context(prec=80, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation])
_WITHOUT_MINOR_UNIT = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"}
    | {"VND", "VUV", "XAF", "XOF", "XPF"}
)
_UNITS = tuple(Decimal(1).scaleb(-digits) for digits in range(13))


def minor_digits(currency: str) -> int:
    """Digits after the point: USD 2, JPY 0, never more than 2 (accounting-rules B.2)."""
    return 0 if currency in _WITHOUT_MINOR_UNIT else 2


def unit(currency: str) -> Decimal:
    """The minor unit: `0.01` for USD, `1` for JPY."""
    return _UNITS[minor_digits(currency)]


def exact(value: object) -> Decimal:
    """A finite `Decimal` from a Decimal, an int or decimal text; `TypeError` for floats, `ValueError` for no number."""
    amount = value if isinstance(value, Decimal) else _read(value)
    if not amount.is_finite() or not -60 <= amount.adjusted() <= 60:
        raise ValueError(f"{value!r} is no amount")
    return amount


def _read(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"{type(value).__name__} is no amount; amounts are Decimal, int or text")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(f"{value!r} is no amount")
    return Decimal(value)


def as_fraction(value: Number) -> Fraction:
    """The same number as a fraction; floats, NaN and infinity are refused."""
    return value if isinstance(value, Fraction) else Fraction(exact(value))


def q(x: Number, currency: str) -> Decimal:
    """`x` rounded half away from zero to the minor unit of `currency` (accounting-rules B.2). Never minus zero."""
    return round_to(x, minor_digits(currency))


def round_to(x: Number, digits: int) -> Decimal:
    """`x` rounded half away from zero to `digits` after the point. Exchange rates have 6 (accounting-rules B.9)."""
    if type(x) is not Decimal and isinstance(x, Fraction):
        scaled = abs(x) * 10**digits
        units = int(scaled + Fraction(1, 2))
        return _from_units(-units if x < 0 else units, digits)
    step = _UNITS[digits] if 0 <= digits < len(_UNITS) else Decimal(1).scaleb(-digits)
    rounded = exact(x).quantize(step, context=_ROUNDING)
    return rounded or abs(rounded)


def _from_units(units: int, digits: int) -> Decimal:
    return Decimal(units).scaleb(-digits, context=EXACT)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; raises `decimal.Inexact` rather than drop a digit, `TypeError` for a float."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, exact(amount))
    return result


def summed(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The exact sum of amounts in `currency`, with at least its digits: `0.00` USD, `0` JPY."""
    exactly = total(amounts)
    rounded = q(exactly, currency)
    return rounded if rounded == exactly else exactly


def times(a: Decimal, b: Decimal) -> Decimal:
    """The exact product, for example an amount times a rate; it is rounded where it becomes an amount again."""
    return EXACT.multiply(exact(a), exact(b))


def less(a: Decimal, b: Decimal) -> Decimal:
    """The exact difference `a - b`."""
    return EXACT.subtract(exact(a), exact(b))


def lr(exacts: Sequence[Number], target: Decimal, currency: str, keys: Sequence[Any]) -> list[Decimal]:
    """Round `exacts` so that they sum to `target`, by largest remainder (accounting-rules B.2).

    Every amount is floored to the minor unit; the units then missing go one each to the largest fractions, ties to
    the larger absolute amount, then to the lower key. More units missing than amounts: round again in the same order;
    fewer than none: taken back in reverse order. A negative target is split as its absolute value and negated, so
    that negatives mirror positives.

    `keys` are distinct and sortable, one for each amount; `target` is a whole number of minor units, else `ValueError`.
    """
    _check(exacts, target, currency, keys)
    parts = [as_fraction(each) for each in exacts]
    if target < 0:
        return [negated(each) for each in _lr([-part for part in parts], -target, currency, keys)]
    return _lr(parts, target, currency, keys)


def _check(exacts: Sequence[Number], target: Decimal, currency: str, keys: Sequence[Any]) -> None:
    if q(target, currency) != target:
        raise ValueError(f"{target} is not a whole number of minor units of {currency}")
    if len(keys) != len(exacts) or len(set(keys)) != len(keys):
        raise ValueError("every amount needs a key of its own")
    if not exacts and target:
        raise ValueError(f"{target} cannot be split over nothing")


def _lr(exacts: list[Fraction], target: Decimal, currency: str, keys: Sequence[Any]) -> list[Decimal]:
    digits = minor_digits(currency)
    scaled = [each * 10**digits for each in exacts]
    units = [each.numerator // each.denominator for each in scaled]
    order = sorted(range(len(exacts)), key=lambda i: (units[i] - scaled[i], -abs(exacts[i]), keys[i]))
    missing = int(target.scaleb(digits, context=EXACT)) - sum(units)
    rounds, rest = divmod(abs(missing), len(units) or 1)
    step = 1 if missing > 0 else -1
    for place, index in enumerate(order if missing > 0 else reversed(order)):
        units[index] += step * (rounds + (place < rest))
    return [_from_units(each, digits) for each in units]


def share(amount: Decimal, weights: Sequence[Number], currency: str, keys: Sequence[Any]) -> list[Decimal]:
    """`amount` in `currency` split in proportion to `weights` by `lr`. Raises `ValueError` where they sum to zero."""
    parts = [as_fraction(weight) for weight in weights]
    whole = sum(parts, Fraction(0))
    if whole == 0:
        raise ValueError("weights that sum to zero cannot share an amount")
    return lr([as_fraction(amount) * part / whole for part in parts], amount, currency, keys)


def negated(amount: Decimal) -> Decimal:
    """`-amount`, never minus zero."""
    return EXACT.minus(amount) if amount else abs(amount)


def plain(amount: Decimal) -> str:
    """Canonical text without exponent or grouping, as stored and compared: `1200.50`, `-3`, `0.00`."""
    amount = exact(amount)
    return format(amount or abs(amount), "f")


def spoken(amount: Decimal | None, currency: str) -> str:
    """As sentences say it: `4,200.00 USD`, `-150.00 USD`; without an amount, `an amount not known`."""
    if amount is None:
        return "an amount not known"
    return f"{grouped(amount, currency)} {currency}".rstrip()


def grouped(amount: Decimal, currency: str) -> str:
    """With thousands separators and at least the digits of the currency: `4,200.00`; more digits stay as they are."""
    amount = exact(amount)
    digits = max(minor_digits(currency), -int(amount.normalize(EXACT).as_tuple().exponent))
    return format(amount or abs(amount), f",.{digits}f")
