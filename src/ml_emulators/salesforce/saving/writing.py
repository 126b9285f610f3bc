"""Create, update, upsert, delete and undelete of one record, with the checks every object has."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce import ids, rights
from ml_emulators.salesforce.errors import ApiError, deleted, no_column, not_found, read_only, required
from ml_emulators.salesforce.meetings import meet
from ml_emulators.salesforce.rules.coerce import coerce
from ml_emulators.salesforce.rules.rule import insert
from ml_emulators.salesforce.rules.rulebook import rules_of
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from . import addresses, custom_rules
from .duplicates import check_duplicates
from .references import check_references, resolve


def require_right(kind: SObject, right: str) -> None:
    """Raises CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY where nobody may do it to the object; `right`: `createable`, ..."""
    if not getattr(kind, right):
        text = f"entity type {kind.name} does not support {right.removesuffix('able')}e"
        raise ApiError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text, fields=())


def writable(tx: Tx, kind: SObject, field: Field, *, creating: bool) -> bool:
    """Whether this actor may write the field now."""
    if not (field.createable if creating else field.updateable):
        return False
    return rights.may_write(tx.world, tx.actor, kind.name, field.name)


def _prepare(tx: Tx, kind: SObject, body: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """Field -> stored value (None clears) for everything the body names."""
    values: dict[str, Any] = {}
    refused: list[str] = []
    for key, raw in body.items():
        if key == "attributes":
            continue
        field = kind.find(key)
        if field is None:
            field = kind.parents.get(key.lower())
            if field is None or not (raw is None or isinstance(raw, dict)):
                raise no_column(key, kind.name)
            raw = resolve(tx, field, raw)
        if writable(tx, kind, field, creating=creating):
            values[field.name] = coerce(field, raw, tx.switches)
        else:
            _refuse_hidden(tx, kind, field)
            refused.append(field.name)
    if refused:
        raise read_only(refused)
    return values


def _refuse_hidden(tx: Tx, kind: SObject, field: Field) -> None:
    """A field that the user does not see is refused as one that is not there, or as a fixed one: sources differ."""
    hidden = field.name in rights.hidden_of(tx.world, tx.actor, kind.name)
    if hidden and tx.switches.hidden_field_code == "INVALID_FIELD":
        raise no_column(field.name, kind.name)


def _defaults(tx: Tx, kind: SObject, draft: Record) -> None:
    if "OwnerId" in kind.by_name:
        draft.setdefault("OwnerId", tx.actor.user_id)
    if "CurrencyIsoCode" in tx.world.state.tables[kind.name].kind.by_name:
        draft.setdefault("CurrencyIsoCode", tx.currency)


def _missing(kind: SObject, record: Record) -> None:
    missing = [name for name in kind.required_names if name not in record]
    if missing:
        raise required(missing)


def check_unique(tx: Tx, kind: SObject, record: Record, old: Record | None = None) -> None:
    """DUPLICATE_VALUE when another live record has the value of a unique field."""
    for field in kind.unique_fields:
        value = record.get(field.name)
        if value is None or (old is not None and old.get(field.name) == value):
            continue
        for other in tx.find(kind.name, field.name, value):
            if other["Id"] != record.get("Id"):
                shown = other["Id"][:15]
                text = f"duplicate value found: {field.name} duplicates value on record with id: {shown}"
                raise ApiError("DUPLICATE_VALUE", text, fields=())


def _currency_known(tx: Tx, kind: SObject, values: dict[str, Any]) -> None:
    code = values.get("CurrencyIsoCode")
    if code is None:
        return
    field = kind.by_name["CurrencyIsoCode"]
    known = [row for row in tx.find("CurrencyType", "IsoCode", code) if row.get("IsActive")]
    if not known:
        text = f"{field.label}: bad value for restricted picklist field: {code}"
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, fields=[field.name])
    values["CurrencyIsoCode"] = known[0]["IsoCode"]


def create(tx: Tx, kind: SObject, body: dict[str, Any]) -> str:
    """Insert; the new id. Raises `ApiError`."""
    require_right(kind, "createable")
    rights.require(tx.world, tx.actor, kind, "create")
    custom_rules.check_storage(tx)
    values = _prepare(tx, kind, body, creating=True)
    _currency_known(tx, kind, values)
    addresses.settle(tx, kind, {}, values)
    draft = tx.world.state.tables[kind.name].kind.defaults | {
        name: value for name, value in values.items() if value is not None
    }
    _defaults(tx, kind, draft)
    meet(tx.world, "write", kind.name, draft)
    rules = rules_of(kind.name)
    rules.before_create(tx, draft)
    _missing(kind, draft)
    check_references(tx, kind, values)
    _save_checks(tx, kind, draft, None)
    insert(tx, kind, draft)
    rules.after_create(tx, draft)
    _automate(tx, kind, draft["Id"])
    return str(draft["Id"])


def _save_checks(tx: Tx, kind: SObject, new: Record, old: Record | None) -> None:
    custom_rules.check(tx, kind, new)
    check_unique(tx, kind, new, old)
    check_duplicates(tx, kind, new, old)
    custom_rules.check_locks(tx, kind, new)


def existing(tx: Tx, kind: SObject, record_id: str) -> Record:
    """The live record, or 404 in one of its two forms."""
    table = tx.world.state.tables[kind.name]
    record = table.live.get(record_id)
    if record is None:
        raise deleted() if record_id in table.gone else not_found()
    return record


def update(tx: Tx, kind: SObject, record_id: str, body: dict[str, Any]) -> None:
    """Change the fields the body names. Raises `ApiError`."""
    require_right(kind, "updateable")
    rights.require(tx.world, tx.actor, kind, "edit")
    old = existing(tx, kind, record_id)
    values = _prepare(tx, kind, body, creating=False)
    _currency_known(tx, kind, values)
    addresses.settle(tx, kind, old, values)
    _refuse_nulls(kind, values)
    new = {name: value for name, value in (old | values).items() if value is not None}
    meet(tx.world, "write", kind.name, old, new)
    rules = rules_of(kind.name)
    rules.before_update(tx, old, new, values)
    check_references(tx, kind, values)
    _save_checks(tx, kind, new, old)
    new["LastModifiedDate"] = new["SystemModstamp"] = tx.now
    new["LastModifiedById"] = tx.actor.user_id
    tx.put(kind.name, new)
    rules.after_update(tx, old, new)
    _automate(tx, kind, record_id)


def _refuse_nulls(kind: SObject, values: dict[str, Any]) -> None:
    empty = [name for name, value in values.items() if value is None and not kind.by_name[name].nillable]
    if empty:
        raise required(empty)


def _automate(tx: Tx, kind: SObject, record_id: str) -> None:
    """The customer's own flows: they save in the same transaction, with the same origin."""
    for flow in tx.switches.automations:
        record = tx.live(kind.name, record_id)
        if flow.kind != kind.name or record is None:
            continue
        changes = {name: value for name, value in flow.changes(record).items() if record.get(name) != value}
        if changes:
            tx.put(kind.name, record | changes)


