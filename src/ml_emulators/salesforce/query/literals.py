"""Literals of a query: escapes, LIKE patterns, and date literals in the zone of the running user."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ml_emulators.salesforce import times

from .tree import malformed

_PAIR = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CHARS = {"'": "'", '"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_LONGEST = 4000


def _read_pair(escape: re.Match[str]) -> str:
    pair = escape[1]
    if len(pair) == 5:
        return chr(int(pair[1:], 16))
    if pair.lower() not in _CHARS:
        raise malformed(f"Illegal character escape sequence \\{pair}")
    return _CHARS[pair.lower()]


def unescape(text: str) -> str:
    """What stands between the quotes, escapes read."""
    if len(text) > _LONGEST:
        raise malformed("string literals cannot be longer than 4000 characters")
    return _PAIR.sub(_read_pair, text) if "\\" in text else text


def like_pattern(text: str) -> re.Pattern[str]:
    """`%` any text, `_` one character; backslash takes away their meaning. Case does not matter."""
    parts, place = [], 0
    while place < len(text):
        escape = _PAIR.match(text, place)
        if escape:
            mark = escape[1]
            parts.append(re.escape(mark if mark in ("%", "_") else _read_pair(escape)))
            place = escape.end()
        else:
            parts.append({"%": ".*", "_": "."}.get(text[place]) or re.escape(text[place]))
            place += 1
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


Span = tuple[date, date]


def _month(day: date, shift: int) -> date:
    months = day.year * 12 + day.month - 1 + shift
    return date(months // 12, months % 12 + 1, 1)


def _days(first: int, last: int) -> Callable[[date], Span]:
    return lambda today: (today + timedelta(first), today + timedelta(last))


def _weeks(first: int, last: int) -> Callable[[date], Span]:
    def span(today: date) -> Span:
        sunday = today - timedelta((today.weekday() + 1) % 7)
        return sunday + timedelta(7 * first), sunday + timedelta(7 * last)

    return span


def _months(first: int, last: int) -> Callable[[date], Span]:
    return lambda today: (_month(today, first), _month(today, last))


def _quarters(first: int, last: int) -> Callable[[date], Span]:
    def span(today: date) -> Span:
        start = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
        return _month(start, 3 * first), _month(start, 3 * last)

    return span


def _years(first: int, last: int) -> Callable[[date], Span]:
    return lambda today: (date(today.year + first, 1, 1), date(today.year + last, 1, 1))


_FIXED = {
    "YESTERDAY": _days(-1, 0),
    "TODAY": _days(0, 1),
    "TOMORROW": _days(1, 2),
    "LAST_90_DAYS": _days(-90, 1),
    "NEXT_90_DAYS": _days(1, 91),
    **{f"{word}_WEEK": _weeks(n, n + 1) for word, n in (("LAST", -1), ("THIS", 0), ("NEXT", 1))},
    **{f"{word}_MONTH": _months(n, n + 1) for word, n in (("LAST", -1), ("THIS", 0), ("NEXT", 1))},
    **{f"{word}_QUARTER": _quarters(n, n + 1) for word, n in (("LAST", -1), ("THIS", 0), ("NEXT", 1))},
    **{f"{word}_YEAR": _years(n, n + 1) for word, n in (("LAST", -1), ("THIS", 0), ("NEXT", 1))},
    # The fiscal year of the org begins with the calendar's.
    **{f"{word}_FISCAL_QUARTER": _quarters(n, n + 1) for word, n in (("LAST", -1), ("THIS", 0), ("NEXT", 1))},
    **{f"{word}_FISCAL_YEAR": _years(n, n + 1) for word, n in (("LAST", -1), ("THIS", 0), ("NEXT", 1))},
}
_COUNTED: dict[str, Callable[[int], Callable[[date], Span]]] = {
    "LAST_N_DAYS": lambda n: _days(-n, 1),
    "NEXT_N_DAYS": lambda n: _days(1, n + 1),
    "N_DAYS_AGO": lambda n: _days(-n, 1 - n),
    "LAST_N_WEEKS": lambda n: _weeks(-n, 0),
    "NEXT_N_WEEKS": lambda n: _weeks(1, n + 1),
    "LAST_N_MONTHS": lambda n: _months(-n, 0),
    "NEXT_N_MONTHS": lambda n: _months(1, n + 1),
    "LAST_N_QUARTERS": lambda n: _quarters(-n, 0),
    "NEXT_N_QUARTERS": lambda n: _quarters(1, n + 1),
    "LAST_N_YEARS": lambda n: _years(-n, 0),
    "NEXT_N_YEARS": lambda n: _years(1, n + 1),
    "N_WEEKS_AGO": lambda n: _weeks(-n, 1 - n),
    "N_MONTHS_AGO": lambda n: _months(-n, 1 - n),
    "N_QUARTERS_AGO": lambda n: _quarters(-n, 1 - n),
    "N_YEARS_AGO": lambda n: _years(-n, 1 - n),
    "LAST_N_FISCAL_QUARTERS": lambda n: _quarters(-n, 0),
    "NEXT_N_FISCAL_QUARTERS": lambda n: _quarters(1, n + 1),
    "N_FISCAL_QUARTERS_AGO": lambda n: _quarters(-n, 1 - n),
    "LAST_N_FISCAL_YEARS": lambda n: _years(-n, 0),
    "NEXT_N_FISCAL_YEARS": lambda n: _years(1, n + 1),
    "N_FISCAL_YEARS_AGO": lambda n: _years(-n, 1 - n),
}


def named_span(text: str, now: datetime, zone: ZoneInfo) -> Span | None:
    """First day and the day after the last one of a date literal; None when the word is none."""
    name, _, number = text.upper().partition(":")
    today = now.astimezone(zone).date()
    try:
        if number:
            made = _COUNTED.get(name)
            return made(int(number))(today) if made else None
        fixed = _FIXED.get(name)
        return fixed(today) if fixed else None
    except (OverflowError, ValueError):
        raise malformed(f"date literal out of range: {text}") from None


def midnight(day: date, zone: ZoneInfo) -> str:
    """When the day starts in the zone, as the stored text of an instant."""
    return times.stamp(datetime.combine(day, time(), zone).astimezone(UTC))
