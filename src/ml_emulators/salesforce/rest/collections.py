"""`/composite/sobjects`: up to 200 records in one call (salesforce reference 2.8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from ml_emulators.salesforce import ids
from ml_emulators.salesforce.calls import Answer, Call, as_flag
from ml_emulators.salesforce.errors import ApiError, Malformed, bad_json
from ml_emulators.salesforce.meetings import MetFault, meet
from ml_emulators.salesforce.saving.deleting import delete
from ml_emulators.salesforce.saving.writing import Several, create, update, upsert
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.world import Tx

from .sobjects import key_field, renderer

MOST_RECORDS = 200
_MOST_RETRIEVED = 2000
_MOST_CHUNKS = 10
_ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    fields=(),
)
Step = Callable[[Tx, Any], dict[str, Any]]


def failure(error: ApiError) -> dict[str, Any]:
    """How one refused record shows in the list of a collection call (reference 2.8)."""
    return {"success": False, "errors": [error.item()]}


def done(record_id: str, **more: Any) -> dict[str, Any]:
    """How one saved record shows in the list of a collection call (reference 2.8)."""
    return {"id": record_id, "success": True, "errors": [], **more}


def _run_items(call: Call, items: list[Any], step: Step, *, all_or_none: bool) -> Answer:
    """Each item by itself, in order; with `all_or_none` one failure undoes them all."""
    with call.work() as tx:
        start = tx.savepoint()
        results = [_item(tx, item, step) for item in items]
        if all_or_none and not all(result["success"] for result in results):
            tx.rollback(start)
            rolled_back = failure(_ROLLED_BACK)
            results = [rolled_back if result["success"] else result for result in results]
    return Answer(200, results)


def _item(tx: Tx, item: Any, step: Step) -> dict[str, Any]:
    point = tx.savepoint()
    try:
        return step(tx, item)
    except ApiError as error:
        if isinstance(error, Malformed) and tx.switches.bad_column_fails == "request":
            raise
        if isinstance(error, MetFault) and error.whole:
            raise
        tx.rollback(point)
        return failure(_as_item(error))


def _as_item(error: ApiError) -> ApiError:
    """What is a 404 of a single call is a bad reference inside a list."""
    if error.code == "NOT_FOUND":
        return ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=())
    return error


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.object_body()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise bad_json("The request needs a list of records")
    _check_size(len(records))
    return records, as_flag(body.get("allOrNone", False))


def _check_size(count: int) -> None:
    if count > MOST_RECORDS:
        text = f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call"
        raise ApiError("LIMIT_EXCEEDED", text)


def type_of(call: Call, record: dict[str, Any]) -> SObject:
    """The object named in `attributes`."""
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise Malformed("INVALID_TYPE", "Include the type of the record in its attributes")
    kind = call.world.schema.find(name)
    if kind is None:
        text = f"sObject type '{name}' is not supported."
        raise Malformed("INVALID_TYPE", text)
    return kind


def _check_chunks(kinds: list[SObject]) -> None:
    chunks = 1 + sum(first is not other for first, other in itertools.pairwise(kinds))
    if kinds and chunks > _MOST_CHUNKS:
        text = "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
        raise ApiError("LIMIT_EXCEEDED", text)


def _create_all(call: Call) -> Answer:
    """`POST /composite/sobjects`: several types in up to 10 runs of one type; an answer for each record, in order."""
    records, all_or_none = _records(call)
    kinds = [type_of(call, record) for record in records]
    _check_chunks(kinds)

    def step(tx: Tx, pair: tuple[SObject, dict[str, Any]]) -> dict[str, Any]:
        return done(create(tx, *pair))

    return _run_items(call, list(zip(kinds, records, strict=True)), step, all_or_none=all_or_none)


def _given_id(record: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The record's id, and the record without it."""
    keys = [key for key in record if key.lower() == "id"]
    others = {key: value for key, value in record.items() if key not in keys}
    return (record[keys[0]] if keys else None), others


def _checked_id(text: Any) -> str:
    if text is None:
        raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", fields=())
    record_id = ids.normalise(text) if isinstance(text, str) else None
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"Id: id value of incorrect type: {text}", fields=["Id"])
    return record_id


def _once(seen: set[Any], key: Any, message: str, code: str = "DUPLICATE_VALUE") -> None:
    if key in seen:
        raise ApiError(code, message, fields=())
    seen.add(key)


