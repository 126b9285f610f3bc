"""Calls to the REST API: session, tags, usage, and many reads in one composite call (salesforce reference 2.1, 2.8)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import BadAnswer, ConnectorError, ReadRefused, Unreachable
from ml_connector.model.refs import Json
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, Request, Response, date_of
from ml_connector.systems.pulse import Pulse
from ml_connector.systems.words import first_words

from .auth import Session
from .faults import AWAY, SESSION, error_of, failing_read, faults
from .keeper import SessionKeeper
from .usage import Usage

CLIENT = "ml-connector"
"""The tag of every call; it comes back in the origin of change events (salesforce reference 2.1)."""

URL_MAX = 8_000
"""Longest address sent as such; a longer one goes inside the body of a composite call."""

NO_HEADERS: Mapping[str, str] = {}
Drop = Callable[[Mapping[int, int]], Collection[int]]
"""Told how many rows statements have, by place; says of which no more pages are wanted."""
Refusals = dict[int, ReadRefused]
"""What was refused, by the place of its statement."""

_PROBE = "SELECT Id FROM Organization"
"""A read in which no record of a flow stands."""
_FARTHEST = timedelta(days=1)
"""A clock of the vendor that differs more from ours than that is not believed: lists would begin in another century."""
_LONGEST_BEHIND = timedelta(days=60)
"""How far behind ours the vendor's clock is believed to be: no position lies ahead of it."""
_NEXT = re.compile(r"/services/data/v[0-9]{1,3}\.[0-9]/[A-Za-z0-9/_.~=?&%+-]{1,2000}")
QUERIES_AT_ONCE = 5
PARTS_AT_ONCE = 25


class Answer(msgspec.Struct, frozen=True):
    """A status with the decoded body; `body` is None where there is none or it cannot be read.

    `text` is the body as it came, `locator` where the results of a job go on. `page`: a web page came where data was
    asked for. `words` are the first of a failure of the vendor's own (5xx), and `each_time` says that it comes for
    this question whenever it is asked, while others are answered.
    """

    status: int
    body: Any = None
    page: bool = False
    words: str = ""
    each_time: bool = False
    text: bytes = b""
    locator: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status says that it was done; of a collection each item still says it for itself."""
        return 200 <= self.status < 300

    @property
    def failed(self) -> bool:
        """Whether it is a failure of the vendor's own, and not one that says it is away."""
        return self.status >= 500 and all(fault.code != AWAY for fault in faults(self.body))

    def error(self) -> ConnectorError:
        """What an answer means that is not `ok`."""
        return failing_read(self.status, self.body, self.words) if self.each_time else error_of(self.status, self.body)

    def taken(self) -> Any:
        """The body. Raises the error that the answer means if there is none."""
        if not self.ok:
            raise self.error()
        if self.page:
            raise Unreachable("Salesforce answered a web page instead of data.", "It is tried again by itself.")
        if self.body is None:
            raise _unreadable("an answer")
        return self.body


