"""Numbers: exact decimals inside, written the way the API writes doubles (`100.0`, `2.5E8`)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import msgspec

MOST_PLACES = 24
"""So many decimals of a number the API keeps, whatever the scale of its field says."""

_QUANTA = {scale: Decimal(1).scaleb(-scale) for scale in range(MOST_PLACES + 1)}
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_TENTH = _QUANTA[1]
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ZERO = Decimal("0.0")
_PLAIN_BELOW = Decimal(10_000_000)
_PLAIN_FROM = Decimal("0.001")


def tidy(value: Decimal, scale: int) -> Decimal:
    """Rounded half up to `scale`, without trailing zeros but with at least one decimal place.

    Raises `InvalidOperation` for values of more than 60 digits.
    """
    short = _WIDE.normalize(_WIDE.quantize(value, _QUANTA[scale]))
    if not short:
        return _ZERO
    exponent = short.as_tuple().exponent
    return short if isinstance(exponent, int) and exponent < 0 else _WIDE.quantize(short, _TENTH)


def parse(value: Any) -> Decimal | None:
    """A JSON number, or a string that spells one, as a finite decimal; None for everything else."""
    if isinstance(value, str):
        return _spelled(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def _spelled(text: str) -> Decimal | None:
    try:
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:  # it is no number
        return None


def _scientific(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    power = len(text) + int(exponent) - 1
    fraction = text[1:].rstrip("0") or "0"
    return f"{'-' if sign else ''}{text[0]}.{fraction}E{power}".encode()


def on_wire(value: Decimal) -> Decimal | msgspec.Raw:
    """The number as JSON text shows it: plain from 0.001 up to ten million, scientific outside."""
    size = abs(value)
    if _PLAIN_FROM <= size < _PLAIN_BELOW or not size:
        return value
    return msgspec.Raw(_scientific(value))


def is_plain(value: Decimal) -> bool:
    """True when the stored decimal is already what the wire shows."""
    return _PLAIN_FROM <= value < _PLAIN_BELOW
