"""One spelling for each value, so that two systems can be compared: text, phone, country, web address, e-mail, amount.

Every function gives `None` for what is empty. Nothing here is ever written to a vendor; it is only compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from . import money

_EMAIL = re.compile(r"[^@\s,;<>\"()\[\]\\:]+@[^@\s,;<>\"()\[\]\\:]+\.[^@\s,;<>\"()\[\]\\:.]+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_OWN_COUNTRY_NAMES = {
    "united states of america": "US", "the united states": "US", "america": "US", "usa": "US",
    "u.s.a.": "US", "u.s.": "US",
    "uk": "GB", "u.k.": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "holland": "NL", "the netherlands": "NL", "deutschland": "DE", "österreich": "AT",
    "schweiz": "CH", "suisse": "CH", "españa": "ES", "italia": "IT", "brasil": "BR", "méxico": "MX",
    "czech republic": "CZ", "hong kong": "HK", "macau": "MO", "macao": "MO", "myanmar": "MM", "burma": "MM",
    "ivory coast": "CI", "korea": "KR", "republic of korea": "KR", "russian federation": "RU", "viet nam": "VN",
    "republic of ireland": "IE", "people's republic of china": "CN", "uae": "AE",
}  # fmt: skip


def text(value: str | None) -> str | None:
    """Without blanks at the ends and with single blanks inside."""
    return " ".join((value or "").split()) or None


def folded(value: str | None) -> str | None:
    """Text in which case does not count."""
    plain = text(value)
    return plain.casefold() if plain else None


def email(value: str | None) -> str | None:
    """In lower case without blanks around; whether it is one says `is_email`."""
    return (value or "").strip().lower() or None


def is_email(value: str) -> bool:
    """Whether it has the form that both vendors take: one `@`, and a point in what follows it."""
    return bool(_EMAIL.fullmatch(value)) and ".." not in value and not value.startswith(".") and ".@" not in value


@lru_cache(maxsize=4096)
def phone(value: str | None, country: str = "US") -> str | None:
    """E.164 (`+16175550100`) where it is a possible number in `country` (ISO alpha-2), else its digits."""
    import phonenumbers  # its tables cost 30 ms, which only a run needs

    written = (value or "").strip()
    try:
        number = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException:
        return "".join(filter(str.isdigit, written)) or text(written)
    if not phonenumbers.is_possible_number(number):
        return "".join(filter(str.isdigit, written)) or None
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain}x{number.extension}" if number.extension else plain


@lru_cache(maxsize=4096)
def country(value: str | None) -> str | None:
    """ISO alpha-2 for a code of two or three letters, a number or an English name; else the folded text."""
    plain = folded(value)
    if plain is None:
        return None
    names, aliases = _countries()
    if len(plain) == 2 and plain.upper() in names.values():
        return plain.upper()
    return _OWN_COUNTRY_NAMES.get(plain) or names.get(plain) or aliases.get(plain.upper()) or plain


@cache
def _countries() -> tuple[dict[str, str], dict[str, str]]:
    """Folded English name -> alpha-2, and alpha-3 or numeric code -> alpha-2."""
    from babel import Locale  # 40 ms, which only a run needs
    from babel.core import get_global

    territories = {code: name for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
    names = {name.casefold(): code for code, name in territories.items()}
    aliases: Mapping[str, Any] = get_global("territory_aliases")
    return names, {old: new[0] for old, new in aliases.items() if len(old) == 3 and new[0] in territories}


def host(value: str | None) -> str | None:
    """`acme.com` of `https://www.acme.com/about`; None if there is no point in it."""
    plain = _SCHEME.sub("", (value or "").strip().lower())
    name = re.split(r"[/?#]", plain, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].strip(".")
    name = name.removeprefix("www.")
    return name if "." in name and not re.search(r"\s", name) else None


def web(value: str | None) -> str | None:
    """A web address without scheme, `www.` and closing slash; the host in lower case."""
    plain = _SCHEME.sub("", (value or "").strip())
    start, slash, path = plain.partition("/")
    return (start.lower().removeprefix("www.") + slash + path).rstrip("/") or None


def amount(value: Decimal | None) -> str | None:
    """The number without closing zeros, so that `5` and `5.00` are the same."""
    if value is None:
        return None
    plain = money.plain(value)
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def flag(value: bool | None) -> str:
    """`true` or `false`: of a flag nothing is empty, a missing one counts as false."""
    return "true" if value else "false"


def day(value: date | str | None) -> str | None:
    """ISO text; a text is taken as it is."""
    return value.isoformat() if isinstance(value, date) else text(value)


def value(raw: Any) -> str | None:
    """Canonical text of any value of a record: amounts, flags, days and texts."""
    if isinstance(raw, bool):
        return flag(raw)
    if isinstance(raw, Decimal | int):
        return amount(Decimal(raw))
    return day(raw)
