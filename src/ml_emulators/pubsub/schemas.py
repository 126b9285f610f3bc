"""Event schemas: what Avro schema an object's change events have, from its describe (salesforce reference 6.2)."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml_emulators.salesforce import ids
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.schema.words import PERSON_ACCOUNTS

NAMESPACE = "com.sforce.eventbus"
CHANGE_TYPES = (
    *("CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE"),
    *("GAP_OVERFLOW", "SNAPSHOT"),
)
# Kept by the platform beside the record, or derived from other fields: never in an event.
_LEFT_OUT = frozenset(
    {
        *("Id", "IsDeleted", "SystemModstamp", "MasterRecordId", "LastActivityDate", "LastViewedDate"),
        *("LastReferencedDate", "PhotoUrl", "JigsawCompanyId", "IsEmailBounced", "Fiscal", "FiscalQuarter"),
        "FiscalYear",
    }
)
_CAPABLE = frozenset(
    {
        *("Account", "AccountContactRelation", "Asset", "Contact", "Contract", "Lead", "Opportunity"),
        *("OpportunityContactRole", "OpportunityLineItem", "Order", "OrderItem", "Pricebook2", "PricebookEntry"),
        *("Product2", "Quote", "QuoteLineItem", "Task", "Event", "User"),
    }
)
_AVRO = {
    "boolean": "boolean",
    "int": "int",
    **dict.fromkeys(("double", "currency", "percent"), "double"),
    **dict.fromkeys(("date", "datetime"), "long"),
}
_DOC = {
    "boolean": "Data:Boolean",
    "int": "Data:Integer",
    "double": "Data:Double",
    "currency": "Data:Currency",
    "percent": "Data:Percent",
    "date": "Data:DateOnly",
    "datetime": "Data:DateTime",
    "reference": "ForeignKey:EntityId",
    "multipicklist": "Data:MultiEnum",
    "address": "Data:Address",
}
_PERSON = ("Salutation", "FirstName", "LastName")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field of the object stands: `index` in the event, and for a part of a compound its place there."""

    index: int
    name: str
    type: str
    part: str = ""
    nested: int = 0


@dataclass(frozen=True)
class EventSchema:
    """The schema of one kind of event. `places` maps describe's field names to where they stand."""

    kind: str
    schema_id: str
    json: str
    places: dict[str, Place] = field(default_factory=dict)
    compounds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    formulas: tuple[str, ...] = ()
    long_texts: frozenset[str] = frozenset()


def capable(kind: str) -> bool:
    """Whether an object of the org can have change events (salesforce reference 6.10)."""
    return kind in _CAPABLE or kind.endswith("__c")


def event_name(kind: str) -> str:
    """`Account` -> `AccountChangeEvent`, `Thing__c` -> `Thing__ChangeEvent`."""
    return f"{kind.removesuffix('c')}ChangeEvent" if kind.endswith("__c") else f"{kind}ChangeEvent"


def _schema_id_of(json: str) -> str:
    """22 characters of base64url that change with the text."""
    return base64.urlsafe_b64encode(hashlib.sha256(json.encode()).digest()[:16]).decode().rstrip("=")


def change_schema(kind: SObject, *, formulas: bool = True) -> EventSchema:
    """The schema of the change events of an object as it is now: header first, then describe's order."""
    chosen = [field for field in kind.fields if _has_slot(field) and (formulas or not field.calculated)]
    slots = list(_slots(chosen))
    first = next((name for name, _ in slots if name.endswith("Address")), "")
    body = [_avro_slot(kind, name, parts, name == first) for name, parts in slots]
    record = {
        "type": "record",
        "name": event_name(kind.name),
        "namespace": NAMESPACE,
        "fields": [_header(), *body],
    }
    json = msgspec.json.encode(record).decode()
    return EventSchema(
        kind.name,
        _schema_id_of(json),
        json,
        dict(_places(slots)),
        {name: tuple(part.name for part in parts) for name, parts in slots if _is_compound(name, parts)},
        tuple(field.name for field in chosen if field.calculated),
        frozenset(field.name for field in chosen if field.long_text),
    )


def _has_slot(field: Field) -> bool:
    """The person of an account is told by the event of its contact."""
    own = field.feature != PERSON_ACCOUNTS or field.name == "IsPersonAccount"
    return own and field.name not in _LEFT_OUT


Slot = tuple[str, list[Field]]


def _slots(fields: list[Field]) -> Iterator[Slot]:
    """(name in the event, the fields it is made of) at the first of them; a compound's own field adds nothing."""
    slots: dict[str, list[Field]] = {}
    whole = {member.compound for member in fields if member.compound and member.compound != member.name}
    for member in fields:
        if member.name not in whole:
            slots.setdefault(member.compound or member.name, []).append(member)
    for name, parts in slots.items():
        yield name, sorted(parts, key=_person_order) if _is_person(name, parts) else parts


def _is_compound(name: str, parts: list[Field]) -> bool:
    return parts[0].name != name


def _is_person(name: str, parts: list[Field]) -> bool:
    return name == "Name" and _is_compound(name, parts)


