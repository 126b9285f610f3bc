"""Bodies in XML, as clients made from the vendor's schema send them: turned into what JSON would have said."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser, fromstring

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.values import Json

_LISTS = frozenset(
    {
        *("Line", "LinkedTxn", "CustomField", "AttachableRef", "TaxLine", "TaxRateDetail", "NameValue"),
        *("BatchItemRequest", "BatchItemResponse", "Entities", "CustomExtensions", "AssociatedValues"),
    }
)
_VALUES = ("CustomerMemo", "HomeCurrency")
_TEXTS = ("bId", "operation", "optionsData", "domain", "sparse", "status", "Query")
_DEEPEST = 30


def is_xml(content_type: str, body: bytes) -> bool:
    """Whether a body is XML: by its type, or because it begins so."""
    return "xml" in content_type.lower() or body.lstrip()[:1] == b"<"


def from_xml(body: bytes) -> Json:
    """The root element's content; numbers and flags stay texts, which every reader takes. Raises Fault."""
    if b"<!DOCTYPE" in body:
        raise faults.unknown_property("DOCTYPE")
    try:
        root = fromstring(body, XMLParser())  # noqa: S314 - without a document type there is nothing to expand
    except (ParseError, ValueError, LookupError) as error:
        raise faults.unknown_property("the body is not XML") from error
    content = _content(root, 0)
    return content if isinstance(content, dict) else {}


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _content(node: Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise faults.unknown_property("the body is nested too deeply")
    name, text = _name(node.tag), (node.text or "").strip()
    attributes = {_name(key): value for key, value in node.attrib.items()}
    if name.endswith("Ref") or name in _VALUES:
        return _reference(node, attributes, text, depth)
    if not len(node) and not any(key in _TEXTS for key in attributes):
        return text
    content: Json = {key: value for key, value in attributes.items() if key in _TEXTS}
    for child in node:
        key, value = _name(child.tag), _content(child, depth + 1)
        if key in _LISTS:
            content.setdefault(key, []).append(value)
        else:
            content[key] = value
    return content


def _reference(node: Element, attributes: dict[str, str], text: str, depth: int) -> Any:
    """`<CustomerRef name="A">12</CustomerRef>`; an AttachableRef holds elements of its own."""
    if len(node):
        return {_name(child.tag): _content(child, depth + 1) for child in node}
    return {"value": text, **{key: attributes[key] for key in ("name", "type") if key in attributes}} if text else ""
