"""Amounts, times and texts as they stand on the QuickBooks wire."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Number = Decimal | int

CENT = Decimal("0.01")
PACIFIC = ZoneInfo("America/Los_Angeles")
_FINEST = Decimal("0.0000001")
_WIDE = Context(prec=80)


def cents(value: Number) -> Decimal:
    """Round half up to two places."""
    return Decimal(value).quantize(CENT, ROUND_HALF_UP, _WIDE)


def money(value: Number) -> Number:
    """An amount for the wire: two decimals in the text, but a bare 0."""
    rounded = cents(value)
    return rounded or 0


def bare(value: Number) -> Number:
    """A quantity, price or rate for the wire: no trailing zeros, never an exponent."""
    if isinstance(value, int):
        return value
    if value == value.to_integral_value():
        return int(value)
    return Decimal(format(value.quantize(_FINEST, ROUND_HALF_UP, _WIDE).normalize(), "f"))


class Unreadable(Exception):
    """A text that is not what it should be: no number, no day, no instant."""


def stamp(at: datetime) -> str:
    """`MetaData` form: Pacific time, seconds, numeric offset."""
    return at.astimezone(PACIFIC).isoformat(timespec="seconds")


def envelope_time(at: datetime) -> str:
    """`time` form: Pacific time with milliseconds."""
    return at.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def seconds(at: datetime) -> int:
    """Whole seconds since 1970 of an aware instant."""
    return int(at.timestamp())


def from_seconds(value: int) -> datetime:
    """The instant in UTC."""
    return datetime.fromtimestamp(value, UTC)


def company_day(at: datetime) -> str:
    """The company's calendar day of an instant, as `YYYY-MM-DD`."""
    return at.astimezone(PACIFIC).date().isoformat()


def parse_day(text: str) -> str:
    """Normalise a date, or a date-time cut to its day; raises Unreadable."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise Unreadable(text) from error


def parse_instant(text: str) -> datetime:
    """Read ISO 8601; without an offset it is Pacific time. Raises Unreadable (also out of range)."""
    try:
        at = datetime.fromisoformat(text)
        local = at.replace(tzinfo=PACIFIC) if at.tzinfo is None else at
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(text) from error


def fold(text: str) -> str:
    """The form under which names are compared: case does not matter."""
    return text.casefold()
