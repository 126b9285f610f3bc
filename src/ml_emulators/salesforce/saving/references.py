"""Lookups: by id (exists, right kind, not deleted) and by the parent's external id."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.errors import ApiError, Malformed, bad_reference, deleted, integrity, no_column
from ml_emulators.salesforce.rights import sees_object
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx


def _target(tx: Tx, field: Field, given: dict[str, Any]) -> SObject:
    attributes = given.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    named = tx.world.schema.find(name) if isinstance(name, str) else None
    if named is not None and named.name in field.refers_to:
        return named
    return tx.world.schema.objects[field.refers_to[0]]


def resolve(tx: Tx, field: Field, given: dict[str, Any] | None) -> str | None:
    """`{"QBO_Id__c": "42"}` -> the id of that parent; null stays null."""
    if given is None:
        return None
    keys = [key for key in given if key != "attributes"]
    kind = _target(tx, field, given)
    if len(keys) != 1:
        raise Malformed("INVALID_FIELD", f"{field.relationship}: exactly one external id field is needed")
    key, value = kind.find(keys[0]), given[keys[0]]
    if key is None:
        raise no_column(keys[0], kind.name)
    if not (key.external_id or key.id_lookup):
        raise Malformed("INVALID_FIELD", f"{key.name} is not an External ID or indexed field for {kind.name}")
    return _parent_id(tx, kind, key, value, field)


def _parent_id(tx: Tx, kind: SObject, key: Field, value: Any, field: Field) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Malformed("JSON_PARSER_ERROR", f"Cannot read the value of {kind.name}.{key.name}")
    if key.type == "id":
        return str(value)
    parents = list(tx.find(kind.name, key.name, str(value).strip()))
    if len(parents) > 1:
        text = f"More than one record found for external id field: {[row['Id'] for row in parents]}"
        raise ApiError("DUPLICATE_EXTERNAL_ID", text, fields=[field.name])
    if not parents:
        text = f"Foreign key external ID: {value} not found for field {key.name} in entity {kind.name}"
        raise ApiError("INVALID_FIELD", text, fields=[])
    return str(parents[0]["Id"])


def check_references(tx: Tx, kind: SObject, values: dict[str, Any]) -> None:
    """Every id that is written must be of a live record of the right kind."""
    for reference in kind.references:
        value = values.get(reference.name)
        if value is not None:
            _check(tx, reference, value)


def _check_active(field: Field, target: SObject, owner: Record) -> None:
    if field.name == "OwnerId" and target.name == "User" and not owner.get("IsActive"):
        text = "operation performed with inactive user [" + str(owner["Id"]) + "] as owner of the record"
        raise ApiError("INACTIVE_OWNER_OR_USER", text, fields=["OwnerId"])


def _check(tx: Tx, field: Field, value: str) -> None:
    target = tx.world.schema.by_prefix.get(value[:3])
    if target is None or target.name not in field.refers_to:
        raise integrity(f"{field.label}: id value of incorrect type: {value}", field.name)
    if not sees_object(tx.world, tx.actor, target.name):
        text = "insufficient access rights on cross-reference id"
        raise ApiError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", text, fields=[field.name])
    table = tx.world.state.tables[target.name]
    record = table.live.get(value)
    if record is not None:
        _check_active(field, target, record)
        return
    if value in table.gone:
        gone = deleted()
        gone.status, gone.fields = 400, [field.name]
        raise gone
    raise bad_reference()
