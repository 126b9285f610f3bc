"""Splitting a line by percentages (accounting-rules B.8)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from ml_connector.model import money
from ml_connector.model.held import Held
from ml_connector.model.triggers import SETTINGS

HUNDRED = Decimal(100)
Dims = tuple[str, str]
_LONGEST_ID = 40


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """One share of a line. `percent` has up to 4 decimals; `class_=None` keeps the line's own class."""

    percent: Decimal
    department: str
    class_: str | None = None

    def dims(self, own: Dims) -> Dims:
        """Department and class ids of this share; `own` are those of the line."""
        return self.department, own[1] if self.class_ is None else self.class_


def split_amount(amount: Decimal, splits: Sequence[Split], own: Dims, currency: str) -> list[tuple[Dims, Decimal]]:
    """`amount` (rounded, in `currency`) per department and class, in the order of the splits; the line's own without.

    Raises `Held` (H-ALLOC-SUM) unless the percentages are exactly 100.0000.
    """
    if not splits:
        return [(own, amount)]
    check_splits(splits)
    dims = [split.dims(own) for split in splits]
    exacts = [Fraction(amount) * Fraction(split.percent) / 100 for split in splits]
    keys = [(*dims_key(pair), place) for place, pair in enumerate(dims)]
    return list(zip(dims, money.lr(exacts, amount, currency, keys), strict=True))


def check_splits(splits: Sequence[Split]) -> None:
    """Percentages of at most 4 decimals, none negative, that sum to exactly 100.0000."""
    whole = money.total(split.percent for split in splits)
    if whole == HUNDRED and all(split.percent >= 0 and _places(split.percent) <= 4 for split in splits):
        return
    raise Held(
        code="H-ALLOC-SUM",
        waits_for=(SETTINGS,),
        split=" / ".join(money.plain(split.percent) for split in splits),
        sum=f"{money.round_to(whole, 4):.4f}",
        difference=money.plain(abs(money.less(HUNDRED, whole)).normalize()),
    )


def dims_key(dims: Dims) -> tuple[tuple[int, int, str], ...]:
    """Sorts department id, then class id: as numbers, blank last (B.5)."""
    return tuple(id_key(id_) for id_ in dims)


def id_key(id_: str) -> tuple[int, int, str]:
    """Sorts an id of QuickBooks: numbers by value, then other texts, blank last (B.5)."""
    if id_.isdecimal() and len(id_) < _LONGEST_ID:
        return (0, int(id_), "")
    return (1, 0, id_) if id_ else (2, 0, "")


def _places(percent: Decimal) -> int:
    return max(0, -int(percent.normalize().as_tuple().exponent))
