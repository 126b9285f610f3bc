"""Describe, global and of one object, seen with the rights of the caller (salesforce reference 2.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import not_found
from ml_emulators.salesforce.numbers import on_wire
from ml_emulators.salesforce.saving import addresses
from ml_emulators.salesforce.schema import Child, Field, SObject
from ml_emulators.salesforce.schema.model import TEXTS, label_of
from ml_emulators.salesforce.schema.words import STATE_COUNTRY

from .sobjects import visible_fields

_SOAP = {
    **dict.fromkeys(TEXTS, "xsd:string"),
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    **dict.fromkeys(("double", "currency", "percent"), "xsd:double"),
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "complexvalue": "xsd:anyType",
}
_FROM_TABLE = {
    "StageName": ("OpportunityStage", "ApiName", "IsActive"),
    "Status": ("OrderStatus", "ApiName", None),
    "CurrencyIsoCode": ("CurrencyType", "IsoCode", "IsActive"),
}


def _value(value: str, *, label: str | None = None, default: bool = False, active: bool = True) -> dict[str, Any]:
    return {
        "active": active,
        "defaultValue": default,
        "label": label or value,
        "validFor": None,
        "value": value,
    }


def _values(call: Call, kind: SObject, field: Field) -> list[dict[str, Any]]:
    if field.type not in ("picklist", "multipicklist"):
        return []
    if field.feature == STATE_COUNTRY:
        return addresses.choices(call.world, field)
    source = _FROM_TABLE.get(field.name)
    if field.values or source is None:
        return [_value(value) for value in field.values]
    table, column, active = source
    rows = call.world.state.tables[table].live.values()
    return [
        _value(
            row[column],
            label=row.get("MasterLabel"),
            default=bool(row.get("IsDefault") or row.get("IsCorporate")),
            active=bool(row.get(active)) if active else True,
        )
        for row in rows
    ]


def _default(field: Field) -> Any:
    if field.type == "boolean":
        return bool(field.default)
    return on_wire(field.default) if isinstance(field.default, Decimal) else field.default


def field_entry(call: Call, kind: SObject, field: Field) -> dict[str, Any]:
    """All keys of a field, in the alphabetical order the API has them in."""
    text, open_to_us = field.type in TEXTS, rights.may_write(call.world, call.actor, kind.name, field.name)
    number = field.type in ("double", "currency", "percent")
    reference = field.type == "reference"
    wide = field.long_text or field.type in ("address", "complexvalue")
    groupable = not (wide or number or field.type == "datetime")
    return {
        "aggregatable": not wide and field.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": field.length * 3 if text else 18 if field.type in ("id", "reference") else 0,
        "calculated": field.calculated,
        "calculatedFormula": None,
        "cascadeDelete": field.cascade,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": field.controller,
        "createable": field.createable and open_to_us and _open(call, kind, "create"),
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": field.controller is not None,
        "deprecatedAndHidden": False,
        "digits": 8 if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type,
        "filterable": not field.long_text,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.refers_to) > 1,
        "nillable": field.nillable,
        "permissionable": field.hideable,
        "picklistValues": _values(call, kind, field),
        "polymorphicForeignKey": len(field.refers_to) > 1,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": field.restrict_delete,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": reference and field.createable,
        "soapType": _SOAP[field.type],
        "sortable": not wide,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and open_to_us and _open(call, kind, "edit"),
        "writeRequiresMasterRead": False,
    }


def _label(kind: SObject) -> str:
    return kind.label or label_of(kind.name)


def _plural(kind: SObject) -> str:
    return kind.plural or f"{_label(kind)}s"


def _urls(call: Call, kind: SObject) -> dict[str, str]:
    base = f"/services/data/{call.version}/sobjects/{kind.name}"
    return {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}


def _summary(call: Call, kind: SObject) -> dict[str, Any]:
    """The entry of an object in the global describe."""
    return {
        "activateable": False,
        "createable": _open(call, kind, "create"),
        "custom": kind.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": _open(call, kind, "delete"),
        "deprecatedAndHidden": False,
        "feedEnabled": kind.mergeable,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": kind.prefix,
        "label": _label(kind),
        "labelPlural": _plural(kind),
        "layoutable": kind.createable,
        "mergeable": kind.mergeable,
        "mruEnabled": kind.createable,
        "name": kind.name,
        "queryable": True,
        "replicateable": kind.replicateable,
        "retrieveable": True,
        "searchable": kind.createable,
        "triggerable": kind.createable,
        "undeletable": kind.undeletable,
        "updateable": _open(call, kind, "edit"),
        "urls": _urls(call, kind),
    }


def _visible_kinds(call: Call) -> list[SObject]:
    objects = call.world.schema.objects
    return [kind for name, kind in objects.items() if rights.sees_object(call.world, call.actor, name)]


def _open(call: Call, kind: SObject, right: rights.Right) -> bool:
    """Whether object and user allow it."""
    allowed = {"create": kind.createable, "edit": kind.updateable, "delete": kind.deletable}[right]
    return allowed and rights.may(call.world, call.actor, kind.name, right)


def describe_global(call: Call) -> Answer:
    """`GET /sobjects`: what the caller may see, each object in short."""
    call.only("GET")
    shown = [_summary(call, kind) for kind in _visible_kinds(call)]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})


def describe_basic(call: Call, kind: SObject) -> Answer:
    """`GET /sobjects/X`: the summary and what was used lately (nothing is, for an API user)."""
    return Answer(200, {"objectDescribe": _summary(call, kind), "recentItems": []})


def _child(child: Child) -> dict[str, Any]:
    return {
        "cascadeDelete": child.field.cascade,
        "childSObject": child.kind,
        "deprecatedAndHidden": False,
        "field": child.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.field.children,
        "restrictedDelete": child.field.restrict_delete,
    }


_MASTER = "012000000000000AAA"


def _record_types(call: Call, kind: SObject) -> list[dict[str, Any]]:
    base = f"/services/data/{call.version}/sobjects/{kind.name}/describe/layouts"
    return [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": True,
            "developerName": "Master",
            "master": True,
            "name": "Master",
            "recordTypeId": _MASTER,
            "urls": {"layout": f"{base}/{_MASTER}"},
        }
    ]


def describe(call: Call, kind: SObject) -> Answer:
    """`GET /sobjects/X/describe`: a field without field-level security is simply not there.

    Built once for what it depends on: the org's schema, the caller's rights, and the values in tables of choices.
    """
    call.only("GET")
    kept, schema = call.world.described, call.world.schema
    key = (call.version, kind.name, rights.fingerprint(call.world, call.actor), _choices(call, kind))
    known = kept.get(key)
    if known is None or known[0] is not schema or known[1] is not kind:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        known = kept[key] = (schema, kind, _describe(call, kind))
    return Answer(200, known[2])


_MOST_KEPT = 1_000


def _choices(call: Call, kind: SObject) -> tuple[Any, ...]:
    """What `_values` reads from tables, for this object."""
    tables = call.world.state.tables
    sources = [_FROM_TABLE[name] for name in _FROM_TABLE if name in kind.by_name and _FROM_TABLE[name][0] in tables]
    columns = ("MasterLabel", "IsDefault", "IsCorporate")
    return tuple(
        tuple(row.get(name) for name in (column, active or "", *columns))
        for table, column, active in sources
        for row in tables[table].live.values()
    )


def _describe(call: Call, kind: SObject) -> dict[str, Any]:
    if kind not in _visible_kinds(call):
        raise not_found()
    seen = {entry.name for entry in _visible_kinds(call)}
    children = [_child(child) for child in call.world.schema.children(kind.name) if child.kind in seen]
    body = _summary(call, kind) | {
        "actionOverrides": [],
        "childRelationships": sorted(children, key=lambda entry: (entry["childSObject"], entry["field"])),
        "compactLayoutable": kind.createable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [field_entry(call, kind, field) for field in visible_fields(call, kind)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(call, kind),
        "searchLayoutable": kind.createable,
        "supportedScopes": [{"label": f"All {_plural(kind).lower()}", "name": "everything"}],
    }
    return dict(sorted(body.items()))
