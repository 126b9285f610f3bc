"""Every reason to hold, and the three texts a person reads: what is the case, what it means, what to do now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from string import Formatter

import msgspec

from . import money
from .hold_words import ORDERS, Actor, HoldCode
from .hold_words_pairs import PAIRS
from .hold_words_records import RECORDS
from .plans import Hold
from .triggers import ITSELF

WORDS: Mapping[str, HoldCode] = {each.name: each for each in (*ORDERS, *RECORDS, *PAIRS)}
"""All templates by name: `CODE`, or `CODE/case`."""

CODES: Mapping[str, HoldCode] = {name: each for name, each in WORDS.items() if name == each.code}
"""One entry for each code that a `Hold` may carry."""

ALLOWED: Mapping[str, timedelta] = {name: each.late.after for name, each in CODES.items() if each.late}
"""How long holds that end by themselves may last before somebody must look after them, by code."""

_UNKNOWN = {
    "account": "the account",
    "awaited": "SYSTEM:KIND:ID",
    "customer": "the customer",
    "candidates": "more than one record",
    "dim": "department or class",
    "doc_number": "the entry",
    "gl_account": "(account not known)",
    "item": "(item not known)",
    "name": "the record",
    "number": "the entry",
    "record": "the record",
    "nearest": "an existing one",
    "parent": "the parent",
    "product": "(product not known)",
    "message": "no reason given",
}
_OWN_WORDS = HoldCode(
    name="", actor="preparer", released_by=(ITSELF,),
    sentence="{name} is held for the reason {code}.",
    meaning="Nothing was changed by it; {money} waits.",
    remedy="Look at the record and its history.",
)  # fmt: skip


class Sentence(msgspec.Struct, frozen=True):
    """What is the case, what it means in money, period or risk, and what to do."""

    sentence: str
    meaning: str
    remedy: str


IN_PARTS = Sentence(
    sentence="",
    meaning="The order is posted in part: {posted} is in the books, {missing} is not. {money} is missing there.",
    remedy=" What is missing then follows by itself, as it was approved; what is posted is not posted again.",
)
"""What any hold says of an order whose entry has several parts, when some of them are posted."""


def render(
    code: str, facts: Mapping[str, str], amount: Decimal | None = None, currency: str = "", *, late: bool = False
) -> Sentence:
    """The words for a hold, `late` when it has lasted as long as is `ALLOWED`.

    A missing fact reads as unknown; an unknown code is named as it is. Never raises.
    """
    template = _template(code, facts)
    known = {"code": code, **facts} if template is None else dict(facts)
    filled = _Facts({name: _one_line(value) for name, value in known.items()})
    filled.setdefault("money", money.spoken(amount, currency))
    template = template or _OWN_WORDS
    remedy = template.late.remedy if late and template.late else template.remedy
    texts = (template.sentence, template.meaning, remedy)
    if "missing" in known:
        texts = (template.sentence, IN_PARTS.meaning, remedy + IN_PARTS.remedy)
    return Sentence(*(_begun(Formatter().vformat(text, (), filled)) for text in texts))


def _template(code: str, facts: Mapping[str, str]) -> HoldCode | None:
    return WORDS.get(f"{code}/{facts.get('case', '')}") or CODES.get(code)


def who_acts(code: str, facts: Mapping[str, str], *, late: bool = False) -> Actor:
    """Who can end a hold; `late` when it has lasted as long as is `ALLOWED`."""
    template = _template(code, facts) or _OWN_WORDS
    return template.late.actor if late and template.late else template.actor


def render_hold(hold: Hold) -> Sentence:
    """The words for a hold as a decision made it."""
    return render(hold.code, hold.facts, hold.amount, hold.currency)


def fact_names(name: str) -> frozenset[str]:
    """The facts that the templates of `CODE` or `CODE/case` ask for, `money` left out."""
    each = WORDS[name]
    parts = Formatter().parse(each.sentence + each.meaning + each.remedy)
    return frozenset(field for _, field, _, _ in parts if field) - {"money"}


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _UNKNOWN.get(name, "(not known)")


def _one_line(value: object) -> str:
    text = "".join(each if each.isprintable() else " " for each in str(value))
    return " ".join(text.split())


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
