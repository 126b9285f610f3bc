"""`/composite/graph`, `/composite/batch` and `/composite/tree` (salesforce reference 2.8)."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.calls import Answer, Call, as_flag
from ml_emulators.salesforce.errors import ApiError, Malformed, bad_json, not_found
from ml_emulators.salesforce.saving.writing import create
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.world import Tx

from .collections import MOST_RECORDS, type_of
from .composite import Dispatch, Halted, check_entries, names_used, run_entries, shown, split_url

_MOST_NODES = 500
_MOST_GRAPHS = 75
_MOST_DEPTH = 15
_MOST_KINDS = 15
_MOST_FAILED = 14
_MOST_BATCH = 25
_TREE_LEVELS = 5
_TREE_KINDS = 5


def graph(call: Call, dispatch: Dispatch) -> Answer:
    """`POST /composite/graph`: up to 75 graphs, 500 nodes in all, each graph all or none (reference 2.8)."""
    call.only("POST")
    graphs = call.object_body().get("graphs")
    if not isinstance(graphs, list) or not all(isinstance(given, dict) for given in graphs):
        raise bad_json("The request needs a list of graphs")
    entries = [check_entries(given.get("compositeRequest"), _MOST_NODES) for given in graphs]
    if len(graphs) > _MOST_GRAPHS or sum(map(len, entries)) > _MOST_NODES:
        raise ApiError("LIMIT_EXCEEDED", "At most 75 graphs and 500 nodes are allowed in one request")
    results: list[dict[str, Any]] = []
    failed = 0
    for given, nodes in zip(graphs, entries, strict=True):
        result = _one_graph(call, nodes, dispatch, halted=failed >= _MOST_FAILED)
        failed += not result["isSuccessful"]
        results.append({"graphId": str(given.get("graphId"))} | result)
    return Answer(200, {"graphs": results})


def _one_graph(call: Call, nodes: list[dict[str, Any]], dispatch: Dispatch, *, halted: bool) -> dict[str, Any]:
    problem = "Too many graphs of the request failed" if halted else _graph_problem(nodes)
    if problem:
        halt = Answer(400, Halted(problem).inner_body())
        answers, well = [shown(node, halt) for node in nodes], False
    else:
        with call.work() as tx:
            start = tx.savepoint()
            ordered = _by_dependency(nodes)
            answers, well = run_entries(call, ordered, dispatch, all_or_none=True, outer=tx)
            if not well:
                tx.rollback(start)
    return {"graphResponse": {"compositeResponse": answers}, "isSuccessful": well}


def _graph_problem(nodes: list[dict[str, Any]]) -> str | None:
    try:
        paths = [split_url(node["url"])[1] for node in nodes]
    except ApiError:
        return "A graph accepts sobject resources only"
    if any(parts[0] != "sobjects" for parts in paths):
        return "A graph accepts sobject resources only"
    if len({parts[1].lower() for parts in paths if len(parts) > 1}) > _MOST_KINDS:
        return "A graph may have at most 15 different nodes"
    if _depth(nodes) > _MOST_DEPTH:
        return "A graph may be at most 15 deep"
    return None


def _uses(node: dict[str, Any]) -> set[str]:
    return names_used(node["url"]) | names_used(node.get("body"))


def _depth(nodes: list[dict[str, Any]]) -> int:
    depths: dict[str, int] = {}
    for node in _by_dependency(nodes):
        depths[node["referenceId"]] = 1 + max((depths.get(name, 0) for name in _uses(node)), default=0)
    return max(depths.values(), default=0)


def _by_dependency(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each node after those it refers to, otherwise in the given order; what hangs in a circle comes last."""
    names = {node["referenceId"] for node in nodes}
    waiting, ready, ordered = list(nodes), set[str](), list[dict[str, Any]]()
    while waiting:
        free = [node for node in waiting if not (_uses(node) & names) - ready]
        if not free:
            return ordered + waiting
        ordered += free
        ready |= {node["referenceId"] for node in free}
        waiting = [node for node in waiting if node["referenceId"] not in ready]
    return ordered


