"""Calls to one QuickBooks company: signed in, with the company in the path, reads repeated, writes never."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import BadAnswer, ConnectorError, LimitReached, ReadRefused, Unreachable
from ml_connector.model.reading import HALVINGS, MOST
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, NoAnswer, NotSent, Request, Response
from ml_connector.systems.pulse import Pulse

from . import query as queries
from .faults import failing_read, readable
from .keeper import TokenKeeper
from .records import Customer, Entity

PRODUCTION = "https://quickbooks.api.intuit.com"
SANDBOX = "https://sandbox-quickbooks.api.intuit.com"
MINOR_VERSION = "75"
_LONGEST_URL = 2000
"""Longer statements go by POST, which QuickBooks takes for queries too (reference 2)."""
_JSON = "application/json"
REFUSED_FOR = timedelta(minutes=5)
"""How long a page of a list that was refused is not asked for again: one run looks through the same list many times."""
T = TypeVar("T", bound=Entity)
G = TypeVar("G")
Build = Callable[[dict[str, str]], Request]
"""Makes the request of its headers, which hold the token of the moment."""


class IdOnly(msgspec.Struct, frozen=True, rename="pascal"):
    """A record of which no more than its id was asked for."""

    id: str


class Calls:
    """Every call of one company."""

    def __init__(self, realm_id: str, base_url: str, caller: Caller, tokens: TokenKeeper, clock: Clock) -> None:
        self.realm_id = realm_id
        self._base = f"{base_url.rstrip('/')}/v3/company/{quote(realm_id, safe='')}"
        self._caller = caller
        self._tokens = tokens
        self._pulse = Pulse(clock)
        self._clock = clock
        self._refused: dict[str, tuple[datetime, ReadRefused]] = {}

    async def get(self, path: str, params: Mapping[str, str], what: str) -> Any:
        """The JSON of a metered read, `what` it is in words. Raises by what to do next (`faults.readable`)."""
        url = self._url(path, params)
        return await self._answer(lambda headers: Request("GET", url, headers), what)

    async def query(self, statement: str, what: str) -> Any:
        """The JSON that answers a statement, by POST when the address would be long. One metered read."""
        url = self._url("query", {"query": statement})
        if len(url) <= _LONGEST_URL:
            return await self._answer(lambda headers: Request("GET", url, headers), what)
        long = self._url("query", {})
        text = {"Content-Type": "application/text"}
        body = statement.encode()
        return await self._answer(lambda headers: Request("POST", long, {**headers, **text}, body), what)

    async def pages(self, kind: str, *conditions: str) -> AsyncIterator[list[Any]]:
        """All rows that meet the conditions, as JSON, a page at a time."""
        start = 1
        while True:
            rows = await self.rows(kind, *conditions, start=start)
            if rows:
                yield rows
            if len(rows) < queries.PAGE:
                return
            start += len(rows)

    async def rows(
        self, kind: str, *conditions: str, start: int = 1, size: int = queries.PAGE, columns: str = "*"
    ) -> list[Any]:
        """The records of one page as JSON, for one metered read; `start` counts from 1."""
        what = f"a list of {kind}"
        tree = await self.query(queries.select(kind, *conditions, start=start, size=size, what=columns), what)
        return rows_of(tree, kind, what)

    async def ids(self, kind: str, *conditions: str) -> list[str]:
        """The ids of all records that meet the conditions, each once: no record spoils a list of them."""
        ids: dict[str, None] = {}
        start = 1
        while True:
            rows = await self.rows(kind, *conditions, start=start, columns="Id")
            ids |= {row.id: None for row in wire.convert_each(rows, IdOnly, f"the ids of {kind}")}
            if len(rows) < queries.PAGE:
                return list(ids)
            start += len(rows)

    async def having(self, kind: str, field: str, values: Iterable[str]) -> AsyncIterator[list[Any]]:
        """Rows, as JSON, of all records whose `field` has one of these values, and perhaps of others: see `query`.

        Where others come as well, one of them that spoils the list is left out: it is not what was asked for.
        """
        for search in queries.having(field, values):
            listed = self.pages if search.exact else self.listing
            async for rows in listed(kind, *search.conditions):
                yield rows

    async def listing(self, kind: str, *conditions: str) -> AsyncIterator[list[Any]]:
        """As `pages`; a record of which QuickBooks refuses the whole list is left out, and the others are there.

        Raises `ReadRefused` where the list itself is refused.
        """
        start = 1
        while True:
            try:
                rows = await self._listed(kind, conditions, start, queries.PAGE)
                ended = len(rows) < queries.PAGE
            except ReadRefused as error:
                rows, ended = await self._in_pieces(kind, conditions, start, error)
            if rows:
                yield rows
            if ended:
                return
            start += queries.PAGE

    async def _in_pieces(
        self, kind: str, conditions: Sequence[str], start: int, error: ReadRefused
    ) -> tuple[list[Any], bool]:
        """The rows of a page that was refused, without the bad ones; and whether the list ends in it."""
        rows: list[Any] = []
        half = queries.PAGE // 2
        todo, bad, good = [(start + half, half), (start, half)], 1, 0
        while todo:
            at, size = todo.pop()
            try:
                some = await self._listed(kind, conditions, at, size)
            except ReadRefused as refusal:
                bad, error = bad + 1, refusal
                if size > 1:
                    todo += [(at + size // 2, size - size // 2), (at, size // 2)]
            else:
                good += bool(some)
                rows += some
                if len(some) < size:
                    return rows, True
            if bad > (MOST if good else HALVINGS):
                raise error
        return rows, False

    async def _listed(self, kind: str, conditions: Sequence[str], start: int, size: int) -> list[Any]:
        """One page as JSON; one that was refused a moment ago is refused again without a call."""
        page, now = queries.select(kind, *conditions, start=start, size=size), self._clock.now()
        if page in self._refused and now - self._refused[page][0] < REFUSED_FOR:
            raise self._refused[page][1]
        try:
            return await self.rows(kind, *conditions, start=start, size=size)
        except ReadRefused as error:
            fresh = {page: at for page, at in self._refused.items() if now - at[0] < REFUSED_FOR}
            self._refused = {**fresh, page: (now, error)}
            raise

    async def all(self, kind: str, record_type: type[T], *conditions: str) -> list[T]:
        """All records that meet the conditions, each id once."""
        records: dict[str, T] = {}
        async for rows in self.pages(kind, *conditions):
            for record in wire.convert_each(rows, record_type, f"a list of {kind}"):
                records[record.id] = record
        return list(records.values())

    async def write(
        self, path: str, request_id: str, body: bytes, lane: str, before: Deadline | None = None
    ) -> Response:
        """Send a write under its idempotency key; never twice, unless the first was answered 401, nor after `before`.

        Raises `NotSent`, `NoAnswer`, `SignInNeeded`, and `BadAnswer` for an answer that is too large.
        """
        url = self._url(path, {"requestid": request_id})
        json = {"Content-Type": _JSON}
        return await self._signed(
            lambda headers: self._caller.once(Request("POST", url, {**headers, **json}, body), lane, before)
        )

    async def _answer(self, build: Build, what: str) -> Any:
        """The JSON of an answer. A failure that comes each time, while another read is answered, is a refusal."""
        while True:
            response = await self._read(build, self._pulse.tries)
            try:
                return readable(response, what)
            except Unreachable as error:
                if self._pulse.failed():
                    raise failing_read(response) from error
                if not await self._answers_others():
                    raise
                self._pulse.felt()

    async def _answers_others(self) -> bool:
        """One metered read in which no record stands."""
        url = self._url("query", {"query": queries.count(Customer.KIND)})
        try:
            readable(await self._read(lambda headers: Request("GET", url, headers), 1), "a count")
        except ConnectorError:
            return False
        return True

    async def _read(self, build: Build, tries: int) -> Response:
        return await self._signed(lambda headers: self._caller.repeating(build(headers), "read", tries=tries))

    async def _signed(self, send: Callable[[dict[str, str]], Awaitable[Response]]) -> Response:
        """A 401 says that nothing was done: it is repeated with another token. Trouble with that means `NotSent`.

        A token that somebody else has renewed may have been ended as well: only one that the vendor has just given to
        this call makes the answer a verdict.
        """
        token, ours = await _before_sending(self._tokens.token()), False
        response = await send(_headers(token))
        while response.status == 401 and not ours:
            token, ours = await _before_sending(self._tokens.replace(token))
            response = await send(_headers(token))
        return response

    def _url(self, path: str, params: Mapping[str, str]) -> str:
        return f"{self._base}/{quote(path)}?{urlencode({**params, 'minorversion': MINOR_VERSION}, quote_via=quote)}"


async def _before_sending(token: Awaitable[G]) -> G:
    try:
        return await token
    except (NoAnswer, BadAnswer, LimitReached) as error:
        raise NotSent("The sign-in service of QuickBooks cannot be reached.", "It is tried again by itself.") from error


def rows_of(tree: Any, kind: str, what: str) -> list[Any]:
    """The rows of a query. Without a hit `QueryResponse` is empty; that it is left out then has not been ruled out."""
    nothing = isinstance(tree, dict) and tree.keys() == {"time"}
    rows = [] if nothing else part(tree, "QueryResponse", what).get(kind, [])
    if not isinstance(rows, list):
        raise BadAnswer(f"QuickBooks answered {what} that is no list.", "It is read again later.")
    return rows


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": _JSON}


def part(tree: Any, name: str, what: str) -> dict[str, Any]:
    """A named object in an answer; a 200 without it is no success (reference 4.3)."""
    inner = tree.get(name) if isinstance(tree, dict) else None
    if not isinstance(inner, dict):
        raise BadAnswer(f"QuickBooks answered without {name} ({what}).", "It is read again later.")
    return inner
