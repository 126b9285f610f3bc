"""Text as a terminal may show it: foreign characters made harmless, lines folded, amounts whole."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import wcwidth

from ml_connector.model import money

from .address import GLUE, glued

_JOINERS = "\u200c\u200d"
_NARROWEST = 8
_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")


def safe(value: object) -> str:
    """Foreign text without power over the terminal: control characters and direction overrides as `\\u202e`."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe_character(character) for character in text)


def safe_json(document: str) -> str:
    """A JSON document that says the same, without a character that has power over a terminal or over the order of what
    is read. Outside of its texts JSON has none, and inside they have an escape."""
    if document.isascii() and "\x7f" not in document:
        return document
    return "".join(character if _is_safe(character) else _escaped(character) for character in document)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


@lru_cache(maxsize=4096)
def _is_safe(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSAFE


@lru_cache(maxsize=4096)
def _safe_character(character: str) -> str:
    if _is_safe(character):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width_of(text: str) -> int:
    """Columns that a text takes in a terminal; wide characters take two, joined ones none."""
    return len(text) if text.isascii() else wcwidth.width(text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text in `width` columns at least, at their left end, or at their `right` one. Nothing is cut."""
    return wcwidth.rjust(text, width) if right else wcwidth.ljust(text, width)


def fold(text: str, width: int | None) -> list[str]:
    """The text in lines of at most `width` columns (8 at least; None: one line), broken at blanks, inside a word only
    where it is longer than a line. Commands in it name the home."""
    text = glued(text)
    if width is None or width_of(text) <= width:
        return [text.replace(GLUE, " ")]
    lines = wcwidth.wrap(text, max(width, _NARROWEST), break_on_hyphens=False) or [""]
    return [line.replace(GLUE, " ") for line in lines]


def hanging(head: str, text: str, width: int | None) -> list[str]:
    """`head` and beside it the folded text, its further lines indented; below it where there is no room. Lines of at
    most `width` columns."""
    indent = width_of(head)
    if width is not None and width - indent < 16 and indent > 4:
        return [*fold(head.rstrip(), width), *(f"    {line}" for line in fold(text, width - 4))]
    first, *further = fold(text, None if width is None else width - indent)
    return [f"{head}{first}".rstrip(), *(f"{' ' * indent}{line}" for line in further)]


def amount(value: Any, currency: str = "") -> str:
    """An amount in `currency` (ISO code) as `1,200.50`, `-3.00`; blank for none. Digits of the currency at least, never
    rounded."""
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
    """Pairs of an amount and its currency as `9,000.00 USD + 2,100.00 EUR`: sums that never cross currencies."""
    sums: dict[str, Decimal] = {}
    for value, currency in pairs:
        if value is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + value
    return " + ".join(f"{amount(total, name)} {name}".rstrip() for name, total in sorted(sums.items()))


def moment(at: datetime | None, zone: tzinfo = UTC) -> str:
    """An instant in `zone` as `2026-11-22 14:03 PST`, with its offset where the zone has no name; `never` for none."""
    if at is None:
        return "never"
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {local:%Z}"


def count(number: int, noun: str, many: str = "") -> str:
    """A number with its noun: `1 hold`, `1,240 holds`; `many` where the plural is not made with an s."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def age(hours: int) -> str:
    """`5 h`, from a day on `2 days`."""
    return f"{hours} h" if hours < 24 else count(hours // 24, "day")


def words(name: str) -> str:
    """`customer_to_account` as people say it."""
    return safe(name).replace("_", " ")


def system_name(name: str) -> str:
    """A system as people write it."""
    return {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}.get(name) or safe(name)
