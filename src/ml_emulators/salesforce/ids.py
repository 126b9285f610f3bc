"""Record ids: 15 characters that keep case, or 18 with a suffix that says which letters are upper-case."""

from __future__ import annotations

from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Hs0"
_PLAIN = frozenset(_DIGITS)


def _block(five: str) -> str:
    bits = sum(1 << place for place, letter in enumerate(five) if "A" <= letter <= "Z")
    return _SUFFIX[bits]


@lru_cache(maxsize=4096)
def _front(ten: str) -> str:
    return _block(ten[:5]) + _block(ten[5:])


def _to18(id15: str) -> str:
    return id15 + _front(id15[:10]) + _block(id15[10:])


def _base62(number: int, width: int) -> str:
    digits = []
    while number:
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits)).rjust(width, "0")


def make(prefix: str, number: int) -> str:
    """The 18-character id of the `number`th record of a kind; later ids sort after earlier ones."""
    return _to18(prefix + _POD + _base62(number, 9))


def _recase(five: str, sign: str) -> str | None:
    """A block of an 18-character id in the spelling its suffix character asks for."""
    bits = _SUFFIX.find(sign)
    if bits < 0:
        return None
    letters = [letter.upper() if bits >> place & 1 else letter.lower() for place, letter in enumerate(five)]
    block = "".join(letters)
    return block if _block(block) == sign else None


def _restore(text: str) -> str | None:
    signs = text[15:].upper()
    blocks = [_recase(text[start : start + 5], signs[start // 5]) for start in (0, 5, 10)]
    if None in blocks:
        return None
    return "".join(block for block in blocks if block) + signs


def normalise(text: str) -> str | None:
    """The 18-character form of an id in either length and, with 18, in any case; None when it is no id."""
    if not _PLAIN.issuperset(text):
        return None
    if len(text) == 15:
        return _to18(text)
    if len(text) != 18:
        return None
    return text if _to18(text[:15]) == text else _restore(text)
