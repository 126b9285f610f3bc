"""Custom fields as metadata: from `Metadata` to a field of the org, and back (salesforce reference 8.2, 8.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import ApiError
from ..schema import Field, Schema
from ..schema.words import area, day, email, flag, moment, money, number, percent, pick, picks, ref, url
from ..schema.words import text as short_text

Metadata = dict[str, Any]
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c\Z")
_KEYED = ("Text", "Number", "Email")
_LONGEST_LABEL = 40


def wrong(message: str, *fields: str) -> ApiError:
    """FIELD_INTEGRITY_EXCEPTION: the metadata says what cannot be."""
    return ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=fields)


def check_name(name: str) -> None:
    """Raises FIELD_INTEGRITY_EXCEPTION for what is no name of a custom field (43 characters with `__c`)."""
    if not _NAME.match(name) or len(name) > 43:
        raise wrong(
            "The Custom Field Name can only contain alphanumeric characters and single underscores, must begin with a "
            f"letter, and ends with __c: {name}",
            "FullName",
        )


def _whole(given: Metadata, name: str, least: int, most: int) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise wrong(f"{name} must be a whole number from {least} to {most}: {value}", name)
    return value


def _digits(given: Metadata) -> tuple[int, int]:
    precision = _whole(given, "precision", 1, 18)
    return precision, _whole(given, "scale", 0, precision)


def _options(given: Metadata) -> tuple[str, ...]:
    """The values of a picklist that stands in the field itself."""
    values: Any = given
    for key in ("valueSet", "valueSetDefinition", "value"):
        values = values.get(key) if isinstance(values, dict) else None
    if not isinstance(values, list) or not values:
        raise wrong("a picklist needs valueSet.valueSetDefinition.value", "valueSet")
    names = [str(value.get("fullName") or value.get("valueName") or "") for value in values if isinstance(value, dict)]
    if len(names) < len(values) or not all(names):
        raise wrong("each value of a picklist needs a fullName", "valueSet")
    return tuple(names)


def _restricted(given: Metadata) -> bool:
    values = given.get("valueSet")
    return isinstance(values, dict) and values.get("restricted") is True


def _lookup(name: str, given: Metadata, more: dict[str, Any], schema: Schema) -> Field:
    target = schema.find(str(given.get("referenceTo")))
    if target is None:
        raise wrong(f"referenceTo: no such object: {given.get('referenceTo')}", "referenceTo")
    children = given.get("relationshipName")
    return ref(name, target.name, f"{children}__r" if children else None, **more)


def _box(name: str, given: Metadata, more: dict[str, Any], _schema: Schema) -> Field:
    default = given.get("defaultValue")
    if str(default).lower() not in ("true", "false"):
        raise wrong("a checkbox needs a defaultValue", "defaultValue")
    return flag(name, default=str(default).lower() == "true", **{k: v for k, v in more.items() if k == "label"})


Make = Callable[[str, Metadata, dict[str, Any], Schema], Field]
_MAKE: dict[str, Make] = {
    "Text": lambda name, given, more, _: short_text(name, _whole(given, "length", 1, 255), **more),
    "TextArea": lambda name, _given, more, _: area(name, 255, **more),
    "LongTextArea": lambda name, given, more, _: area(name, _whole(given, "length", 256, 131_072), **more),
    "Checkbox": _box,
    "Number": lambda name, given, more, _: number(name, *_digits(given), **more),
    "Currency": lambda name, given, more, _: money(name, *_digits(given), **more),
    "Percent": lambda name, given, more, _: percent(name, *_digits(given), **more),
    "Date": lambda name, _given, more, _: day(name, **more),
    "DateTime": lambda name, _given, more, _: moment(name, **more),
    "Email": lambda name, _given, more, _: email(name, **more),
    "Phone": lambda name, _given, more, _: Field(name, "phone", length=40, **more),
    "Url": lambda name, _given, more, _: url(name, **more),
    "Picklist": lambda name, given, more, _: pick(name, *_options(given), restricted=_restricted(given), **more),
    "MultiselectPicklist": lambda name, given, more, _: picks(name, *_options(given), **more),
    "Lookup": _lookup,
}


def field_of(name: str, given: Any, schema: Schema) -> Field:
    """The field that `Metadata` describes. Raises FIELD_INTEGRITY_EXCEPTION for what cannot be."""
    check_name(name)
    if not isinstance(given, dict):
        raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", fields=["Metadata"])
    kind, label = str(given.get("type")), given.get("label")
    if kind not in _MAKE:
        raise wrong(f"Field type {given.get('type')} is not known here", "type")
    if not isinstance(label, str) or not label or len(label) > _LONGEST_LABEL:
        raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [label]", fields=["label"])
    return _MAKE[kind](name, given, {"label": label} | _rules(kind, given), schema)


def _rules(kind: str, given: Metadata) -> dict[str, Any]:
    asked = {name: given.get(name) is True for name in ("unique", "externalId", "caseSensitive", "required")}
    if (asked["unique"] or asked["externalId"]) and kind not in _KEYED:
        raise wrong(f"A field of type {kind} can be neither unique nor an external id", "externalId")
    rules: dict[str, Any] = {}
    if asked["unique"] or asked["externalId"]:
        exact = asked["unique"] and asked["caseSensitive"]
        rules = {"unique": asked["unique"], "external_id": asked["externalId"], "case_sensitive": exact}
        rules["id_lookup"] = True
    return rules | ({"nillable": False} if asked["required"] and kind != "LongTextArea" else {})


_TYPES = {
    "string": "Text",
    "boolean": "Checkbox",
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "int": "Number",
    "date": "Date",
    "datetime": "DateTime",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "reference": "Lookup",
}


def type_of(field: Field) -> str:
    """The word that metadata has for the type of a field."""
    if field.type == "textarea":
        return "LongTextArea" if field.long_text else "TextArea"
    return _TYPES[field.type]


def metadata_of(field: Field) -> Metadata:
    """`Metadata` of a field as it stands."""
    kind = type_of(field)
    metadata: Metadata = {"label": field.label, "type": kind, "required": field.required, "description": None}
    if kind in ("Text", "LongTextArea"):
        metadata["length"] = field.length
    if kind in ("Number", "Currency", "Percent"):
        metadata |= {"precision": field.precision, "scale": field.scale}
    if kind in _KEYED:
        metadata |= {"externalId": field.external_id, "unique": field.unique}
    if field.unique:
        metadata["caseSensitive"] = field.case_sensitive
    return metadata | _more(kind, field)


def _more(kind: str, field: Field) -> Metadata:
    if kind == "Checkbox":
        return {"defaultValue": str(bool(field.default)).lower()}
    if kind == "Lookup":
        children = field.children.removesuffix("__r") if field.children else None
        return {"referenceTo": field.refers_to[0], "relationshipName": children}
    if kind in ("Picklist", "MultiselectPicklist"):
        values = [{"fullName": value, "default": False, "label": value} for value in field.values]
        return {"valueSet": {"restricted": field.restricted, "valueSetDefinition": {"sorted": False, "value": values}}}
    return {}
