"""The tables of docs/scenarios.md: every entry and every key, as the reader knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .reader import TOP, VERBS
from .values import Param
from .words import EXPECT_ERROR, REPEAT, TITLE, Part, Verb

_HEADINGS: dict[Part, str] = {
    "given": "Given: what people do at the vendors",
    "when": "When: time, the connector, and trouble",
    "then": "Then: what must be the case",
}


def as_markdown() -> str:
    """The made part of the page."""
    parts = ["## Top of the file\n", *_table(TOP), "", "## Keys of every entry\n"]
    parts += _table((TITLE, REPEAT, EXPECT_ERROR))
    parts += ["", "`repeat` and `expect_error` belong to `given` and `when` entries."]
    for part, heading in _HEADINGS.items():
        parts += ["", f"## {heading}"]
        for verb in VERBS.values():
            if verb.part == part:
                parts += ["", *_verb(verb)]
    return "\n".join(parts) + "\n"


def _verb(verb: Verb) -> Iterator[str]:
    yield f"### {verb.name}\n"
    yield f"`{verb.name}` = {_value(verb)}. {verb.words}"
    if verb.params:
        yield ""
        yield from _table(verb.params)
    for param in verb.params:
        if param.kind.rows:
            yield f"\nEach of `{param.name}`:\n"
            yield from _table(param.kind.rows)


def _value(verb: Verb) -> str:
    """What the first key takes; its kind is left out where the meaning says it."""
    words = verb.takes.words
    return words if words.startswith("one of") else verb.meaning


def _table(params: Iterable[Param]) -> Iterator[str]:
    yield "| Key | Takes | Meaning |"
    yield "|---|---|---|"
    for param in params:
        words = f"{param.words} Must be given." if param.required else param.words
        yield f"| `{param.name}` | {_takes(param)} | {words} |"


def _takes(param: Param) -> str:
    return "list of tables, see below" if param.kind.rows else param.kind.words
