"""What a value of a scenario file may be: each kind says in words what it takes, and turns it into ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from ml_connector.model import money

REFERENCE = re.compile(r"\$\{([^{}]+)\}")
_SPAN = re.compile(r"\s*([0-9]+)\s*(day|hour|minute|second|d|h|min|s)s?\b[\s,]*(?:and\s)?", re.IGNORECASE)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class Kind(NamedTuple):
    """A kind of value. `words` say what it takes; `convert` raises `ValueError`, with a reason if it has one.

    `rows` are the keys of a kind that is a list of tables.
    """

    words: str
    convert: Callable[[Any], Any]
    rows: tuple[Param, ...] = ()


class Param(NamedTuple):
    """A key that may stand in an entry."""

    name: str
    kind: Kind
    words: str
    required: bool = False


def has_reference(raw: Any) -> bool:
    """Whether a `${name}` stands anywhere in a value; it is filled in only when the entry is played."""
    if isinstance(raw, dict):
        return any(map(has_reference, raw.values()))
    if isinstance(raw, list):
        return any(map(has_reference, raw))
    return isinstance(raw, str) and REFERENCE.search(raw) is not None


def _text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal | date):
        raise ValueError
    return f"{raw:f}" if isinstance(raw, Decimal) else str(raw)


def _flag(raw: Any) -> bool:
    known = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(raw, bool):
        return raw
    return known[raw.strip().lower()] if isinstance(raw, str) and raw.strip().lower() in known else _never()


def _never() -> Any:
    raise ValueError


def _count(raw: Any) -> int:
    if isinstance(raw, str) and raw.strip().isdecimal():
        return int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError
    return int(raw)


def _amount(raw: Any) -> Decimal:
    """Exact, from text with or without thousands commas, or from a number of the file."""
    if isinstance(raw, bool):
        raise ValueError
    text = raw.replace(",", "").strip() if isinstance(raw, str) else raw
    try:
        return money.exact(text)
    except TypeError as error:
        raise ValueError from error


def _day(raw: Any) -> date:
    if isinstance(raw, datetime):
        raise ValueError
    return raw if isinstance(raw, date) else date.fromisoformat(raw.strip()) if isinstance(raw, str) else _never()


def _moment(raw: Any) -> date | datetime:
    """A day, or an instant; an instant without a zone is in that of the company, which the player knows."""
    if isinstance(raw, datetime):
        return raw
    if isinstance(raw, str) and len(raw.strip()) > 10:
        return datetime.fromisoformat(raw.strip())
    return _day(raw)


def _span(raw: Any) -> timedelta:
    text = raw if isinstance(raw, str) else _never()
    parts = list(_SPAN.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise ValueError
    return sum((timedelta(**{_UNITS[p[2][0].lower()]: int(p[1])}) for p in parts), timedelta(0))


def _texts(raw: Any) -> list[str]:
    return [_text(text) for text in raw] if isinstance(raw, list) else [_text(raw)]


def _table(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else _never()


def _anything(raw: Any) -> Any:
    return raw


def choice(*words: str) -> Kind:
    """One of a few words, in any case."""
    known = {word.lower(): word for word in words}

    def convert(raw: Any) -> str:
        return known[raw.strip().lower()] if isinstance(raw, str) and raw.strip().lower() in known else _never()

    return Kind("one of " + ", ".join(f"`{word}`" for word in words), convert)


def rows(*params: Param) -> Kind:
    """A list of tables with these keys. The reader converts them, so that it can name the place."""
    names = ", ".join(f"`{param.name}`" for param in params)

    def convert(raw: Any) -> list[dict[str, Any]]:
        tables = [raw] if isinstance(raw, dict) else raw
        return tables if isinstance(tables, list) and all(isinstance(table, dict) for table in tables) else _never()

    return Kind(f"list of tables with {names}", convert, params)


TEXT = Kind("text", _text)
FLAG = Kind("`true` or `false`", _flag)
COUNT = Kind("whole number", _count)
AMOUNT = Kind('amount as text, such as `"1,250.00"`', _amount)
AMOUNTS = Kind("list of amounts", lambda raw: [_amount(amount) for amount in raw])
DAY = Kind("day, such as `2026-11-22`", _day)
MOMENT = Kind("day, or instant such as `2026-11-01T03:30:00Z`", _moment)
MOMENT_OR_FLAG = Kind(
    "`true`, `false`, a day, or an instant", lambda raw: _flag(raw) if raw in (True, False) else _moment(raw)
)
SPAN = Kind('length of time, such as `"1 day 2 hours"`', _span)
TEXTS = Kind("list of texts, or one text", _texts)
TABLE = Kind("table", _table)
ANY = Kind("any value", _anything)


def instant(value: date | datetime, zone: tzinfo, hour: int = 9) -> datetime:
    """The UTC instant of a moment; a day is `hour` o'clock of that day in the company's zone."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, hour)  # noqa: DTZ001 - gets the company's zone below
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