def upsert(
    tx: Tx, kind: SObject, key: Field, value: Any, body: dict[str, Any], *, update_only: bool = False
) -> tuple[str, bool]:
    """Update the one record with the key, or insert it: (id, created). `Several` when there are more."""
    records = match(tx, kind, key, value)
    if len(records) > 1:
        raise Several(kind.name, [record["Id"] for record in records])
    if records:
        update(tx, kind, records[0]["Id"], body)
        return records[0]["Id"], False
    if update_only or key.type == "id":
        raise not_found()
    return create(tx, kind, body | {key.name: value}), True


class Several(ApiError):
    """More than one record has the key: 300 with their addresses; nothing was written."""

    def __init__(self, kind: str, record_ids: list[str]) -> None:
        text = f"More than one record found for external id field: {record_ids}"
        super().__init__("DUPLICATE_EXTERNAL_ID", text, status=300, fields=())
        self.kind = kind
        self.record_ids = record_ids


def match(tx: Tx, kind: SObject, key: Field, value: Any) -> list[Record]:
    """The live records with this key value."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return []
    if key.type == "id":
        record_id = ids.normalise(str(value))
        if record_id is None:
            raise ApiError("MALFORMED_ID", f"Id: id value of incorrect type: {value}", fields=["Id"])
        return [existing(tx, kind, record_id)]
    text = str(value).strip() if tx.switches.trim_text else str(value)
    return list(tx.find(kind.name, key.name, text))
