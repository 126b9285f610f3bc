"""The control door's OpenAPI 3.1 document, made from its own routes and Structs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from .control_bodies import Refusal

_NAME = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{name}"
_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999}
_SYSTEM = {"type": "string", "enum": ["quickbooks", "salesforce"]}
_SHAPES: dict[str, dict[str, Any]] = {
    "system": _SYSTEM,
    "vendor": {"type": "string", "enum": ["", "quickbooks", "salesforce", "pubsub"]},
    "since": _COUNT,
    "limit": _COUNT,
    "offset": _COUNT,
    "name": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
}
"""What the parameters of paths and queries may be; text if not named."""


class Described(Protocol):
    """What the document needs to know of a route."""

    @property
    def method(self) -> str:
        """The HTTP method, upper case."""

    @property
    def path(self) -> str:
        """The path, with its parameters in braces."""

    @property
    def summary(self) -> str:
        """One sentence for the reader of the document."""

    @property
    def takes(self) -> Any:
        """The type of the body; None for a call without one."""

    @property
    def gives(self) -> Any:
        """The type of the answer's body."""

    @property
    def query(self) -> tuple[str, ...]:
        """The names of the query parameters; all are optional."""


def document(routes: Sequence[Described]) -> dict[str, Any]:
    """OpenAPI 3.1 of these routes and of `/openapi.json` itself."""
    kinds = [Refusal, *(k for route in routes for k in (route.takes, route.gives) if k is not None)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    shape = {repr(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, Any] = {"/openapi.json": {"get": _call("This document", "openapi", {"type": "object"}, {})}}
    for route in routes:
        gives = shape[repr(route.gives)]
        entry = _call(route.summary, _operation_id(route), gives, shape[repr(Refusal)])
        if route.takes is not None:
            entry["requestBody"] = {"required": True, "content": _content(shape[repr(route.takes)])}
        entry["parameters"] = _parameters(route)
        paths.setdefault(route.path, {})[route.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control door of the emulators", "version": "1"},
        "paths": paths,
        "components": {"schemas": components},
    }


def _call(summary: str, name: str, gives: Any, refusal: Any) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "Done", "content": _content(gives)}}
    if refusal:
        responses["4XX"] = {"description": "Refused, with a remedy", "content": _content(refusal)}
    return {"summary": summary, "operationId": name, "responses": responses}


def _content(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _operation_id(route: Described) -> str:
    words = [word for word in re.split(r"[/{}]+", route.path) if word]
    return "_".join([route.method.lower(), *words])


def _parameters(route: Described) -> list[dict[str, Any]]:
    inside = [
        {"name": name, "in": "path", "required": True, "schema": _SHAPES.get(name, _TEXT)}
        for name in _NAME.findall(route.path)
    ]
    asked = [
        {"name": name, "in": "query", "required": False, "schema": _SHAPES.get(name, _TEXT)} for name in route.query
    ]
    return inside + asked