class Calls:
    """Every call of one org. `usage`: what the org says about its limit; `skew`: how far its clock is ahead of ours."""

    def __init__(self, caller: Caller, sessions: SessionKeeper, clock: Clock, usage: Usage) -> None:
        self.usage = usage
        self.sessions = sessions
        self.base = f"/services/data/v{sessions.api_version}"
        self.skew = timedelta(0)
        self.behind = timedelta(0)
        self._caller = caller
        self._clock = clock
        self._pulse = Pulse(clock)

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        writes: bool = False,
        before: Deadline | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """One call, with a new sign-in if the session has expired.

        `path` begins with `/services/data/`. Reads are repeated after trouble that may pass, writes never, and no write
        leaves at or after `before`. `headers` go with it, beside those of every call. Raises `NotSent` and `NoAnswer`
        for the network, `SignInNeeded`, `LimitReached` and `WrongUse` before anything is sent or after an answer that
        says that nothing was done.
        """
        self.usage.check(self._clock.now())
        if writes:
            return await self._signed(lambda url: self._caller.once(url, "write", before), method, path, body, headers)
        return await self._asked(method, path, body, headers)

    async def _asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a read. A failure that comes each time, while another read is answered, says so."""
        while True:
            answer = await self._read(method, path, body, headers, self._pulse.tries)
            if not answer.failed:
                return answer
            if self._pulse.failed():
                return msgspec.structs.replace(answer, each_time=True)
            if not await self._answers_others():
                return answer
            self._pulse.felt()

    async def _answers_others(self) -> bool:
        try:
            return (await self._read("GET", self.query_path(_PROBE), b"", NO_HEADERS, 1)).ok
        except ConnectorError:
            return False

    async def _read(self, method: str, path: str, body: bytes, headers: Mapping[str, str], tries: int) -> Answer:
        return await self._signed(
            lambda request: self._caller.repeating(request, "read", tries=tries), method, path, body, headers
        )

    async def _signed(
        self,
        send: Callable[[Request], Awaitable[Response]],
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        """Repeated with another session while one is refused. One that somebody else made may have been ended as well:
        only one that the org has just given to this call makes the answer a verdict."""
        session, ours = await self.sessions.session(), False
        answer = self._answer(await send(_request(session, method, path, body, headers)))
        while _expired(answer) and not ours:
            session, ours = await self.sessions.replace(session)
            answer = self._answer(await send(_request(session, method, path, body, headers)))
        return answer

    def _answer(self, response: Response) -> Answer:
        self.usage.note(response.header("sforce-limit-info"), self._clock.now())
        if at := date_of(response.header("date")):
            skew = at - self._clock.now()
            self.skew = skew if abs(skew) <= _FARTHEST else timedelta(0)
            self.behind = max(skew, -_LONGEST_BEHIND) if skew < -_FARTHEST else self.skew
        page = response.body[:64].lstrip().startswith(b"<")
        words = first_words(response.body) if response.status >= 500 else ""
        body, locator = response.body, response.header("sforce-locator")
        return Answer(response.status, _decoded(body), page, words, text=body, locator=locator)

    async def pause(self, length: timedelta) -> None:
        """Wait before the same is asked again."""
        await self._clock.sleep(length)

    async def get(self, path: str) -> Any:
        """The decoded body of one GET. Raises the error that its answer means."""
        return (await self.send("GET", path)).taken()

    async def get_all(self, paths: Sequence[str], at_once: int = QUERIES_AT_ONCE) -> list[Answer]:
        """The answers of several GETs, in order; many in one composite call, a lone short one as it is.

        Raises only for a composite call that failed as a whole.
        """
        answers: list[Answer] = []
        for start in range(0, len(paths), at_once):
            part = paths[start : start + at_once]
            if len(part) == 1 and len(part[0]) <= URL_MAX:
                answers.append(await self.send("GET", part[0]))
            else:
                answers += await self._together(part)
        return answers

    async def _together(self, paths: Sequence[str]) -> list[Answer]:
        parts = [{"method": "GET", "url": path, "referenceId": f"r{i}"} for i, path in enumerate(paths)]
        request = wire.encode({"allOrNone": False, "compositeRequest": parts})
        answer = await self.send("POST", f"{self.base}/composite", request)
        if len(paths) > 1 and not answer.ok and isinstance(answer.error(), ReadRefused):
            # One of them may have spoiled all: each has its own answer then.
            return [alone for path in paths for alone in await self.get_all([path])]
        answers = parts_of(answer.taken())
        if any(part["referenceId"] not in answers for part in parts):
            raise _unreadable("a composite answer")
        return [answers[part["referenceId"]] for part in parts]

    async def whole_pages(self, statement: str) -> AsyncIterator[list[Json]]:
        """The rows of a statement page by page, child lists completed; no page is kept."""
        async for _, rows in self.pages([statement]):
            await self.complete(rows)
            yield rows

    async def complete(self, rows: Sequence[Json]) -> None:
        """Add to each child list that was cut off what is missing."""
        cut = [child_list for row in rows for child_list in _cut_lists(row)]
        async for place, children in self._follow([path for path, _ in cut]):
            cut[place][1].extend(children)

    async def query(self, statements: Sequence[str], refused: Refusals | None = None) -> list[list[Json]]:
        """The rows of each statement, all pages, child lists completed. `refused`: as in `pages`."""
        rows: list[list[Json]] = [[] for _ in statements]
        async for place, page in self.pages(statements, refused=refused):
            rows[place] += page
        await self.complete([row for of_statement in rows for row in of_statement])
        return rows

    def pages(
        self,
        statements: Sequence[str],
        *,
        deleted_too: bool = False,
        refused: Refusals | None = None,
        drop: Drop | None = None,
    ) -> AsyncIterator[tuple[int, list[Json]]]:
        """The rows of several statements page by page, each page with the place of its statement.

        `deleted_too` asks the Recycle Bin as well. A statement that is refused raises `ReadRefused`; where there is a
        `refused`, it stands there under its place instead, and the others go on. After the first pages `drop` is told
        how many rows each has in all, and says of which no more pages are read.
        """
        return self._follow([self.query_path(text, deleted_too) for text in statements], refused, drop)

    async def _follow(
        self, paths: Sequence[str], refused: Refusals | None = None, drop: Drop | None = None
    ) -> AsyncIterator[tuple[int, list[Json]]]:
        pending = list(enumerate(paths))
        while pending:
            answers = await self.get_all([path for _, path in pending])
            following, totals = [], dict[int, int]()
            for (place, path), answer in zip(pending, answers, strict=True):
                try:
                    rows, next_path = _next_page(answer, path)
                except ReadRefused as error:
                    if refused is None:
                        raise
                    refused[place] = error
                    continue
                yield place, rows
                if next_path:
                    following.append((place, next_path))
                    totals[place] = _total(answer)
            dropped = drop(totals) if drop and totals else ()
            pending, drop = [each for each in following if each[0] not in dropped], None

    def query_path(self, statement: str, deleted_too: bool = False) -> str:
        """The path of a SOQL query; with `deleted_too` it sees the Recycle Bin and what was merged away."""
        return f"{self.base}/{'queryAll' if deleted_too else 'query'}?q={quote(statement, safe='')}"


def _request(session: Session, method: str, path: str, body: bytes, more: Mapping[str, str]) -> Request:
    headers = {
        "Authorization": f"Bearer {session.token}",
        "Accept": "application/json",
        "Sforce-Call-Options": f"client={CLIENT}",
        **({"Content-Type": "application/json; charset=UTF-8"} if body else {}),
        **more,
    }
    return Request(method, session.instance_url + path, headers, body)


def _expired(answer: Answer) -> bool:
    return answer.status == 401 and any(fault.code == SESSION for fault in faults(answer.body))


def _decoded(body: bytes) -> Any:
    try:
        return wire.loads(body, "an answer", strict=False) if body else None
    except BadAnswer:  # where a body is needed, who needs it says that it is not readable
        return None


def _unreadable(what: str) -> ConnectorError:
    return BadAnswer(f"Salesforce gave {what} that cannot be read.", "Nothing was changed by it; it is tried again.")


def parts_of(body: Any) -> dict[str, Answer]:
    """The answers inside the answer of a composite call, by reference id; what cannot be read is left out."""
    answers: dict[str, Answer] = {}
    for part in _rows(body, "compositeResponse"):
        if isinstance(part, Mapping):
            name, status = part.get("referenceId"), part.get("httpStatusCode")
            if isinstance(name, str) and type(status) is int:
                # The call was answered, with its other parts: a part that fails does so for what it asks.
                alone = Answer(status, part.get("body"))
                answers[name] = msgspec.structs.replace(alone, each_time=alone.failed)
    return answers


def page_of(body: Any) -> tuple[list[Json], str]:
    """The rows of one page and the path of the next one, blank at the end. Raises `BadAnswer`."""
    rows = _rows(body, "records")
    if not all(isinstance(row, dict) for row in rows):
        raise _unreadable("a page of a query")
    if body.get("done") is True:
        return rows, ""
    following = body.get("nextRecordsUrl")
    # Only a path of the API: the token must not follow an address to somewhere else.
    if not isinstance(following, str) or not _NEXT.fullmatch(following) or ".." in following:
        raise _unreadable("a page of a query without its end")
    return rows, following


def _next_page(answer: Answer, path: str) -> tuple[list[Json], str]:
    rows, following = page_of(answer.taken())
    if following == path:
        raise _unreadable("a page of a query that leads to itself")
    return rows, following


def _total(answer: Answer) -> int:
    total = answer.body.get("totalSize") if isinstance(answer.body, Mapping) else None
    return total if type(total) is int else 0


def _rows(body: Any, name: str) -> list[Any]:
    rows = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        raise _unreadable(f"an answer without {name}")
    return rows


def _cut_lists(row: Json) -> list[tuple[str, list[Json]]]:
    """Child lists of a row that do not end on this page: where they go on, and what to add to."""
    cut = []
    for value in row.values():
        if isinstance(value, dict) and isinstance(value.get("records"), list) and value.get("done") is False:
            _, path = page_of(value)
            cut.append((path, value["records"]))
    return cut