def _person_order(field: Field) -> int:
    return _PERSON.index(field.name) if field.name in _PERSON else len(_PERSON)


def _part_name(whole: str, part: str) -> str:
    return part.removeprefix(whole.removesuffix("Address")) if whole.endswith("Address") else part


def _places(slots: list[Slot]) -> Iterator[tuple[str, Place]]:
    for index, (name, parts) in enumerate(slots, 1):
        for nested, part in enumerate(parts):
            if _is_compound(name, parts):
                yield part.name, Place(index, name, part.type, _part_name(name, part.name), nested)
            else:
                yield part.name, Place(index, name, part.type)


def _doc(kind: SObject, field: Field) -> str:
    text = _DOC.get(field.type, "Data:Text")
    if field.type == "picklist":
        text = "Data:StaticEnum" if field.restricted else "Data:DynamicEnum"
    elif field.long_text:
        text = "Data:StringPlusClob"
    elif field.name == "CreatedDate":
        text = "CreatedDate:DateTime"
    if not field.custom:
        return text
    number = zlib.crc32(f"{kind.name}.{field.name}".encode())
    return f"{text}:{ids.make('00N', number)[:15]}"


def _union(field: Field) -> list[Any]:
    return ["null", _AVRO.get(field.type, "string")]


def _optional(name: str, types: list[Any], doc: str = "") -> dict[str, Any]:
    return {"name": name, "type": types} | ({"doc": doc} if doc else {}) | {"default": None}


def _record(name: str, whole: str, parts: Iterable[Field]) -> dict[str, Any]:
    fields = [_optional(_part_name(whole, part.name), _union(part)) for part in parts]
    return {"type": "record", "name": name, "namespace": NAMESPACE, "fields": fields}


def _avro_slot(kind: SObject, name: str, parts: list[Field], defines_address: bool) -> dict[str, Any]:
    if _is_person(name, parts):
        return _optional(name, ["null", _record("PersonName", name, parts)], "Data:PersonName")
    if _is_compound(name, parts):
        address: Any = _record("Address", name, parts) if defines_address else f"{NAMESPACE}.Address"
        return _optional(name, ["null", address], "Data:Address")
    field = parts[0]
    if field.extra_type == "switchablepersonname":
        return _optional(name, ["null", "string", _switchable()], "Data:Switchable_PersonName")
    return _optional(name, _union(field), _doc(kind, field))


def _switchable() -> dict[str, Any]:
    return _record("Switchable_PersonName", "Name", [Field(name, "string") for name in _PERSON])


def _header() -> dict[str, Any]:
    texts = {"type": "array", "items": "string"}
    kinds = {"type": "enum", "name": "ChangeType", "symbols": list(CHANGE_TYPES)}
    types: list[tuple[str, Any]] = [
        ("entityName", "string"),
        ("recordIds", texts),
        ("changeType", kinds),
        ("changeOrigin", "string"),
        ("transactionKey", "string"),
        ("sequenceNumber", "int"),
        ("commitTimestamp", "long"),
        ("commitNumber", "long"),
        ("commitUser", "string"),
        ("nulledFields", texts),
        ("diffFields", texts),
        ("changedFields", texts),
    ]
    fields = [{"name": name, "type": kind} for name, kind in types]
    return {"name": "ChangeEventHeader", "type": {"type": "record", "name": "ChangeEventHeader", "fields": fields}}


def platform_schema(name: str, fields: Iterable[str]) -> EventSchema:
    """The schema of a platform event `Name__e` whose own fields are all texts."""
    body = [
        {"name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime"},
        {"name": "CreatedById", "type": "string", "doc": "CreatedBy:EntityId"},
        *(_optional(field, ["null", "string"], "Data:Text") for field in fields),
    ]
    json = msgspec.json.encode({"type": "record", "name": name, "namespace": NAMESPACE, "fields": body}).decode()
    return EventSchema(name, _schema_id_of(json), json)


class Schemas:
    """Every schema that was ever in force, by its id; the one in force for a kind is made once."""

    def __init__(self) -> None:
        self._by_id: dict[str, EventSchema] = {}
        self._now: dict[tuple[str, bool], tuple[SObject, EventSchema]] = {}

    def of(self, kind: SObject, *, formulas: bool) -> EventSchema:
        """The schema in force for an object as it is now; `formulas` says whether calculated fields are in it."""
        known = self._now.get((kind.name, formulas))
        if known is not None and known[0] is kind:
            return known[1]
        made = change_schema(kind, formulas=formulas)
        self._now[kind.name, formulas] = (kind, made)
        return self.add(made)

    def add(self, schema: EventSchema) -> EventSchema:
        """Know a schema by its id; the one known before when the id is the same."""
        return self._by_id.setdefault(schema.schema_id, schema)

    def get(self, schema_id: str) -> EventSchema | None:
        """A schema that is or was in force; None for an unknown id."""
        return self._by_id.get(schema_id)

    def snapshot(self) -> dict[str, EventSchema]:
        """All schemas by id."""
        return dict(self._by_id)

    def restore(self, kept: dict[str, EventSchema]) -> None:
        """Know those of a snapshot too; an id never stops meaning what it meant."""
        self._by_id = self._by_id | kept
