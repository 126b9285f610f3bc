"""Single records: create, read, update, delete, and upsert by external id (salesforce reference 2.2, 2.5)."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce import ids, rights
from ml_emulators.salesforce.calls import Answer, Call, as_flag
from ml_emulators.salesforce.errors import ApiError, not_found
from ml_emulators.salesforce.meetings import meet
from ml_emulators.salesforce.query.rows import Render, Selection, address_of, plain_render
from ml_emulators.salesforce.query.scope import Scope
from ml_emulators.salesforce.query.tree import Item, Path, Query
from ml_emulators.salesforce.saving.deleting import delete
from ml_emulators.salesforce.saving.writing import Several, create, existing, match, update, upsert
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.state import Record

from .conditional import NOT_MODIFIED, changed_at, check_unmodified, unmodified

_NO_KEY = "Provided external ID field does not exist or is not accessible"


def visible_fields(call: Call, kind: SObject) -> list[Field]:
    """The fields this user may read."""
    hidden = rights.hidden_of(call.world, call.actor, kind.name)
    return [field for field in kind.fields if field.name not in hidden]


def _scope(call: Call, kind: SObject) -> Scope:
    return Scope(call.world, call.actor, "", kind, None, call.version)


def renderer(call: Call, kind: SObject, names: list[str] | None) -> Render:
    """How records of the kind are shown: the named fields, or all that may be read."""
    if names is None:
        return plain_render(_scope(call, kind), kind, visible_fields(call, kind))
    unique = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    items = tuple(Item(Path(tuple(name.split(".")))) for name in unique)
    query = Query(items, kind.name, (1, 1))
    return Selection(_scope(call, kind), _no_children).render(query)


def _no_children(_scope: Scope, _query: Query) -> Any:
    raise not_found()


def success(call: Call, kind: SObject, record_id: str, *, upserted: bool | None = None) -> Answer:
    """201 for a new record, 200 for one that an upsert met; with `Location` (reference 2.5)."""
    body: dict[str, Any] = {"id": record_id, "success": True, "errors": []}
    created = upserted is not False
    if upserted is not None:
        body["created"] = upserted
    location = {"Location": address_of(call.version, kind.name) + record_id}
    return Answer(201 if created else 200, body, location)


def create_record(call: Call, kind: SObject) -> Answer:
    """`POST /sobjects/X`: 201 with the new id. Raises INVALID_FIELD for a body with an Id (reference 2.5)."""
    body = call.object_body()
    _refuse_key(body, "Id")
    with call.work() as tx:
        record_id = create(tx, kind, body)
    return success(call, kind, record_id)


def _refuse_key(body: dict[str, Any], name: str) -> None:
    if any(key.lower() == name.lower() for key in body):
        text = f"The {name} field should not be specified in the sobject data."
        raise ApiError("INVALID_FIELD", text)


def record_id_of(kind: SObject, text: str) -> str:
    """The full id that an address names. Raises 404 for what is no id of this kind."""
    record_id = ids.normalise(text)
    if record_id is None:
        raise not_found(f"{_NO_KEY}: {text}")
    if not record_id.startswith(kind.prefix):
        raise not_found()
    return record_id


def _fields_asked(call: Call) -> list[str] | None:
    asked = call.params.get("fields")
    return asked.split(",") if asked else None


def one_record(call: Call, kind: SObject, text: str) -> Answer:
    """`/sobjects/X/{id}`."""
    call.only("GET", "PATCH", "DELETE")
    record_id = record_id_of(kind, text)
    if call.method == "PATCH":
        return _update(call, kind, record_id)
    if call.method == "DELETE":
        with call.work() as tx:
            delete(tx, kind, record_id)
        return Answer(204)
    record = call.world.state.tables[kind.name].live.get(record_id)
    if record is None:
        raise not_found()
    return _shown(call, kind, record)


def _shown(call: Call, kind: SObject, record: Record) -> Answer:
    show = renderer(call, kind, _fields_asked(call))
    meet(call.world, "read", kind.name, record)
    stamped = "SystemModstamp" in kind.by_name
    return NOT_MODIFIED if stamped and unmodified(call, changed_at(record)) else Answer(200, show(record))


def _update(call: Call, kind: SObject, record_id: str) -> Answer:
    body = call.object_body()
    _refuse_key(body, "Id")
    with call.work() as tx:
        if "SystemModstamp" in kind.by_name:
            check_unmodified(call, existing(tx, kind, record_id))
        update(tx, kind, record_id, body)
    return Answer(204)


def key_field(call: Call, kind: SObject, name: str) -> Field:
    """A field that may stand for the id in an address. Raises 404."""
    field = kind.find(name)
    if field is None or field not in visible_fields(call, kind):
        raise not_found(f"{_NO_KEY}: {name}")
    if not (field.external_id or field.id_lookup):
        raise not_found(f"{_NO_KEY}: {name}")
    return field


def keyed_record(call: Call, kind: SObject, name: str, value: str) -> Answer:
    """`/sobjects/X/{ExtField}/{value}`."""
    call.only("GET", "PATCH", "DELETE")
    key = key_field(call, kind, name)
    try:
        if call.method == "PATCH":
            return _upsert(call, kind, key, value)
        return _read_or_delete(call, kind, _only_match(call, kind, key, value))
    except Several as several:
        base = address_of(call.version, kind.name)
        return Answer(300, [base + record_id for record_id in several.record_ids])


def _only_match(call: Call, kind: SObject, key: Field, value: str) -> Record:
    with call.work() as tx:
        records = match(tx, kind, key, value)
    if len(records) > 1:
        raise Several(kind.name, [row["Id"] for row in records])
    if not records:
        raise not_found()
    return records[0]


def _read_or_delete(call: Call, kind: SObject, record: Record) -> Answer:
    if call.method != "DELETE":
        return _shown(call, kind, record)
    with call.work() as tx:
        delete(tx, kind, existing(tx, kind, record["Id"])["Id"])
    return Answer(204)


def _upsert(call: Call, kind: SObject, key: Field, value: str) -> Answer:
    body = call.object_body()
    _refuse_key(body, "Id")
    if key.type != "id":
        _refuse_key(body, key.name)
    with call.work() as tx:
        only = as_flag(call.params.get("updateOnly", ""))
        record_id, created = upsert(tx, kind, key, value, body, update_only=only)
    if not created and call.number < 46:
        return Answer(204)
    return success(call, kind, record_id, upserted=created)
