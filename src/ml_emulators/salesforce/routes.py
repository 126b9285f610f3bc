"""Which address leads to which rule, from the version on."""

from __future__ import annotations

from collections.abc import Callable

from .bulk import Bulk
from .calls import Answer, Call
from .errors import not_found
from .query.pages import Locators, more, query
from .rest import versions
from .rest.collections import collections
from .rest.commerce import commerce
from .rest.composite import composite
from .rest.conditional import NOT_MODIFIED, Watch, unmodified
from .rest.describe import describe, describe_basic, describe_global
from .rest.graph import batch, graph, tree
from .rest.limits import limits, record_count
from .rest.replication import deleted, updated
from .rest.sobjects import create_record, keyed_record, one_record
from .tooling import Tooling

_RESOURCES = ("composite", "jobs", "limits", "query", "queryAll", "sobjects", "tooling")


class Routes:
    """Dispatches authenticated calls, the inner ones of composites too."""

    def __init__(self, locators: Locators, bulk: Bulk, tooling: Tooling, watch: Watch, used: Callable[[], int]) -> None:
        self._locators = locators
        self._bulk = bulk
        self._tooling = tooling
        self._watch = watch
        self._used = used

    def answer(self, call: Call) -> Answer:
        """Raises `ApiError`."""
        versions.check(call.world, call.version)
        if not call.parts:
            return self._resources(call)
        first, others = call.parts[0], call.parts[1:]
        if first == "sobjects":
            return self._sobjects(call, others)
        if first in ("query", "queryAll"):
            return self._query(call, first, others)
        if first == "composite":
            return self._composite(call, others)
        if first == "limits":
            return self._limits(call, others)
        if first == "jobs":
            return self._bulk.answer(call, others)
        if first == "commerce":
            return commerce(call, others)
        if first == "tooling":
            return self._tooling.answer(call, others)
        if others[:1] == ("eventSchema",) and first == "event" and len(others) == 2:
            return self._tooling.event_schema(call, others[1])
        raise not_found()

    def _resources(self, call: Call) -> Answer:
        call.only("GET")
        base = f"/services/data/{call.version}"
        who = f"/id/{call.world.org_id}/{call.actor.user_id}"
        resources = {name: f"{base}/{name}" for name in _RESOURCES}
        return Answer(200, {"identity": f"https://login.salesforce.com{who}"} | resources)

    def _sobjects(self, call: Call, parts: tuple[str, ...]) -> Answer:
        if len(parts) == 2 and parts[1] == "eventSchema":
            return self._tooling.event_schema(call, parts[0])
        if self._describes(call, parts) and unmodified(call, self._watch.since()):
            return NOT_MODIFIED
        if not parts:
            return describe_global(call)
        kind = call.kind(parts[0])
        if len(parts) == 1:
            call.only("GET", "POST")
            return create_record(call, kind) if call.method == "POST" else describe_basic(call, kind)
        if len(parts) == 2:
            named = {"describe": describe, "updated": updated, "deleted": deleted}.get(parts[1])
            return named(call, kind) if named else one_record(call, kind, parts[1])
        if len(parts) == 3:
            return keyed_record(call, kind, parts[1], parts[2])
        raise not_found()

    @staticmethod
    def _describes(call: Call, parts: tuple[str, ...]) -> bool:
        return call.method in ("GET", "HEAD") and (not parts or parts[1:] == ("describe",))

    def _query(self, call: Call, name: str, parts: tuple[str, ...]) -> Answer:
        if not parts:
            return query(call, self._locators, deleted=name == "queryAll")
        if len(parts) == 1:
            return more(call, self._locators, parts[0])
        raise not_found()

    def _composite(self, call: Call, parts: tuple[str, ...]) -> Answer:
        if not parts:
            return composite(call, self.answer)
        if parts[0] == "sobjects" and len(parts) <= 3:
            return collections(call, parts[1:])
        if parts == ("graph",):
            return graph(call, self.answer)
        if parts == ("batch",):
            return batch(call, self.answer)
        if parts[0] == "tree" and len(parts) == 2:
            return tree(call, parts[1])
        raise not_found()

    def _limits(self, call: Call, parts: tuple[str, ...]) -> Answer:
        if not parts:
            return limits(call, {"DailyApiRequests": self._used(), **self._bulk.used(), **self._tooling.used()})
        if parts == ("recordCount",):
            return record_count(call)
        raise not_found()
