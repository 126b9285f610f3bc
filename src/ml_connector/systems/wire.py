"""JSON and money as they cross the wire: strict in, exact out.

In: finite decimals of at most 15 significant digits, no duplicate names, valid UTF-8, nothing cut off. Whatever breaks
that is a `BadAnswer` which never quotes the answer. A NUL in a text, which no database keeps, is read as U+FFFD: not
left out, since that could make another record's id of one that is none. Out: decimals digit for digit without exponent,
names sorted, so that the same value always gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from ml_connector.model.errors import BadAnswer

T = TypeVar("T")

MAX_DIGITS = 15
_REMEDY = "Nothing was changed by it. It is read again later; if this stays, report it with the time and the call id."
_PLACE = re.compile(r"at `(\$[^`]*)`")
MAX_DEPTH = 64
"""Answers of the vendors have about ten levels."""
_NO_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))
_FLAT = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = tuple(start + b"0" * (MAX_DIGITS + 1) for start in (b":", b",", b"[", b"-"))
"""A whole number with too many digits begins so where every digit is a zero; ids are texts and begin with a quote."""


class Unread:
    """Stands for a number that cannot be an amount (too long, too large). Nothing can be calculated with it."""

    def __repr__(self) -> str:
        return "<unreadable number>"


UNREAD = Unread()


def decode(body: bytes, kind: type[T], what: str) -> T:
    """The answer as `kind`. `what` names the answer in error sentences ("a page of invoices").

    Amounts (`Decimal` fields of `kind`) come from JSON numbers only, exactly. Unknown fields are tolerated, whatever
    they hold; a field that is null counts as absent. Raises `BadAnswer`.
    """
    return convert(loads(body, what, strict=False), kind, what)


def convert(tree: Any, kind: type[T], what: str) -> T:
    """A part of an answer, as `loads` gives it, as `kind`. Raises `BadAnswer`."""
    problem = _checker(cast("Hashable", kind))
    if problem is not None and problem(tree):
        raise _bad(what, "holds an amount that cannot be read exactly")
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        return _convert_without_nulls(tree, kind, what, error)


def convert_each(rows: Any, kind: type[T], what: str) -> list[T]:
    """A list out of an answer, each entry as `kind`. Raises `BadAnswer`."""
    return convert(rows, list[kind], what)  # type: ignore[valid-type]  # a type made at run time


def convert_sound(rows: Any, kind: type[T], what: str) -> list[T]:
    """As `convert_each`, without the entries that cannot be read. Raises `BadAnswer` where none can."""
    try:
        return convert_each(rows, kind, what)
    except BadAnswer:
        sound = [entry for row in rows if (entry := _sound(row, kind, what)) is not None]
        if not sound:
            raise
        return sound


def _sound(row: Any, kind: type[T], what: str) -> T | None:
    """The entry; None for one that cannot be read."""
    try:
        return convert(row, kind, what)
    except BadAnswer:
        return None


def loads(body: bytes, what: str, *, strict: bool = True) -> Any:
    """The answer as dicts, lists, texts, `int` and `Decimal` (for every number with a fraction or an exponent).

    Numbers that cannot be amounts raise `BadAnswer` when `strict`, else they stand as `UNREAD`; each NUL in a text is
    U+FFFD. Raises `BadAnswer`.
    """
    _refuse_other_formats(body, what)
    try:
        tree = _decoder.decode(body)
        again = _mirror.encode(tree)
        _refuse_depth(again, tree, what)
        _refuse_duplicates(body, again, what)
        return _with_exact_numbers(again, tree, what, strict=strict)
    except UnicodeDecodeError as error:
        raise _bad(what, "is not valid UTF-8") from error
    except RecursionError as error:
        raise _bad(what, "is nested too deeply") from error
    except msgspec.DecodeError as error:
        raise _bad(what, "is cut off" if "truncated" in str(error) else "is not valid JSON") from error


def amount(value: Any, what: str) -> Decimal:
    """An amount out of `loads`. Texts, truth values and unreadable numbers raise `BadAnswer`."""
    if type(value) is int and abs(value) < 10**MAX_DIGITS:
        return Decimal(value)
    if isinstance(value, Decimal):
        return value
    raise _bad(what, "holds an amount that cannot be read exactly")


def exact(text: str) -> Decimal | None:
    """The amount that a JSON number says, without exponent (9.5E8 is 950000000); None if it is none.

    None for more than 15 significant digits, digits beyond the 15th decimal place, and what is not finite.
    """
    if len(text) <= MAX_DIGITS and "e" not in text and "E" not in text:
        return abs(Decimal(text)) if text.startswith("-0") and not Decimal(text) else Decimal(text)
    return _expanded(text)


def _expanded(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:  # it is no number
        return None
    if not value.is_finite() or (value and not -MAX_DIGITS <= value.adjusted() < MAX_DIGITS):
        return None
    if not value:
        return Decimal(0)
    plain = format(value, "f")
    digits = plain.lstrip("-").replace(".", "")
    significant = (digits.rstrip("0") if "." in plain else digits).lstrip("0")
    return Decimal(plain) if len(significant) <= MAX_DIGITS else None


def encode(value: Any) -> bytes:
    """Deterministic JSON. Raises `ValueError` for what has no exact form: floats, NaN, too many digits, NUL, bytes."""
    return _encoder.encode(_sendable(value))


def _sendable(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _sendable_text(value)
    if isinstance(value, Decimal):
        return _sendable_amount(value)
    if isinstance(value, int | date | datetime):
        return value
    if isinstance(value, dict):
        return {_sendable_text(name): _sendable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_sendable(part) for part in value]
    raise ValueError(f"a {type(value).__name__} has no exact form in JSON")


def _sendable_text(text: Any) -> str:
    if not isinstance(text, str) or "\0" in text:
        raise ValueError("a text with NUL, or a name that is no text, cannot be sent")
    return text


def _sendable_amount(value: Decimal) -> Decimal:
    plain = exact(format(value, "f")) if value.is_finite() else None
    if plain is None:
        raise ValueError(f"an amount needs to be finite, with at most {MAX_DIGITS} digits")
    return plain


@lru_cache(maxsize=16384)
def _number(text: str) -> Decimal | Unread:
    value = exact(text)
    return UNREAD if value is None else value


def _stand_in(value: Any) -> str:
    return _MARK


_MARK = "\x01unreadable"
_decoder = msgspec.json.Decoder(float_hook=_number)
_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_mirror = msgspec.json.Encoder(decimal_format="number", enc_hook=_stand_in)
_MARKED = _mirror.encode(_MARK)


def _bad(what: str, is_wrong: str) -> BadAnswer:
    return BadAnswer(f"The vendor's answer ({what}) {is_wrong}.", _REMEDY)


def _refuse_other_formats(body: bytes, what: str) -> None:
    start = body[:64].lstrip()
    if not start:
        raise _bad(what, "is empty")
    if start.startswith((b"<", b"\xef\xbb\xbf<")):
        raise _bad(what, "is XML or a web page where JSON was asked for")


def _refuse_depth(again: bytes, tree: Any, what: str) -> None:
    """What is nested too deeply would end whoever walks it, somewhere else.

    Innermost brackets are taken away until none is left. Quotes stay in only where a text holds a bracket, which may
    hide others: then, and where brackets are left, the tree itself is measured.
    """
    if b"\\" in again:
        again = again.replace(b"\\\\", b"").replace(b'\\"', b"")
    shape = again.translate(None, _NO_BRACKETS).replace(b'""', b"")
    for _ in range(MAX_DEPTH):
        if not shape or b'"' in shape:
            break
        shape = shape.replace(b"{}", b"").replace(b"[]", b"")
    if shape and _depth(tree) > MAX_DEPTH:
        raise _bad(what, "is nested too deeply")


def _depth(tree: Any) -> int:
    """How many lists and objects stand inside each other."""
    depth, level = 0, [tree]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth


def _refuse_duplicates(body: bytes, again: bytes, what: str) -> None:
    """A name that occurs twice is dropped by the decoder, and its colon with it: so colons are counted.

    Colons inside texts are in both. Only an escaped one (`\\u003a`) is not, so such texts are spelt out first.
    """
    colons = body.count(b":")
    if b"\\u003" in body:
        colons += len(re.findall(rb"(?<!\\)(?:\\\\)*\\u003[aA]", body))
    if colons != again.count(b":"):
        raise _bad(what, "names the same field twice")


def _with_exact_numbers(again: bytes, tree: Any, what: str, *, strict: bool) -> Any:
    """Cheap looks at the mirror decide whether the tree has to be walked at all; nearly always it has not."""
    if b"\\u0000" in again:
        tree = _mapped(tree, _without_nul)
    flat = b":" + again.translate(_FLAT)
    if any(start in flat for start in _LONG):
        tree = _mapped(tree, _short_or_unread)
    elif _MARKED not in again:
        return tree
    if strict and _any_leaf(tree, lambda leaf: leaf is UNREAD):
        raise _bad(what, "holds a number that cannot be read exactly")
    return tree


def _any_leaf(tree: Any, test: Callable[[Any], bool]) -> bool:
    if isinstance(tree, dict):
        return any(test(name) or _any_leaf(part, test) for name, part in tree.items())
    if isinstance(tree, list):
        return any(_any_leaf(part, test) for part in tree)
    return test(tree)


def _mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {name: _mapped(part, change) for name, part in tree.items()}
    if isinstance(tree, list):
        return [_mapped(part, change) for part in tree]
    return change(tree)


def _without_nul(leaf: Any) -> Any:
    return leaf.replace("\0", "\ufffd") if isinstance(leaf, str) else leaf


def _short_or_unread(leaf: Any) -> Any:
    return UNREAD if type(leaf) is int and abs(leaf) >= 10**MAX_DIGITS else leaf


def _convert_without_nulls(tree: Any, kind: type[T], what: str, first: msgspec.ValidationError) -> T:
    if not _any_leaf(tree, lambda leaf: leaf is None):
        raise _mismatch(what, first) from first
    try:
        return msgspec.convert(_without_nulls(tree), kind)
    except msgspec.ValidationError as error:
        raise _mismatch(what, error) from error


def _without_nulls(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _without_nulls(part) for name, part in tree.items() if part is not None}
    if isinstance(tree, list):
        return [_without_nulls(part) for part in tree if part is not None]
    return tree


def _mismatch(what: str, error: msgspec.ValidationError) -> BadAnswer:
    place = _PLACE.search(str(error))
    where = f" at {place.group(1)}" if place else ""
    return _bad(what, f"lacks a part or has one of another kind than documented{where}")


# msgspec takes the text "1_0" and any float for a Decimal. So the places of amounts are known per type, and visited.

Check = Callable[[Any], bool]


@cache
def _checker(kind: Hashable) -> Check | None:
    """Says whether a tree has a text or a float where `kind` has an amount. None if it has no amounts."""
    return _check_of(inspect.type_info(kind), {})


def _check_of(info: inspect.Type, known: dict[type, Check | None]) -> Check | None:
    if isinstance(info, inspect.DecimalType):
        return _is_inexact
    if isinstance(info, inspect.UnionType):
        checks = [check for part in info.types if (check := _check_of(part, known))]
        return checks[0] if checks else None
    if isinstance(info, inspect.StructType):
        return _check_of_struct(info, known)
    if isinstance(info, inspect.VarTupleType | inspect.ListType):
        return _each(_check_of(info.item_type, known))
    if isinstance(info, inspect.DictType):
        return _each_value(_check_of(info.value_type, known))
    return None


def _check_of_struct(info: inspect.StructType, known: dict[type, Check | None]) -> Check | None:
    if info.cls in known:
        return known[info.cls] or (lambda tree: bool(c(tree)) if (c := known[info.cls]) else False)
    known[info.cls] = None
    pairs = [(f.encode_name, check) for f in info.fields if (check := _check_of(f.type, known))]
    known[info.cls] = _fields(pairs) if pairs else None
    return known[info.cls]


def _is_inexact(value: Any) -> bool:
    return isinstance(value, str | float)


def _fields(pairs: list[tuple[str, Check]]) -> Check:
    amounts = tuple(name for name, part_check in pairs if part_check is _is_inexact)
    parts = tuple((name, part_check) for name, part_check in pairs if part_check is not _is_inexact)

    def check(tree: Any) -> bool:
        if not isinstance(tree, dict):
            return False
        get = tree.get
        for name in amounts:
            if isinstance(get(name), (str, float)):
                return True
        for name, part_check in parts:
            part = get(name)
            if part is not None and part_check(part):
                return True
        return False

    return check


def _each(item: Check | None) -> Check | None:
    if item is None:
        return None
    return lambda tree: isinstance(tree, list) and any(map(item, tree))


def _each_value(item: Check | None) -> Check | None:
    if item is None:
        return None
    return lambda tree: isinstance(tree, dict) and any(map(item, tree.values()))
