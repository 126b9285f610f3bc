"""The settings as a JSON Schema and as a page, both made of the table of keys."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from .convert import expected, without_none
from .shape import NESTED, SECTIONS, Key, keys
from .words import LIMITS, SECTION_WORDS


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `settings.toml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ml-connector settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _table(name) for name in SECTIONS},
    }


def _table(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": SECTION_WORDS[name],
        "additionalProperties": False,
        "properties": {key.name: _key(key) for key in keys(name)},
        "required": [key.name for key in keys(name) if key.required],
    }


def _key(key: Key) -> dict[str, Any]:
    schema = {**_type(key), "description": key.words}
    if not key.required and key.default not in (None, "", (), {}):
        schema["default"] = str(key.default) if isinstance(key.default, Decimal) else key.default
    return schema


def _type(key: Key) -> dict[str, Any]:
    plain = without_none(key.type)
    limits = LIMITS.get(key.path)
    bounds = {"minimum": limits[0], "maximum": limits[1]} if limits else {}
    if key.path in NESTED:
        return _table(key.path) if get_origin(plain) is not tuple else {"type": "array", "items": _table(key.path)}
    if get_origin(plain) is Literal:
        return {"enum": list(get_args(plain))}
    if get_origin(plain) is dict:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    types: dict[Any, dict[str, Any]] = {
        bool: {"type": "boolean"},
        int: {"type": "integer", **bounds},
        Decimal: {"anyOf": [{"type": "number", **bounds}, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}]},
        date: {"type": "string", "format": "date"},
        str: {"type": "string"},
        Path: {"type": "string"},
    }
    return types[plain]


def as_markdown() -> str:
    """The tables of docs/settings.md, one for each section."""
    parts = []
    for name in (*SECTIONS, *NESTED):
        rows = [f"| `{key.name}` | {_takes(key)} | {_default(key)} | {key.words} |" for key in keys(name)]
        head = f"## [{name}]" if name not in NESTED or name == "rules.template" else f"## [[{name}]]"
        parts.append(
            "\n".join(
                [head, "", SECTION_WORDS[name], "", "| Key | Takes | Default | Meaning |", "|---|---|---|---|", *rows]
            )
        )
    return "\n\n".join(parts) + "\n"


def _takes(key: Key) -> str:
    return expected(key).removesuffix(" in quotes").removesuffix(", without quotes")


def _default(key: Key) -> str:
    if key.required:
        return "must be given"
    if key.default in (None, "", (), {}):
        return "none"
    return f"`{str(key.default).lower() if isinstance(key.default, bool) else key.default}`"