def _update_all(call: Call) -> Answer:
    records, all_or_none = _records(call)
    kinds = [type_of(call, record) for record in records]
    _check_chunks(kinds)
    seen: set[str] = set()

    def step(tx: Tx, pair: tuple[SObject, dict[str, Any]]) -> dict[str, Any]:
        given, others = _given_id(pair[1])
        record_id = _checked_id(given)
        _once(seen, record_id, f"duplicate id in list: {record_id}")
        update(tx, pair[0], record_id, others)
        return done(record_id)

    return _run_items(call, list(zip(kinds, records, strict=True)), step, all_or_none=all_or_none)


def _upsert_all(call: Call, kind_name: str, key_name: str) -> Answer:
    """One type only; the key stands inside each record."""
    kind = call.kind(kind_name)
    key = key_field(call, kind, key_name)
    records, all_or_none = _records(call)
    seen: set[Any] = set()

    def step(tx: Tx, record: dict[str, Any]) -> dict[str, Any]:
        if type_of(call, record) is not kind:
            raise ApiError("INVALID_TYPE", f"All records must be of type {kind.name}", fields=())
        names = [name for name in record if name.lower() == key.name.lower()]
        value = record[names[0]] if names else None
        others = {name: given for name, given in record.items() if name not in names}
        if key.type == "id" and value is None:
            return done(create(tx, kind, others), created=True)
        if value is None or isinstance(value, dict | list) or value == "":
            raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", fields=())
        shown = str(value)
        _once(seen, key.index_key(shown), f"Duplicate external id specified: {shown}", tx.switches.repeated_key_code)
        record_id, created = _upsert_one(tx, kind, key, shown, others)
        return done(record_id, created=created)

    return _run_items(call, records, step, all_or_none=all_or_none)


def _upsert_one(tx: Tx, kind: SObject, key: Field, value: str, body: dict[str, Any]) -> tuple[str, bool]:
    try:
        return upsert(tx, kind, key, value, body)
    except Several as several:
        raise ApiError(several.code, several.message, fields=()) from None


def _delete_all(call: Call) -> Answer:
    asked = [text for text in call.params.get("ids", "").split(",") if text]
    _check_size(len(asked))
    seen: set[str] = set()

    def step(tx: Tx, text: str) -> dict[str, Any]:
        record_id = _checked_id(text)
        kind = call.world.schema.by_prefix.get(record_id[:3])
        if kind is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=())
        _once(seen, record_id, f"duplicate id in list: {record_id}")
        delete(tx, kind, record_id)
        return done(record_id)

    return _run_items(call, asked, step, all_or_none=as_flag(call.params.get("allOrNone", "")))


def retrieve(call: Call, kind_name: str) -> Answer:
    """The records in the order asked; null where there is none."""
    kind = call.kind(kind_name)
    asked, names = _asked(call)
    if len(asked) > _MOST_RETRIEVED:
        raise ApiError("EXCEEDED_ID_LIMIT", f"Cannot retrieve more than {_MOST_RETRIEVED} records")
    if not names:
        raise ApiError("MISSING_ARGUMENT", "The required fields parameter is missing")
    show = renderer(call, kind, names)
    live = call.world.state.tables[kind.name].live
    records = [live.get(_checked_id(text)) for text in asked]
    for record in filter(None, records):
        meet(call.world, "read", kind.name, record)
    return Answer(200, [None if record is None else show(record) for record in records])


def _asked(call: Call) -> tuple[list[str], list[str]]:
    if call.method == "POST":
        body = call.object_body()
        asked, names = body.get("ids"), body.get("fields")
        if not isinstance(asked, list) or not isinstance(names, list):
            raise bad_json("The request needs ids and fields")
        return [str(text) for text in asked], [str(name) for name in names]
    ids_text, fields = call.params.get("ids", ""), call.params.get("fields", "")
    return [text for text in ids_text.split(",") if text], [name for name in fields.split(",") if name]


def collections(call: Call, parts: tuple[str, ...]) -> Answer:
    """Everything under `/composite/sobjects`."""
    if not parts:
        call.only("POST", "PATCH", "DELETE")
        work = {"POST": _create_all, "PATCH": _update_all, "DELETE": _delete_all}
        return work[call.method](call)
    if len(parts) == 1:
        call.only("GET", "POST")
        return retrieve(call, parts[0])
    call.only("PATCH")
    return _upsert_all(call, parts[0], parts[1])
