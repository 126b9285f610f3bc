"""Instants and days. Both are kept as the text the API shows, in UTC: such texts sort as the times do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?\Z",
    re.IGNORECASE,
)
_YEARS = range(1700, 4001)


def stamp(moment: datetime) -> str:
    """`2026-01-05T12:00:00.000+0000`, cut to whole seconds as record stamps are."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def exact(moment: datetime) -> str:
    """The text of an aware instant with its milliseconds, in UTC: `2026-01-05T12:00:30.250+0000`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def moment(text: str) -> datetime:
    """Back from `stamp` or `exact`."""
    return datetime.fromisoformat(text)


def parse_date(text: str) -> str | None:
    """The text itself when it is a day of the calendar between 1700 and 4000."""
    day = _DATE.match(text)
    if not day or int(day[1]) not in _YEARS:
        return None
    try:
        date(int(day[1]), int(day[2]), int(day[3]))
    except ValueError:  # no day of the calendar
        return None
    return text


def _zone(text: str | None) -> timezone | None:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if shift >= timedelta(hours=24):
        return None
    return timezone(-shift if text[0] == "-" else shift)


def parse_instant(text: str) -> datetime | None:
    """ISO 8601 with `Z`, an offset, or nothing (then UTC); None when it is no instant."""
    match = _INSTANT.match(text)
    zone = _zone(match[8]) if match else None
    if not match or zone is None or int(match[1]) not in _YEARS:
        return None
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    year, month, day, hour, minute, second = (int(match[place] or 0) for place in range(1, 7))
    try:
        return datetime(year, month, day, hour, minute, second, micro, zone).astimezone(UTC)
    except (ValueError, OverflowError):  # no moment of the calendar
        return None
