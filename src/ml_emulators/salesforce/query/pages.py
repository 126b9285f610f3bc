"""`/query` and `/queryAll`: pages and locators (salesforce reference 2.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ml_emulators.salesforce import ids
from ml_emulators.salesforce.calls import Answer, Call, as_flag, header_options
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.world import World

from . import Result, columns, run

_LIFE = timedelta(days=2)
_DEFAULT_PAGE = 2000
_SMALLEST_PAGE = 200
_MOST_LOCATORS = 200


class Locators:
    """Results that were not read to the end yet, kept two days."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, Result]] = {}

    def keep(self, world: World, result: Result) -> str:
        """Keep a result for its next pages; the locator. When too many are kept, the oldest goes (reference 2.4)."""
        number = int(world.secret(9), 16)
        name = ids.make("01g", number)
        if len(self._kept) >= _MOST_LOCATORS:
            self._kept.pop(next(iter(self._kept)))
        self._kept[name] = (world.clock.now(), result)
        return name

    def find(self, world: World, name: str) -> Result:
        """The result of a locator. Raises INVALID_QUERY_LOCATOR when it is unknown or two days old (reference 2.4)."""
        made, result = self._kept.get(name, (None, None))
        if made is None or result is None or world.clock.now() - made > _LIFE:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return result

    def snapshot(self) -> dict[str, tuple[datetime, Result]]:
        """What is kept, by locator; results never change in place."""
        return dict(self._kept)

    def restore(self, kept: dict[str, tuple[datetime, Result]]) -> None:
        """Back to a snapshot, which may be restored again."""
        self._kept = dict(kept)


def _page_size(call: Call, result: Result) -> int:
    asked = header_options(call.headers.get("sforce-query-options", "")).get("batchsize", "")
    size = int(asked) if asked.isdigit() and len(asked) < 9 else _DEFAULT_PAGE
    return min(max(size, _SMALLEST_PAGE), result.page_limit)


def query(call: Call, locators: Locators, *, deleted: bool) -> Answer:
    """The first page."""
    call.only("GET")
    text = call.params.get("q")
    if not text:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    if as_flag(call.params.get("columns", "")):
        return Answer(200, columns(call.world, call.actor, text, call.version))
    result = run(call.world, call.actor, text, call.version, deleted=deleted)
    return _page(call, locators, result, 0, None)


def more(call: Call, locators: Locators, locator: str) -> Answer:
    """A further page: `01g...-2000`."""
    call.only("GET")
    name, _, start = locator.rpartition("-")
    if not start.isdigit() or len(start) > 12:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    result = locators.find(call.world, name)
    if int(start) >= len(result.rows):
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(call, locators, result, int(start), name)


def _page(call: Call, locators: Locators, result: Result, start: int, name: str | None) -> Answer:
    end = start + _page_size(call, result)
    body: dict[str, Any] = {"totalSize": result.total, "done": end >= len(result.rows)}
    if not body["done"]:
        kept = name or locators.keep(call.world, result)
        body["nextRecordsUrl"] = f"/services/data/{call.version}/query/{kept}-{end}"
    body["records"] = [result.show(row) for row in result.rows[start:end]]
    return Answer(200, body)
