"""Raw values into the types of the settings. Whatever does not fit names its place, the nearest key and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from ml_connector.model.errors import WrongUse

from .shape import NESTED, Key, keys
from .words import LATER, LIMITS

Path_ = tuple[str | int, ...]
Where = Callable[[Path_], str]
"""Says where a value stands: `settings.toml, line 12`."""

_SECRET = ("secret", "token", "password", "passwd", "passphrase", "private_key", "api_key", "credential", "verifier")
_ON = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


def table(raw: Any, name: str, path: Path_, where: Where) -> dict[str, Any]:
    """The values of one table by field name. A section may lack a key, for the environment may have it."""
    if not isinstance(raw, Mapping):
        raise WrongUse(
            f"{where(path)}: {_dotted(path)} must be a table.", f"Write it as  [{name}]  with lines below it."
        )
    known = {key.name: key for key in keys(name)}
    for each in raw:
        if each not in known:
            raise unknown((*path, each), known, where)
    missing = [key.name for key in known.values() if key.required and key.name not in raw]
    if missing and name in NESTED:
        raise WrongUse(
            f"{where(path)}: {_dotted(path)} has no {missing[0]}.", f"Add the line. {known[missing[0]].words}"
        )
    return {known[each].field: value(known[each], raw[each], (*path, each), where) for each in raw}


def value(key: Key, raw: Any, path: Path_, where: Where, *, text: bool = False) -> Any:
    """One value in its type and within its limits. With `text`, it comes from the environment."""
    plain = without_none(key.type)
    if key.path == "rules.template":
        return plain(**table(raw, key.path, path, where))
    if get_origin(plain) is tuple:
        return _tables(key, raw, path, where)
    if get_origin(plain) is dict:
        return _texts(raw, path, where)
    try:
        converted = _scalar(plain, raw, text=text)
    except (msgspec.ValidationError, ValueError, TypeError, ArithmeticError, KeyError):
        case = f"{spoken(path)} must be {expected(key)}; it is {kind(raw)}."
        raise WrongUse(f"{where(path)}: {case}", _fix(plain, raw, key)) from None
    _check_limits(key, converted, path, where)
    return converted


def _scalar(plain: Any, raw: Any, *, text: bool) -> Any:
    if plain is Path:
        raw = msgspec.convert(raw, str)
        if not raw or "\0" in raw:
            raise ValueError("no path")
        return Path(raw)
    if plain is bool and text:
        return _ON[raw.strip().lower()]
    converted = msgspec.convert(raw, plain, strict=not text)
    if isinstance(converted, Decimal) and (not converted.is_finite() or abs(converted.adjusted()) > 20):
        raise ValueError("no plain number")
    return converted


def _tables(key: Key, raw: Any, path: Path_, where: Where) -> tuple[Any, ...]:
    if not isinstance(raw, list):
        raise WrongUse(f"{where(path)}: {spoken(path)} must be a list of tables.", f"Write each as  [[{key.path}]]")
    shape = get_args(key.type)[0]
    return tuple(shape(**table(each, key.path, (*path, index), where)) for index, each in enumerate(raw))


def _texts(raw: Any, path: Path_, where: Where) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not all(isinstance(each, str) for each in raw.values()):
        raise WrongUse(
            f"{where(path)}: {spoken(path)} must be a table of texts.",
            f'Write it as  {path[-1]} = {{ "81" = "92" }}  with everything in quotes.',
        )
    return dict(raw)


def _check_limits(key: Key, converted: Any, path: Path_, where: Where) -> None:
    limits = LIMITS.get(key.path)
    if limits and not limits[0] <= converted <= limits[1]:
        raise WrongUse(f"{where(path)}: {spoken(path)} must be {expected(key)}.", "Correct the number.")


def unknown(path: Path_, known: Iterable[str], where: Where) -> WrongUse:
    """The error for a key that is none: a secret, a setting of a later version, or a slip of the pen."""
    name = str(path[-1])
    if looks_secret(name):
        return WrongUse(
            f"{where(path)}: {spoken(path)} looks like a secret; secrets do not stand in settings.",
            "Remove it, change that secret at the vendor, and give the new one to  ml-connector connect",
        )
    if name in LATER:
        return WrongUse(f"{where(path)}: {spoken(path)} is not offered by this version.", "Remove it.")
    near = difflib.get_close_matches(name.lower(), list(known), 1, 0.6)
    hint = f"Did you mean {near[0]}? " if near else "Remove it. "
    return WrongUse(f"{where(path)}: {spoken(path)} is not a setting.", f"{hint}All settings are in docs/settings.md.")


def looks_secret(name: str) -> bool:
    return any(word in name.lower().replace("-", "_") for word in _SECRET)


def spoken(path: Path_) -> str:
    """`[rules] max_lines`, `[rules.template] id`, `[rules.account_rules] entry 2, sku`; odd characters left out."""
    names = [_tame(each) for each in path if isinstance(each, str)]
    entry = "".join(f"entry {each + 1}" for each in path if isinstance(each, int))
    if len(names) > 1 and isinstance(path[-1], str):
        return ", ".join(part for part in (f"[{'.'.join(names[:-1])}]", entry, names[-1]) if part).replace("],", "]")
    return f"[{'.'.join(names)}] {entry}".strip()


def _dotted(path: Path_) -> str:
    return spoken((*path, 0)).removesuffix(" entry 1") if isinstance(path[-1], str) else spoken(path)


def _tame(name: str) -> str:
    name = "".join(each if each.isprintable() else "?" for each in name)
    return name if len(name) <= 60 else f"{name[:57]}..."


def expected(key: Key) -> str:
    """What a key takes, in words."""
    plain = without_none(key.type)
    limits = LIMITS.get(key.path)
    span = f" from {limits[0]} to {limits[1]}" if limits else ""
    if get_origin(plain) is Literal:
        return "one of " + ", ".join(get_args(plain))
    words = {
        bool: "true or false, without quotes",
        int: f"a whole number{span}",
        Decimal: f"a number{span}",
        date: "a day such as 2026-01-31",
        str: "a text in quotes",
        Path: "the name of a file in quotes",
    }
    if plain in words:
        return words[plain]
    return {tuple: "a list of tables", dict: "a table of texts"}.get(get_origin(plain), "a table")


def _fix(plain: Any, raw: Any, key: Key) -> str:
    if get_origin(plain) is Literal and isinstance(raw, str):
        near = difflib.get_close_matches(raw.lower(), [each.lower() for each in get_args(plain)], 1, 0.5)
        exact = {each.lower(): each for each in get_args(plain)}
        if near:
            return f"Did you mean {exact[near[0]]}?"
    usual = {bool: "true", Decimal: "10.5", date: "2026-01-31", int: str(key.default), Path: '"ca.pem"'}
    return f"Write for example  {usual.get(plain, chr(34) + str(key.default or '...') + chr(34))}"


def kind(raw: Any) -> str:
    """The kind of a raw value in words; never the value itself, which may be a secret."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"), (int, "a whole number"), (float, "a number"), (Decimal, "a number"), (str, "a text"),
        (list, "a list"), (dict, "a table"), (date, "a day or an instant"),
    )  # fmt: skip
    return next((words for each, words in kinds if isinstance(raw, each)), "something else")


def without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return next(each for each in get_args(hint) if each is not type(None))
    return hint
