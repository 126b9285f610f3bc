"""Random texts of every sort that people, programs and accidents have put into the fields of both vendors."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from random import Random

import msgspec

LONGEST = 10_000
_SURROGATES = range(0xD800, 0xE000)
_EDGES = (
    *(0x0000, 0x0007, 0x0008, 0x001B, 0x001F, 0x007F, 0x0080, 0x0085, 0x009B, 0x009F, 0x00A0, 0x00AD, 0x00FF, 0x0100),
    *(0x034F, 0x061C, 0x180E, 0x2028, 0x2029, 0x2060, 0x3000, 0xD7FF, 0xE000, 0xF8FF, 0xFDD0, 0xFEFF, 0xFFF9, 0xFFFC),
    *(0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1D11E, 0x1FFFF, 0x2FFFF, 0xE0001, 0xE0100, 0xF0000, 0x10FFFD, 0x10FFFF),
)
_BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069אבגدذر٠١٢abc 12/3"
_EMOJI = ("👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "1️⃣", "❤️", "🧑🏿‍🚀", "\u200d", "\ufe0f", "🇺")
_QUOTES = "'\"`’‘“”´\\%_;-/*(){}[]<>@&?#:|~$^!=+,. \n\t\r"
_STATEMENTS = (
    "' OR 1=1 --", "O'Brien", "O\\'Brien", "\\", "\\\\'", "%", "_", "100%_\\%", "') OR (Id != '", '"; DROP TABLE x;--',
    "@{ref.id}", "@{0.id}", "${Id}", "{!Account.Name}", "{0}", "%s%n", "{record}", "{", "}", "{}", "#N/A", "\\N",
    "SELECT * FROM Invoice STARTPOSITION 1", "a,b;c", "a:b", "::", "\\u0027", "&apos;", "%27", "it''s", "$(id)", "`id`",
)  # fmt: skip
_MARKS = (
    "(deleted)", " (deleted)", " (Deleted-1)", "x (DELETED)", "(deleted-)", "Voided", "VOIDED", "Void", "storniert",
    "QBO:", "QBO", "SF-ORD:", "SF-ORD:00000100", "SF-ORD:00000101,SF-ORD:00000102", "sf-ord: 100", "mlc1|org=",
    "East", "East:Boston", "[#1]", "East [#1]", "x [#999999999999999999999]", "[#]", "blank", "HQ", "SaaS",
    "Closed Won", "Draft", "Activated", "USD", "EUR", "US", "USA", "Germany", "MA", "Net 30", "Due on receipt", "1250",
)  # fmt: skip
_VALUES = (
    "0", "-0", "00012", "1e400", "NaN", "Infinity", "-1", "1,234.56", "1.234,56", "١٢٣", "2026-02-30", "0000-00-00",
    "9999-12-31T23:59:60Z", "11/20/2026", "=1+1", "+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "true", "FALSE",
    "undefined", "{\"a\": [1, null]}", "[]", "<b>x</b>", "<script>alert(1)</script>", "<!--", "]]>", "&#0;", "http://",
    "https://x.example/?a=1&b='", "javascript:alert(1)", "a@b", "a@b.c", "a b@c.example", "\"a b\"@c.example",
    "<a@b.example>", "A@B.EXAMPLE; c@d.example", "@", "a@b.example,", "(617) 555-0101 ext. 7", "tel:", "../etc",
)  # fmt: skip
_SPACES = " \t\n\r\u00a0\u2003\u3000\u200b"


class Known(msgspec.Struct):
    """What stands at the vendors and may be spelled in a text: names that may be mistaken, and ids."""

    names: Sequence[str] = ()
    ids: Sequence[str] = ()


def _any_of(random: Random, planes: Sequence[int]) -> str:
    while True:
        code = random.choice(planes) * 0x10000 + random.randrange(0x10000)
        if code not in _SURROGATES:
            return chr(code)


def _planes(random: Random, length: int) -> str:
    planes = random.choice(((0,), (1,), (2, 3), (14, 15, 16), range(17)))
    return "".join(_any_of(random, planes) for _ in range(length))


def _edges(random: Random, length: int) -> str:
    return "".join(chr(random.choice(_EDGES)) for _ in range(length))


def _combining(random: Random, length: int) -> str:
    marks = "".join(chr(random.randrange(0x300, 0x370)) for _ in range(max(length - 1, 0)))
    return (random.choice("aZé ") + marks)[:length]


def _from_letters(letters: Sequence[str]) -> Callable[[Random, int], str]:
    return lambda random, length: "".join(random.choices(letters, k=length))[:length]


def _phrase(phrases: Sequence[str]) -> Callable[[Random, int], str]:
    """One of the phrases, alone or within other letters."""

    def made(random: Random, length: int) -> str:
        phrase = random.choice(phrases)
        around = _letters(random, max(length - len(phrase), 0))
        at = random.randrange(len(around) + 1)
        return phrase if random.random() < 0.6 else around[:at] + phrase + around[at:]

    return made


_letters = _from_letters("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ      0123456789äöüß")
_FAMILIES: Mapping[str, Callable[[Random, int], str]] = {
    "all planes": _planes,
    "edges": _edges,
    "combining": _combining,
    "both directions": _from_letters(_BIDI),
    "emoji": _from_letters(_EMOJI),
    "control letters": _from_letters([*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "a"]),
    "quotes": _from_letters(_QUOTES),
    "statements": _phrase(_STATEMENTS),
    "marks": _phrase(_MARKS),
    "values": _phrase(_VALUES),
    "spaces": _from_letters(_SPACES),
    "letters": _letters,
    "latin": _from_letters([*map(chr, range(0x20, 0x7F)), *map(chr, range(0xA0, 0x100))]),
}


def _full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


_ALIKE: Sequence[Callable[[str], str]] = (
    str.upper, str.swapcase, str.casefold, _full_width,
    lambda name: unicodedata.normalize("NFD", name), lambda name: name.replace("a", "á"),
    lambda name: name + ".", lambda name: f"  {name}  ", lambda name: name.replace(" ", "  "),
    lambda name: name.replace(" ", "\u00a0"), lambda name: name + "\u200b", lambda name: name.replace("l", "I"),
    lambda name: f"{name} (deleted)", lambda name: f"{name}, Inc.", lambda name: name[::-1], lambda name: f"'{name}'",
)  # fmt: skip


def _alike(random: Random, known: Known) -> str:
    """Almost a name that is there already."""
    return random.choice(_ALIKE)(random.choice(known.names))


_SPOILT: Sequence[Callable[[str], str]] = (
    str, str.lower, str.upper, lambda record_id: record_id[:15], lambda record_id: record_id[:15] + "AAA",
    lambda record_id: record_id[:-1] + "5", lambda record_id: "00Q" + record_id[3:], lambda record_id: record_id + "A",
    lambda record_id: f" {record_id} ", lambda record_id: f"000{record_id}", lambda record_id: record_id * 3,
    lambda record_id: f"{record_id},{record_id}", lambda record_id: f"QBO:{record_id}",
    lambda record_id: record_id[:5] + "ı" + record_id[6:], lambda record_id: _full_width(record_id),
    lambda record_id: f"see {record_id}.", lambda record_id: f"SF-ORD:{record_id}",
    lambda record_id: f"99{record_id}:1", lambda record_id: f"#{record_id}",
    lambda record_id: f"{record_id}:0", lambda record_id: f":{record_id}", lambda record_id: f"{record_id}:",
)  # fmt: skip


def _almost_id(random: Random, known: Known) -> str:
    """An id of something else, or almost one."""
    return random.choice(_SPOILT)(random.choice(known.ids))


def _length(random: Random, most: int) -> int:
    """From 1 to `most`, as many short ones as long ones; now and then one more than fits."""
    fitting = int(min(most, LONGEST) ** random.random())
    return min(most + 1, LONGEST) if random.random() < 0.01 else max(fitting, 1)


def text(random: Random, known: Known, most: int) -> str:
    """A text for a field that takes `most` characters."""
    family = random.randrange(len(_FAMILIES) + 3)
    if family > len(_FAMILIES):
        return _almost_id(random, known)[:most]
    if family == len(_FAMILIES):
        return _alike(random, known)[:most]
    return list(_FAMILIES.values())[family](random, _length(random, most))


def address(random: Random, known: Known, most: int) -> str:
    """A text where a vendor wants an e-mail address: mostly almost one."""
    if random.random() < 0.3:
        return text(random, known, most)
    name = text(random, known, 40).translate({ord(letter): None for letter in '@,;<>()[]" \t\r\n'})
    name = "".join(name.split()) or "x"
    return f"{name}@{random.choice(('a.example', 'A.EXAMPLE', 'b-c.example', 'gmail.com', 'ä.example'))}"
