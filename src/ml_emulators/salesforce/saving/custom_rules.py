"""What a customer's org adds to every save: validation rules, required fields, failing automation, locks, storage.

From salesforce reference 2.6; each is a switch.
"""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.errors import ApiError, required
from ml_emulators.salesforce.org import ValidationRule
from ml_emulators.salesforce.query.conditions import Conditions
from ml_emulators.salesforce.query.parse import parse
from ml_emulators.salesforce.query.scope import Getter, Scope
from ml_emulators.salesforce.query.tree import Operand, Path, Query, malformed
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx, World

_VERSION = "v67.0"
_KB = 2
_MB = 1024


def check(tx: Tx, kind: SObject, record: Record) -> None:
    """Refuse a record that the customer's org does not take; `record` is as it would be saved."""
    _filled(kind, record)
    for rule in tx.switches.validation_rules:
        if rule.kind == kind.name and _broken(tx, rule, kind, record):
            fields = [rule.field] if rule.field else []
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=fields)
    _automated(tx, kind)


def _filled(kind: SObject, record: Record) -> None:
    """A custom field that is required for all records is asked for at every save."""
    missing = [name for name in kind.required_names if name.endswith("__c") and name not in record]
    if missing:
        raise required(missing)


def _broken(tx: Tx, rule: ValidationRule, kind: SObject, record: Record) -> bool:
    """Whether the rule's condition, a WHERE without the word, is true of the record."""
    query = parse(f"SELECT Id FROM {kind.name} WHERE {rule.condition}")  # noqa: S608  # SOQL over our own dicts
    if query.where is None:
        return False
    scope = Scope(tx.world, tx.world.sales, rule.condition, kind, None, _VERSION)

    def read(operand: Operand) -> tuple[Field, Getter]:
        if not isinstance(operand, Path):
            raise malformed("a validation rule compares fields")
        column = scope.column(operand)
        return column.field, column.value

    return Conditions(scope, read, _no_query).test(query.where)(record)


def _no_query(_query: Query) -> set[Any]:
    raise malformed("a validation rule asks no other records")


def _automated(tx: Tx, kind: SObject) -> None:
    """The customer's own trigger or flow fails: the save fails with it."""
    message = tx.switches.failing_automations.get(kind.name)
    if message is not None:
        raise ApiError(tx.switches.automation_code, message, fields=())


def check_locks(tx: Tx, kind: SObject, record: Record) -> None:
    """The injected row locks: on the record itself, on a parent, or on the next so many writes; approval locks."""
    switches = tx.switches
    if record.get("Id") in switches.approval_locked_ids:
        raise ApiError("ENTITY_IS_LOCKED", "the entity is locked for editing", fields=())
    if not switches.locked_ids and not switches.lock_next:
        return
    touched = [record.get("Id"), *(record.get(reference.name) for reference in kind.references)]
    held = [name for name in touched if name in switches.locked_ids]
    if not held and not switches.lock_next:
        return
    switches.lock_next = max(0, switches.lock_next - (not held))
    shown = ", ".join(name for name in held if name) or (record.get("Id") or "unknown")
    text = f"unable to obtain exclusive access to this record or 1 records: {shown}"
    raise ApiError("UNABLE_TO_LOCK_ROW", text, fields=())


def storage_used(world: World) -> int:
    """Megabytes, of 2 KB a record: begun ones count."""
    records = sum(len(table.live) + len(table.gone) for table in world.state.tables.values())
    return -(-records * _KB // _MB)


def check_storage(tx: Tx) -> None:
    """Raises STORAGE_LIMIT_EXCEEDED when the org is full: nothing can be created, everything can be changed."""
    most = tx.switches.data_storage_mb
    if most is not None and storage_used(tx.world) > most:
        status = tx.switches.storage_status
        raise ApiError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", status=status, fields=())
