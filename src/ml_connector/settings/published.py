"""The settings as a JSON Schema and as a page."""

from __future__ import annotations

from typing import Any

from .convert import expected
from .shape import NESTED, SECTIONS, Key, definitions, description, keys


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `settings.toml`, as msgspec makes it of the structs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ml-connector settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"#/$defs/{struct.__name__}"} for name, struct in SECTIONS.items()},
        "$defs": definitions(),
    }


def as_markdown() -> str:
    """The tables of docs/settings.md, one for each section."""
    return "\n\n".join(map(_chapter, (*SECTIONS, *NESTED))) + "\n"


def _chapter(table: str) -> str:
    listed = table in NESTED and table != "rules.template"
    rows = [f"| `{key.name}` | {_takes(key)} | {_default(key)} | {key.description} |" for key in keys(table)]
    head = ["| Key | Takes | Default | Meaning |", "|---|---|---|---|"]
    return "\n".join([f"## [[{table}]]" if listed else f"## [{table}]", "", description(table), "", *head, *rows])


def _takes(key: Key) -> str:
    return expected(key).removesuffix(" in quotes").removesuffix(", without quotes")


def _default(key: Key) -> str:
    if key.required:
        return "must be given"
    if key.default in (None, "", (), {}):
        return "none"
    return f"`{str(key.default).lower() if isinstance(key.default, bool) else key.default}`"
