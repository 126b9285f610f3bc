"""Scenario files, read and checked before anything is played. Whatever does not fit names its place and the fix."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ml_connector.accounting.templates import POLICIES
from ml_connector.model.errors import WrongUse
from ml_connector.settings.shape import keys

from .values import COUNT, DAY, FLAG, MOMENT, TABLE, TEXT, Kind, Param, choice, has_reference
from .words import TITLE, Verb, all_params
from .words_given import GIVEN
from .words_set_up import SET_UP
from .words_then import THEN
from .words_when import WHEN

VERBS = {verb.name: verb for verb in (*GIVEN, *SET_UP, *WHEN, *THEN)}
LISTS = ("given", "when", "then", "step")
TOP = (
    Param("name", TEXT, "What the scenario shows, in one sentence."),
    Param("source", TEXT, "The rule it is from, such as `accounting-rules S04`."),
    Param("about", TEXT, "More words for the reader."),
    Param("template", choice(*POLICIES), "Posting template (`T1`)."),
    Param("today", DAY, "Day on which it plays, at noon (`2026-11-22`)."),
    Param("clock", MOMENT, "Instead of `today`: the exact instant."),
    Param("start_date", DAY, "Go-live day (`2026-10-01`)."),
    Param("time_zone", TEXT, "Time zone of the company (`America/Los_Angeles`)."),
    Param("books_closed", TEXT, "Last closed day in QuickBooks, or `none` (`2026-09-30`)."),
    Param("base", choice("empty", "tiny"), "What the emulators begin with (`empty`)."),
    Param("seed", COUNT, "Seed of all chance (1)."),
    Param("dry_run", FLAG, "The connector starts in dry run, until a plan is applied (`false`)."),
    Param("rules", TABLE, "Settings, see [Settings](#settings)."),
)
_PAGE = "docs/scenarios.md describes the format."
_HEADER = re.compile(r"^\s*\[\[\s*(given|when|then|step)\s*\]\]", re.MULTILINE)
_TEXT_BLOCK = re.compile(r'("""|\'\'\').*?\1', re.DOTALL)


class Entry(NamedTuple):
    """One entry of the file, checked, its values still as written: references are filled in when it is played."""

    verb: Verb
    value: Any
    args: Mapping[str, Any]
    where: str

    @property
    def title(self) -> str:
        """As the document names it: its `title`, else made of verb, value and what it is about."""
        if TITLE.name in self.args:
            return str(self.args[TITLE.name])
        subject = next((self.args[key] for key in ("of", "order", "from") if key in self.args), "")
        shown = "" if self.value is True or isinstance(self.value, dict) else f" {_short(self.value)}"
        return f"{self.verb.name.replace('_', ' ')}{shown}" + (f" of {subject}" if subject else "")


class Scenario(msgspec.Struct, frozen=True):
    """A whole file: what it says at the top, and its entries in the order in which they are played."""

    file: str
    top: dict[str, Any]
    entries: tuple[Entry, ...]


