"""Lookups: by id (exists, right kind, not deleted) and by the parent's external id."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.errors import ApiError, Malformed, bad_reference, deleted, integrity, no_column
from ml_emulators.salesforce.rights import sees_object
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx


def _target(tx: Tx, each: Field, given: dict[str, Any]) -> SObject:
    attributes = given.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    named = tx.world.schema.find(name) if isinstance(name, str) else None
    if named is not None and named.name in each.refers_to:
        return named
    return tx.world.schema.objects[each.refers_to[0]]


def resolve(tx: Tx, each: Field, given: dict[str, Any] | None) -> str | None:
    """`{"QBO_Id__c": "42"}` -> the id of that parent; null stays null."""
    if given is None:
        return None
    keys = [key for key in given if key != "attributes"]
    kind = _target(tx, each, given)
    if len(keys) != 1:
        raise Malformed("INVALID_FIELD", f"{each.relationship}: exactly one external id field is needed")
    key, value = kind.find(keys[0]), given[keys[0]]
    if key is None:
        raise no_column(keys[0], kind.name)
    if not (key.external_id or key.id_lookup):
        raise Malformed("INVALID_FIELD", f"{key.name} is not an External ID or indexed field for {kind.name}")
    return _parent_id(tx, kind, key, value, each)


def _parent_id(tx: Tx, kind: SObject, key: Field, value: Any, each: Field) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Malformed("JSON_PARSER_ERROR", f"Cannot read the value of {kind.name}.{key.name}")
    if key.type == "id":
        return str(value)
    found = list(tx.find(kind.name, key.name, str(value).strip()))
    if len(found) > 1:
        text = f"More than one record found for external id field: {[row['Id'] for row in found]}"
        raise ApiError("DUPLICATE_EXTERNAL_ID", text, fields=[each.name])
    if not found:
        text = f"Foreign key external ID: {value} not found for field {key.name} in entity {kind.name}"
        raise ApiError("INVALID_FIELD", text, fields=[])
    return str(found[0]["Id"])


def check_references(tx: Tx, kind: SObject, values: dict[str, Any]) -> None:
    """Every id that is written must be of a live record of the right kind."""
    for reference in kind.references:
        value = values.get(reference.name)
        if value is not None:
            _check(tx, reference, value)


def _check_active(each: Field, target: SObject, found: Record) -> None:
    if each.name == "OwnerId" and target.name == "User" and not found.get("IsActive"):
        text = "operation performed with inactive user [" + str(found["Id"]) + "] as owner of the record"
        raise ApiError("INACTIVE_OWNER_OR_USER", text, fields=["OwnerId"])


def _check(tx: Tx, each: Field, value: str) -> None:
    target = tx.world.schema.by_prefix.get(value[:3])
    if target is None or target.name not in each.refers_to:
        raise integrity(f"{each.label}: id value of incorrect type: {value}", each.name)
    if not sees_object(tx.world, tx.actor, target.name):
        text = "insufficient access rights on cross-reference id"
        raise ApiError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", text, fields=[each.name])
    table = tx.world.state.tables[target.name]
    found = table.live.get(value)
    if found is not None:
        _check_active(each, target, found)
        return
    if value in table.gone:
        gone = deleted()
        gone.status, gone.fields = 400, [each.name]
        raise gone
    raise bad_reference()
