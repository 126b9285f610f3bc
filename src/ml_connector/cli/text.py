"""Text as a terminal may show it: foreign characters made harmless, lines folded, amounts whole."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from ml_connector.model import money

_JOINERS = "\u200c\u200d"
_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")


def safe(value: object) -> str:
    """Foreign text without power over the terminal: control characters and direction overrides as `\\u202e`."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe_character(each) for each in text)


@lru_cache(maxsize=4096)
def _safe_character(each: str) -> str:
    if each in _JOINERS or unicodedata.category(each) not in _UNSAFE:
        return each
    return f"\\u{ord(each):04x}" if ord(each) < 0x10000 else f"\\U{ord(each):08x}"


def width_of(text: str) -> int:
    """Columns that a text takes; wide characters take two, joined ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(each) for each in text)


@lru_cache(maxsize=4096)
def _columns(each: str) -> int:
    if unicodedata.combining(each) or each in _JOINERS or unicodedata.category(each) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(each) in "WF" else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    blank = " " * max(0, width - width_of(text))
    return blank + text if right else text + blank


def fold(text: str, width: int | None) -> list[str]:
    """The text in lines of at most `width` columns, broken at blanks, inside words only where it must be."""
    if width is None or width_of(text) <= width:
        return [text]
    width = max(width, 8)
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if width_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width)
        lines += full
    return [each.rstrip() for each in [*lines, line] if each.strip()] or [""]


def _broken(word: str, width: int) -> list[str]:
    parts, part = [], ""
    for each in word:
        if width_of(part + each) > width:
            parts.append(part)
            part = ""
        part += each
    return [*parts, part]


def hanging(head: str, text: str, width: int | None) -> list[str]:
    """`head` and beside it the folded text, its further lines indented; below it where there is no room."""
    indent = width_of(head)
    if width is not None and width - indent < 16 and indent > 4:
        return [*fold(head.rstrip(), width), *(f"    {line}" for line in fold(text, width - 4))]
    first, *rest = fold(text, None if width is None else width - indent)
    return [f"{head}{first}".rstrip(), *(f"{' ' * indent}{line}" for line in rest)]


def amount(value: Any, currency: str = "") -> str:
    """`1,200.50`, `-3.00`; blank for none. Digits of the currency at least, never rounded."""
    number = decimal(value)
    return "" if number is None else money.grouped(number, currency)


def decimal(value: Any) -> Decimal | None:
    """An amount as it stands in a value or in a JSON document; None where there is none."""
    if value is None or value == "":
        return None
    try:
        return money.exact(value if isinstance(value, Decimal | int) else str(value))
    except (ValueError, InvalidOperation):
        return None


def by_currency(pairs: Iterable[tuple[Decimal | None, str]]) -> str:
    """`9,000.00 USD + 2,100.00 EUR`: sums that never cross currencies."""
    sums: dict[str, Decimal] = {}
    for value, currency in pairs:
        if value is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + value
    return " + ".join(f"{amount(total, name)} {name}".rstrip() for name, total in sorted(sums.items()))


def moment(at: datetime | None, zone: tzinfo = UTC) -> str:
    """`2026-11-22 14:03 PST`; with its offset where the zone has no name."""
    if at is None:
        return "never"
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {local:%Z}"


def count(number: int, one: str, many: str = "") -> str:
    """`1 hold`, `1,240 holds`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def words(name: str) -> str:
    """`customer_to_account` as people say it."""
    return safe(name).replace("_", " ")


def system_name(name: str) -> str:
    """A system as people write it."""
    return {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}.get(name) or safe(name)
