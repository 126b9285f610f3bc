"""Raw values into the types of the settings. Whatever does not fit names its place, the nearest key and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from ml_connector.model.errors import WrongUse

from .shape import NESTED, Key, keys

KeyPath = tuple[str | int, ...]
"""Where a value belongs: section, key, number in a list, key of the table in it."""
Locate = Callable[[KeyPath], str]
"""Says where a value stands: `settings.toml, line 12`."""

_SECRET = ("secret", "token", "password", "passwd", "passphrase", "private_key", "api_key", "credential", "verifier")
_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
_LATER = {
    "revenue_schedule", "fx_reclass", "auto_link_levels", "dc_window_days", "credit_memo_effect", "on_deactivate_days",
    "amount_basis", "project_mode", "retention_years",
}  # fmt: skip
"""Settings that the bookkeeping rules name and that this version does not offer yet."""


def table(raw: Any, name: str, path: KeyPath, locate: Locate) -> dict[str, Any]:
    """The values of one table by field name. A section may lack a key, for the environment may have it.

    Raises `WrongUse` for what is no table, has an unknown key, lacks a required one or holds a value that does not fit.
    """
    if not isinstance(raw, Mapping):
        raise WrongUse(
            f"{locate(path)}: {_table_label(path)} must be a table.", f"Write it as  [{name}]  with lines below it."
        )
    known = {key.name: key for key in keys(name)}
    for written in raw:
        if written not in known:
            raise unknown((*path, written), known, locate)
    missing = [key for key in known.values() if key.required and key.name not in raw]
    if missing and name in NESTED:
        raise WrongUse(
            f"{locate(path)}: {_table_label(path)} has no {missing[0].name}.",
            f"Add the line. {missing[0].description}",
        )
    return {known[written].field: value(known[written], raw[written], (*path, written), locate) for written in raw}


def value(key: Key, raw: Any, path: KeyPath, locate: Locate, *, text: bool = False) -> Any:
    """One value in its type and within its bounds. With `text`, it comes from the environment. Raises `WrongUse`."""
    if key.path == "rules.template":
        return key.type(**table(raw, key.path, path, locate))
    if get_origin(key.type) is tuple:
        return _tables(key, raw, path, locate)
    if get_origin(key.type) is dict:
        return _texts(raw, path, locate)
    try:
        converted = _scalar(key.type, raw, text=text)
    except (msgspec.ValidationError, ValueError, TypeError, ArithmeticError, KeyError):
        case = f"{label(path)} must be {expected(key)}; it is {kind(raw)}."
        raise WrongUse(f"{locate(path)}: {case}", _fix(key, raw)) from None
    if key.bounds and not key.bounds[0] <= converted <= key.bounds[1]:
        raise WrongUse(f"{locate(path)}: {label(path)} must be {expected(key)}.", "Correct the number.")
    return converted


def _scalar(type_: Any, raw: Any, *, text: bool) -> Any:
    if type_ is Path:
        raw = msgspec.convert(raw, str)
        if not raw or "\0" in raw:
            raise ValueError("no path")
        return Path(raw)
    if type_ is bool and text:
        return _BOOLEANS[raw.strip().lower()]
    converted = msgspec.convert(raw, type_, strict=not text)
    if isinstance(converted, Decimal) and (not converted.is_finite() or abs(converted.adjusted()) > 20):
        raise ValueError("no plain number")
    return converted


def _tables(key: Key, raw: Any, path: KeyPath, locate: Locate) -> tuple[Any, ...]:
    if not isinstance(raw, list):
        raise WrongUse(f"{locate(path)}: {label(path)} must be a list of tables.", f"Write each as  [[{key.path}]]")
    struct = get_args(key.type)[0]
    return tuple(struct(**table(entry, key.path, (*path, index), locate)) for index, entry in enumerate(raw))


def _texts(raw: Any, path: KeyPath, locate: Locate) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not all(isinstance(text, str) for text in raw.values()):
        raise WrongUse(
            f"{locate(path)}: {label(path)} must be a table of texts.",
            f'Write it as  {path[-1]} = {{ "81" = "92" }}  with everything in quotes.',
        )
    return dict(raw)


def unknown(path: KeyPath, known: Iterable[str], locate: Locate) -> WrongUse:
    """The error for a key that is none: a secret, a setting of a later version, or a slip of the pen."""
    name = str(path[-1])
    if looks_secret(name):
        return WrongUse(
            f"{locate(path)}: {label(path)} looks like a secret; secrets do not stand in settings.",
            "Remove it, change that secret at the vendor, and give the new one to  ml-connector connect",
        )
    if name in _LATER:
        return WrongUse(f"{locate(path)}: {label(path)} is not offered by this version.", "Remove it.")
    near = difflib.get_close_matches(name.lower(), list(known), 1, 0.6)
    hint = f"Did you mean {near[0]}? " if near else "Remove it. "
    return WrongUse(f"{locate(path)}: {label(path)} is not a setting.", f"{hint}All settings are in docs/settings.md.")


def looks_secret(name: str) -> bool:
    """Whether a key by its name would hold a secret."""
    return any(word in name.lower().replace("-", "_") for word in _SECRET)


def label(path: KeyPath) -> str:
    """`[rules] max_lines`, `[rules.template] id`, `[rules.account_rules] entry 2, sku`; odd characters left out."""
    names = [_printable(part) for part in path if isinstance(part, str)]
    entry = "".join(f"entry {part + 1}" for part in path if isinstance(part, int))
    if len(names) > 1 and isinstance(path[-1], str):
        parts = (f"[{'.'.join(names[:-1])}]", entry, names[-1])
        return ", ".join(part for part in parts if part).replace("],", "]")
    return f"[{'.'.join(names)}] {entry}".strip()


def _table_label(path: KeyPath) -> str:
    """`[rules.template]`, `[rules.account_rules] entry 2`."""
    return label((*path, 0)).removesuffix(" entry 1") if isinstance(path[-1], str) else label(path)


def _printable(name: str) -> str:
    name = "".join(character if character.isprintable() else "?" for character in name)
    return name if len(name) <= 60 else f"{name[:57]}..."


def expected(key: Key) -> str:
    """What a key takes, as a person says it."""
    span = f" from {key.bounds[0]} to {key.bounds[1]}" if key.bounds else ""
    if get_origin(key.type) is Literal:
        return "one of " + ", ".join(get_args(key.type))
    phrases = {
        bool: "true or false, without quotes",
        int: f"a whole number{span}",
        Decimal: f"a number{span}",
        date: "a day such as 2026-01-31",
        str: "a text in quotes",
        Path: "the name of a file in quotes",
        tuple: "a list of tables",
        dict: "a table of texts",
    }
    return phrases.get(get_origin(key.type) or key.type, "a table")


def _fix(key: Key, raw: Any) -> str:
    if get_origin(key.type) is Literal and isinstance(raw, str):
        values = {choice.lower(): choice for choice in get_args(key.type)}
        if near := difflib.get_close_matches(raw.lower(), values, 1, 0.5):
            return f"Did you mean {values[near[0]]}?"
    examples = {bool: "true", Decimal: "10.5", date: "2026-01-31", int: str(key.default), Path: '"ca.pem"'}
    usual = key.default or "..."
    return f"Write for example  {examples.get(key.type, chr(34) + str(usual) + chr(34))}"


def kind(raw: Any) -> str:
    """What a raw value is; never the value itself, which may be a secret."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"), (int, "a whole number"), (float, "a number"), (Decimal, "a number"), (str, "a text"),
        (list, "a list"), (dict, "a table"), (date, "a day or an instant"),
    )  # fmt: skip
    return next((phrase for type_, phrase in kinds if isinstance(raw, type_)), "something else")
