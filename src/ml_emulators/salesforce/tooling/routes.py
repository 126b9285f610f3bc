"""The addresses under `/tooling`: query, describe, and making, changing, deleting set-up (salesforce reference 8.3)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import ApiError, not_found
from ml_emulators.salesforce.query.pages import Locators, more, query
from ml_emulators.salesforce.query.parse import parse
from ml_emulators.salesforce.query.tree import Path, Query
from ml_emulators.salesforce.rest.describe import describe, describe_basic, describe_global
from ml_emulators.salesforce.rest.sobjects import one_record, record_id_of
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.schema.tooling import tooling_schema
from ml_emulators.salesforce.world import World

from .channels import ChannelBook, ChannelResource, MemberResource
from .fields import Fields
from .objects import Objects
from .storage import SetupResource

_WHOLE = frozenset({"fullname", "metadata"})


class Tooling:
    """The org's set-up as records in a small world of its own, which follows the org."""

    def __init__(self, org: World, locators: Locators) -> None:
        self._org = org
        self._locators = locators
        self._world = World(org.clock, random.Random(org.seed), org.org, tooling_schema())  # noqa: S311  # no secret
        self._world.switches = org.switches
        self._fields = Fields(org, self._world)
        self._objects = Objects(org, self._world)
        self._resources: dict[str, SetupResource] = {self._objects.kind: self._objects, self._fields.kind: self._fields}
        self._channels: ChannelResource | None = None
        self._members: MemberResource | None = None
        self._book: ChannelBook | None = None

    def join(self, book: ChannelBook) -> None:
        """An event bus stands beside the org from now on: its channels can be set up."""
        self._book = self._objects.book = book
        self._channels = ChannelResource(book, self._world)
        self._members = MemberResource(book, self._org, self._world)
        self._resources |= {self._channels.kind: self._channels, self._members.kind: self._members}

    def answer(self, call: Call, parts: tuple[str, ...]) -> Answer:
        """`parts` is the path after `/tooling`. Raises `ApiError`."""
        if call.inner:
            raise not_found()
        if not rights.holds(self._org, call.actor, "CustomizeApplication"):
            text = "the user lacks the permission Customize Application"
            raise ApiError("INSUFFICIENT_ACCESS", text, status=403)
        for resource in self._resources.values():
            resource.sync()
        everybody = replace(call.actor, limited=False)  # set-up has no field-level security
        inside = replace(call, world=self._world, actor=everybody, version=f"{call.version}/tooling", parts=parts)
        if parts[:1] == ("sobjects",):
            return self._sobjects(inside, parts[1:])
        if parts[:1] == ("query",) and len(parts) <= 2:
            return self._query(inside, parts[1:])
        raise not_found()

    def used(self) -> dict[str, int]:
        """What `/limits` counts of events."""
        return {"DailyDeliveredPlatformEvents": self._book.delivered()} if self._book else {}

    def event_schema(self, call: Call, name: str) -> Answer:
        """The Avro schema of a change event, by its name or by the schema's id (salesforce reference 2.2)."""
        call.only("GET")
        schema = self._book.schema(name) if self._book else None
        if schema is None:
            raise not_found()
        return Answer(200, schema)

    def _query(self, call: Call, parts: tuple[str, ...]) -> Answer:
        if parts:
            return more(call, self._locators, parts[0])
        answer = query(call, self._locators, deleted=False)
        size = answer.body["totalSize"]
        if size > 1 and _asks_whole(parse(call.params["q"])):
            text = "When retrieving results with Metadata or FullName fields, the query qualifications must specify"
            raise ApiError("MALFORMED_QUERY", f"{text} no more than one row for retrieval. Result size: {size}")
        return answer

    def _sobjects(self, call: Call, parts: tuple[str, ...]) -> Answer:
        if not parts:
            return describe_global(call)
        kind = call.kind(parts[0])
        resource = self._resources.get(kind.name)
        if resource is None or len(parts) > 2:
            raise not_found()
        if len(parts) == 1:
            call.only("GET", "POST")
            return self._create(call, resource) if call.method == "POST" else describe_basic(call, kind)
        return describe(call, kind) if parts[1] == "describe" else self._resource(call, kind, resource, parts[1])

    def _create(self, call: Call, resource: SetupResource) -> Answer:
        made = resource.create(call.object_body(), call.actor)
        resource.sync()
        return Answer(201, {"id": made, "success": True, "errors": [], "warnings": [], "infos": []})

    def _resource(self, call: Call, kind: SObject, resource: SetupResource, text: str) -> Answer:
        if call.method in ("GET", "HEAD"):
            return one_record(call, kind, text)
        call.only("GET", "PATCH", "DELETE")
        row = self._world.state.tables[kind.name].live.get(record_id_of(kind, text))
        if row is None:
            raise not_found()
        if call.method == "PATCH":
            resource.update(row, call.object_body())
        else:
            resource.delete(row)
        resource.sync()
        return Answer(204)

    def snapshot(self) -> Any:
        """The rows, what was customised, and the names and labels that only the Tooling API knows."""
        names = dict(self._members.names) if self._members else {}
        labels = dict(self._channels.labels) if self._channels else {}
        return self._world.state.snapshot(), self._org.set_up, names, labels

    def restore(self, kept: Any) -> None:
        """The org's set-up goes back with it: call this before its records are brought back."""
        state, set_up, names, labels = kept
        self._org.customise(set_up)
        self._world.state.restore(state)
        self._fields.forget()
        if self._members and self._channels:
            self._members.names, self._channels.labels = dict(names), dict(labels)


def _asks_whole(asked: Query) -> bool:
    return any(isinstance(item.what, Path) and item.what.names[-1].lower() in _WHOLE for item in asked.items)