def read(file: Path) -> Scenario:
    """Read a file. Raises `WrongUse` with place, reason and remedy for the first thing that does not fit."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file.name} cannot be read as text.", "Save it as UTF-8.") from error
    return parse(text, file.name, as_json=file.suffix.lower() == ".json")


def parse(text: str, name: str, *, as_json: bool = False) -> Scenario:
    """The same from a text; `name` is how messages call it."""
    tree = _json(text, name) if as_json else _toml(text, name)
    if not isinstance(tree, dict):
        raise WrongUse(f"{name} holds no table.", _PAGE)
    known = [*(param.name for param in TOP), *LISTS]
    for key in tree:
        if key not in known:
            raise _unknown(f"{name}: {key!r}", key, known)
    params = {param.name: param for param in TOP}
    top = {key: converted(params[key].kind, raw, f"{name}: {key}") for key, raw in tree.items() if key in params}
    _check_rules(top.get("rules", {}), f"{name}: [rules]")
    entries = tuple(_entry(raw, where) for raw, where in _ordered(tree, text, name, as_json=as_json))
    if not entries:
        raise WrongUse(f"{name} has no entry.", "Write [[given]], [[when]] and [[then]] tables. " + _PAGE)
    return Scenario(name, top, entries)


def _toml(text: str, name: str) -> Any:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise WrongUse(f"{name} is not TOML: {error}.", "Correct that line; texts stand in quotes.") from error
    except (RecursionError, ValueError, ArithmeticError):
        raise _unreadable(name) from None


def _json(text: str, name: str) -> Any:
    try:
        return msgspec.json.Decoder(float_hook=Decimal).decode(text)
    except msgspec.DecodeError as error:
        raise WrongUse(f"{name} is not JSON: {error}.", "Correct it, or write TOML.") from error
    except (RecursionError, ValueError):
        raise _unreadable(name) from None


def _unreadable(name: str) -> WrongUse:
    return WrongUse(f"{name} holds a value that cannot be read.", "It is nested too deeply, or a number is too long.")


def _ordered(tree: Mapping[str, Any], text: str, name: str, *, as_json: bool) -> Iterable[tuple[Any, str]]:
    """The entries as the headers of the file follow one another; in JSON list after list."""
    lists = {key: tree[key] for key in LISTS if key in tree}
    for key, entries in lists.items():
        if not isinstance(entries, list):
            raise WrongUse(f"{name}: {key} must be a list.", f"Write each entry below a line  [[{key}]]")
    plain = _TEXT_BLOCK.sub(lambda block: "\n" * block.group().count("\n"), text)
    headers = [] if as_json else [(m[1], plain.count("\n", 0, m.start(1)) + 1) for m in _HEADER.finditer(plain)]
    if all(sum(header == key for header, _ in headers) == len(entries) for key, entries in lists.items()):
        left = {key: iter(entries) for key, entries in lists.items()}
        return [(next(left[key]), f"{name}, line {line}, [[{key}]]") for key, line in headers]
    return [(e, f"{name}, [[{key}]] {n}") for key in LISTS for n, e in enumerate(lists.get(key, ()), 1)]


def _entry(raw: Any, where: str) -> Entry:
    if not isinstance(raw, dict) or not raw:
        raise WrongUse(f"{where}: the entry is empty.", "Its first key says what it is. " + _PAGE)
    verb = _verb(raw, where)
    rest = {key: value for key, value in raw.items() if key != verb.name}
    _check(verb, raw[verb.name], rest, where)
    return Entry(verb, raw[verb.name], rest, where)


def _verb(raw: Mapping[str, Any], where: str) -> Verb:
    """What the entry is: the first key that is the name of an entry and to which all the others belong."""
    verbs = [VERBS[key] for key in raw if key in VERBS]
    if not verbs:
        key = next(iter(raw))
        raise _unknown(f"{where}: {key!r} at the beginning of an entry", key, VERBS)
    return next((verb for verb in verbs if all(k == verb.name or verb.param(k) for k in raw)), verbs[0])


def _check(verb: Verb, value: Any, rest: Mapping[str, Any], where: str) -> None:
    params = {param.name: param for param in all_params(verb)}
    for key in rest:
        if key not in params:
            raise _unknown(f"{where}: {key!r} of {verb.name}", key, params)
    for param in verb.params:
        if param.required and param.name not in rest:
            raise WrongUse(f"{where}: {verb.name} has no {param.name}.", f"Add it. {param.words}")
    if not has_reference(value) and not _just_true(verb, value):
        converted(verb.takes, value, f"{where}: {verb.name}")
    if verb.name == "settings":
        _check_rules(value, f"{where}: settings")
    for key, raw in rest.items():
        converted(params[key].kind, raw, f"{where}: {verb.name} {key}")


def _check_rules(rules: Mapping[str, Any], where: str) -> None:
    known = {key.name for key in keys("rules")}
    for key in rules:
        if key not in known:
            raise _unknown(f"{where} {key!r}", key, known)


def _just_true(verb: Verb, value: Any) -> bool:
    return value is True and verb.takes is TEXT


def converted(kind: Kind, raw: Any, where: str) -> Any:
    """A value in its type. What holds a `${reference}` stays as it is. Raises `WrongUse`."""
    if isinstance(raw, str) and has_reference(raw):
        return raw
    try:
        value = kind.convert(raw)
    except (ValueError, ArithmeticError, AttributeError, TypeError) as error:
        reason = f": {error}" if str(error) and "isoformat" not in str(error) else ""
        raise WrongUse(f"{where} must be: {kind.words}{reason}.", _near(kind, raw) or _PAGE) from error
    if not kind.rows:
        return value
    return [_row(kind.rows, row, f"{where} {number}") for number, row in enumerate(value, 1)]


def _row(params: tuple[Param, ...], raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {param.name: param for param in params}
    for key in raw:
        if key not in known:
            raise _unknown(f"{where}: {key!r}", key, known)
    missing = [param for param in params if param.required and param.name not in raw]
    if missing:
        raise WrongUse(f"{where} has no {missing[0].name}.", f"Add it. {missing[0].words}")
    return {key: converted(known[key].kind, value, f"{where} {key}") for key, value in raw.items()}


def _near(kind: Kind, raw: Any) -> str:
    words = re.findall(r"`([^`]+)`", kind.words) if kind.words.startswith("one of") else []
    near = difflib.get_close_matches(str(raw).lower(), words, 1, 0.5)
    return f"Did you mean {near[0]}?" if near else ""


def _unknown(what: str, key: str, known: Iterable[str]) -> WrongUse:
    names = list(known)
    near = difflib.get_close_matches(key.lower(), names, 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names[:60])}."
    return WrongUse(f"{what} is not known.", f"{hint} {_PAGE}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
