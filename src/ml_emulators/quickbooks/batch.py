"""Batches: up to 30 items, each judged for itself (reference section 7)."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from ml_emulators.quickbooks import faults, operations, trouble
from ml_emulators.quickbooks.faults import Fault
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.query import cdc
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.values import Json

MOST = 30
_LONGEST_BID = 10
_OPERATIONS = ("create", "update", "delete")
_FRAME = ("bId", "operation", "optionsData")
_ASKS = ("Query", "CDCQuery", "ReportQuery")


def items_of(body: Any) -> list[Json]:
    """The items of a batch body; raises Fault for what makes the whole call wrong."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Fault([faults.missing("BatchItemRequest")])
    if len(items) > MOST:
        detail = f"A batch may hold at most {MOST} items; {len(items)} were sent."
        raise Fault([faults.unsupported_value("BatchItemRequest", detail)])
    names = [item.get("bId") for item in items]
    if any(not isinstance(name, str) for name in names):
        raise Fault([faults.missing("bId")])
    if len(set(names)) < len(names):
        raise Fault([faults.unsupported_value("bId", "Every bId must be unique in a batch.")])
    return items


def check_names(items: list[Json]) -> None:
    """With a requestid, a bId has at most ten characters."""
    for item in items:
        if len(item["bId"]) > _LONGEST_BID:
            raise Fault([faults.too_long("bId", _LONGEST_BID, len(item["bId"]))])


def run(context: WriteContext, items: list[Json], random: Random) -> Json:
    """Every item's answer, the entity (or fault) first and its bId last. Raises what strikes the call as a whole."""
    served = len(items) - context.switches.batch_throttled_items
    for item in items:
        for name in set(item) & set(KINDS):
            trouble.refuse_whole(context, name, item[name])
    answers = [{**_item(context, item, at < served), "bId": item["bId"]} for at, item in enumerate(items)]
    if context.switches.batch_reply_order == "shuffled":
        random.shuffle(answers)
    return {"BatchItemResponse": answers}


def _item(context: WriteContext, item: Json, served: bool) -> Json:
    try:
        if not served:
            raise faults.throttled()
        return _perform(context, item)
    except Fault as refusal:
        if refusal.whole:
            raise
        return {"Fault": refusal.body()}


def _perform(context: WriteContext, item: Json) -> Json:
    asked = [name for name in item if name not in _FRAME]
    if len(asked) != 1:
        raise faults.unsupported("batch item with other than one payload")
    name, payload = asked[0], item[asked[0]]
    if name in _ASKS:
        return _ask(context, name, payload)
    operation = item.get("operation")
    if name not in KINDS or operation not in _OPERATIONS:
        raise faults.unsupported(f"{operation} {name}"[:80])
    options = _options(item.get("optionsData"))
    single = replace(context, include=options, in_batch=True)
    verb = "void" if operation == "update" and "void" in options else operation
    return operations.write(single, name, str(verb), payload)


def _options(value: Any) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in value.split(",")) if isinstance(value, str) else frozenset()


def _ask(context: WriteContext, name: str, payload: Any) -> Json:
    if name == "Query" and isinstance(payload, str):
        return operations.run_query(context, payload)
    if name == "CDCQuery" and isinstance(payload, dict):
        given = {key.lower(): value for key, value in payload.items()}
        return cdc.capture(context, _joined(given.get("entities")), str(given.get("changedsince", "")))
    raise faults.unsupported(name)


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value or "")
