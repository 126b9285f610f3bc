"""The XML form of an answer, given to clients that do not accept JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ml_emulators.quickbooks.values import Json

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NAMESPACE = "http://schema.intuit.com/finance/v3"
_ATTRIBUTES = (
    "domain",
    "sparse",
    "status",
    "startPosition",
    "maxResults",
    "totalCount",
    "type",
    "code",
    "element",
    "bId",
)


def to_xml(body: Json) -> bytes:
    """An `IntuitResponse` with `time` as attribute; lists become repeated elements."""
    inner = "".join(part for key, value in body.items() if key != "time" for part in _element(key, value))
    root = f'<IntuitResponse xmlns="{_NAMESPACE}" time={quoteattr(str(body.get("time", "")))}>'
    return f"{_HEAD}{root}{inner}</IntuitResponse>".encode("utf-8", "xmlcharrefreplace")


def _element(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _element(name, item)
    elif isinstance(value, dict) and isinstance(value.get("value"), str):
        label = f" name={quoteattr(value['name'])}" if "name" in value else ""
        yield f"<{name}{label}>{_text(value['value'])}</{name}>"
    elif isinstance(value, dict):
        flags = "".join(f" {key}={quoteattr(_text(value[key]))}" for key in _ATTRIBUTES if _plain(value.get(key)))
        inner = "".join(
            part for key, item in value.items() if not _is_attribute(key, item) for part in _element(key, item)
        )
        yield f"<{name}{flags}>{inner}</{name}>"
    elif value is not None:
        yield f"<{name}>{_text(value)}</{name}>"


def _plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _is_attribute(key: str, value: Any) -> bool:
    return key in _ATTRIBUTES and _plain(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape("".join(sign for sign in str(value) if sign >= " " or sign in "\t\n\r"))