def batch(call: Call, dispatch: Dispatch) -> Answer:
    """Independent calls; nothing is undone."""
    call.only("POST")
    body = call.object_body()
    entries = body.get("batchRequests")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad_json("The request needs batchRequests")
    if len(entries) > _MOST_BATCH:
        raise ApiError("LIMIT_EXCEEDED", f"At most {_MOST_BATCH} requests are allowed in one batch")
    halt = as_flag(body.get("haltOnError", False))
    results: list[dict[str, Any]] = []
    failed = False
    for entry in entries:
        answer = _batched(call, entry, dispatch, halted=failed and halt)
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer(200, {"hasErrors": failed, "results": results})


def _batched(call: Call, entry: dict[str, Any], dispatch: Dispatch, *, halted: bool) -> Answer:
    if halted:
        text = "The batch was halted because of an earlier failure"
        return Answer(412, ApiError("BATCH_PROCESSING_HALTED", text).inner_body())
    try:
        method, url = entry.get("method"), entry.get("url")
        if not isinstance(method, str) or not isinstance(url, str):
            raise bad_json("Each request needs method and url")
        full = url if url.startswith("/services/data/") else f"/services/data/{url.lstrip('/')}"
        version, parts, params = split_url(full)
        if parts[0] == "composite":
            raise not_found()
        given = entry.get("richInput")
        inner = call.sub(method=method.upper(), version=version, parts=parts, params=params, given=given)
        return dispatch(inner)
    except ApiError as error:
        return Answer(error.status, error.inner_body())


def tree(call: Call, kind_name: str) -> Answer:
    """Parents with their children; all or nothing."""
    call.only("POST")
    kind = call.kind(kind_name)
    records = call.object_body().get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise bad_json("The request needs a list of records")
    planting = _Planting(call)
    planting.measure(kind, records, 1)
    try:
        with call.work() as tx:
            planting.plant(tx, kind, records, {})
            if planting.errors:
                raise _Failed
    except _Failed:
        return Answer(400, {"hasErrors": True, "results": planting.errors})
    return Answer(201, {"hasErrors": False, "results": planting.made})


class _Failed(Exception):
    """A tree with a bad record: nothing of it stays."""


class _Planting:
    def __init__(self, call: Call) -> None:
        self._call = call
        self._count = 0
        self._kinds: set[str] = set()
        self.made: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    def measure(self, kind: SObject, records: list[Any], level: int) -> None:
        """The limits of a tree: 200 records in all, five levels, five types."""
        self._count += len(records)
        self._kinds.add(kind.name)
        if self._count > MOST_RECORDS or level > _TREE_LEVELS or len(self._kinds) > _TREE_KINDS:
            text = "A tree may have at most 200 records, 5 levels and 5 types"
            raise ApiError("LIMIT_EXCEEDED", text)
        for record in records:
            self._reference(record)
            for child_kind, _field, below in self._below(kind, record):
                self.measure(child_kind, below, level + 1)

    def _reference(self, record: Any) -> str:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        name = attributes.get("referenceId") if isinstance(attributes, dict) else None
        if not isinstance(name, str):
            raise Malformed("INVALID_INPUT", "Each record needs attributes with type and referenceId")
        type_of(self._call, record)
        return name

    def _below(self, kind: SObject, record: dict[str, Any]) -> list[tuple[SObject, str, list[Any]]]:
        below = []
        for name, value in record.items():
            if isinstance(value, dict) and isinstance(value.get("records"), list):
                child = self._call.world.schema.child_named(kind.name, name)
                if child is None:
                    raise Malformed("INVALID_FIELD", f"No such relation '{name}' on {kind.name}")
                below.append((self._call.world.schema.objects[child.kind], child.field.name, value["records"]))
        return below

    def plant(self, tx: Tx, kind: SObject, records: list[Any], link: dict[str, str]) -> None:
        for record in records:
            name = self._reference(record)
            own = {key: value for key, value in record.items() if not _is_branch(value)}
            try:
                record_id = create(tx, kind, own | link)
            except ApiError as error:
                self.errors.append({"referenceId": name, "errors": [error.item()]})
                continue
            self.made.append({"referenceId": name, "id": record_id})
            for child_kind, field, below in self._below(kind, record):
                self.plant(tx, child_kind, below, {field: record_id})


def _is_branch(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("records"), list)
