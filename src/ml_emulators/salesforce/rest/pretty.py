"""JSON as the API writes it: compact, or with `X-PrettyPrint: 1` in its own style of spacing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ml_emulators.kit.wire import dumps


def encode(value: Any, *, pretty: bool) -> bytes:
    """The body in UTF-8, every decimal as it is kept."""
    return "".join(_lines(value, "")).encode() if pretty else dumps(value)


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield from _block(((f"{_scalar(key)} : ", inner) for key, inner in value.items()), indent, "{}")
    elif isinstance(value, list):
        yield from _list(value, indent)
    else:
        yield "{ }" if value == {} and isinstance(value, dict) else _scalar(value)


def _block(pairs: Iterator[tuple[str, Any]], indent: str, ends: str) -> Iterator[str]:
    deeper = indent + "  "
    glue = f"{ends[0]}\n"
    for lead, value in pairs:
        yield f"{glue}{deeper}{lead}"
        yield from _lines(value, deeper)
        glue = ",\n"
    yield f"\n{indent}{ends[1]}"


def _list(values: list[Any], indent: str) -> Iterator[str]:
    """`[ {...}, {...} ]` on the lines of their neighbours."""
    glue = "[ "
    for value in values:
        yield glue
        yield from _lines(value, indent)
        glue = ", "
    yield " ]" if values else "[ ]"


def _scalar(value: Any) -> str:
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else dumps(value).decode()
