"""The one seam to the network, and what every vendor call goes through: limits, repeats of reads, log and counters.

`Network` has one method. The real one is `systems/network.py`; tests and simulations pass a function.
Writes are never sent twice from here (`once`). After a time-out, a broken connection or a 5xx nobody knows whether the
vendor has carried a write out, and a second sending could do it twice; the engine looks it up first. Reads and token
calls do no harm when repeated (`repeating`), and a short trouble should not end a run.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import structlog

from ml_connector.clock import Clock, Deadline, Ids
from ml_connector.model.errors import LimitReached, Unreachable

from .limits import LONGEST_WAIT, Throttle

_log = structlog.get_logger("ml_connector.http")

MAX_ATTEMPTS = 4
PAUSE = timedelta(seconds=60)
"""Between a refusal for too many calls and the next call, when the vendor names no time (quickbooks reference 10)."""
LONGEST_PAUSE = timedelta(days=1)
"""Whatever a vendor asks for, after a day it is asked again."""
DEFAULT_TIMEOUT = 130.0
"""Seconds; vendors give up after 120 themselves, so an answer that comes at all comes before."""


CALLED: Counter[tuple[str, str, str]] = Counter()
"""All calls of this process by vendor, kind and outcome (a status, or what went wrong), for the metrics."""


class Request(msgspec.Struct, frozen=True):
    """One call. `url` is complete and already percent-encoded; `timeout` in seconds for the whole exchange."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout: float = DEFAULT_TIMEOUT

    @property
    def path(self) -> str:
        """The path without query text; safe to log."""
        return urlsplit(self.url).path


class Response(msgspec.Struct, frozen=True):
    """An answer. Header names are lower-case, the body is unpacked."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """The value of a header, its name in any case; `default` where it is missing."""
        return self.headers.get(name.lower(), default)


class NotSent(Unreachable):
    """The request surely never left: refused, unknown host, no trust in the certificate. Nothing happened."""


class NoAnswer(Unreachable):
    """The request may have arrived: time ran out, or the connection broke. Nobody knows what became of it."""


class Network(Protocol):
    """What carries requests."""

    async def send(self, request: Request) -> Response:
        """The answer, whatever its status. Raises `NotSent` or `NoAnswer`, and `BadAnswer` if it is too large."""


class Retry(msgspec.Struct, frozen=True):
    """Repeat it `after` that long."""

    after: timedelta


class GiveUp(msgspec.Struct, frozen=True):
    """The last answer or error stands."""


def retry(
    trouble: int | Unreachable,
    attempt: int,
    *,
    retry_after: timedelta | None = None,
    jitter: float = 0.0,
    tries: int = MAX_ATTEMPTS,
) -> Retry | GiveUp:
    """Whether to repeat a read or a token call that failed.

    `trouble` is the status or the network error, `attempt` how many of the `tries` were made (1 for the first),
    `jitter` 0.0 to 1.0.
    Anything but 429, 5xx and network trouble is final: the same request would be refused again, and every call costs
    (quickbooks reference 12.2). Of the 5xx, 501 and 505 say "never". Waits double: 0.5 to 1.5 s, 1 to 3 s, 2 to 6 s,
    spread by `jitter` so that processes that failed together do not come back together. After 429 it is the time the
    vendor names, else `PAUSE`, and up to 5 s more. Whoever would have to wait longer than `LONGEST_WAIT`
    gives up: the caller reports it, and the work comes back later.
    """
    status = trouble if isinstance(trouble, int) else 0
    if attempt >= tries or (status and status != 429 and status < 500) or status in (501, 505):
        return GiveUp()
    if status == 429:
        wait = (retry_after if retry_after is not None else PAUSE) + timedelta(seconds=5 * jitter)
    else:
        wait = max(timedelta(seconds=2 ** (attempt - 1) * (0.5 + jitter)), retry_after or timedelta(0))
    return Retry(wait) if wait <= LONGEST_WAIT else GiveUp()


def retry_after(response: Response, now: datetime) -> timedelta | None:
    """What the Retry-After header asks for, seconds or a date, at most a day; None if absent or unreadable."""
    text = response.header("retry-after").strip()
    if text.isascii() and text.isdecimal():
        return min(timedelta(seconds=int(text[:6])), LONGEST_PAUSE)  # six digits are more than a day already
    until = date_of(text)
    return None if until is None else min(max(until - now, timedelta(0)), LONGEST_PAUSE)


def date_of(text: str) -> datetime | None:
    """The instant of a date header; None for what is none, or lies outside of these centuries."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a figure of any length stands in it
        return None
    within = 2000 <= at.year < 2100
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) if within else None


class Caller:
    """All calls to one company or org. `calls` counts what was sent, by the kind the client names."""

    def __init__(self, network: Network, clock: Clock, ids: Ids, throttle: Throttle, vendor: str) -> None:
        self.calls: Counter[str] = Counter()
        self._network = network
        self._clock = clock
        self._ids = ids
        self._throttle = throttle
        self._vendor = vendor

    async def once(self, request: Request, kind: str, before: Deadline | None = None) -> Response:
        """Send once, after waiting for a free place. For writes. `kind` also names the lane of the throttle.

        Raises `NotSent` when it could leave only at or after `before`, or the vendor wants no call for a long time.
        """
        try:
            return await self._sent(request, kind, before)
        except LimitReached as error:
            raise NotSent(error.sentence, error.remedy) from error

    async def _sent(self, request: Request, kind: str, before: Deadline | None) -> Response:
        async with self._throttle.place(kind):
            # Looked at here, after any waiting and just before sending: what leaves later could cross the writes of
            # another process that has taken over meanwhile.
            if before is not None and self._clock.now() >= before():
                raise NotSent("It was too late to send.", "Nothing was sent; the next run looks at it again.")
            self.calls[kind] += 1
            started = time.monotonic()
            try:
                response = await self._network.send(request)
            except Unreachable as error:
                self._note(request, kind, started, error=type(error).__name__)
                raise
            self._note(request, kind, started, status=response.status, trace=_trace(response))
            if response.status == 429:
                asked = retry_after(response, self._clock.now())
                self._throttle.hold_back(kind, PAUSE if asked is None else asked)
            return response

    async def repeating(
        self, request: Request, kind: str, before: Deadline | None = None, tries: int = MAX_ATTEMPTS
    ) -> Response:
        """Send, and again after trouble that may pass, at most `tries` times. For reads and token calls only.

        The last answer is given back whatever its status, but 429 raises `LimitReached`. So does a vendor
        that wants no call for a long time. Network errors are raised, and `NotSent` when it could leave only at or
        after `before`.
        """
        attempt = 1
        while True:
            response, trouble = None, None
            try:
                response = await self._sent(request, kind, before)
            except Unreachable as error:
                trouble = error
            decision = self._judge(response, trouble, attempt, tries)
            if isinstance(decision, Retry):
                await self._clock.sleep(decision.after)
                attempt += 1
                continue
            if response is None:
                assert trouble is not None  # noqa: S101 - one of the two is always set
                raise trouble
            if response.status == 429:
                raise limit_reached(self._vendor)
            return response

    def _judge(
        self, response: Response | None, trouble: Unreachable | None, attempt: int, tries: int
    ) -> Retry | GiveUp:
        if response is not None:
            if response.status < 400:
                return GiveUp()
            asked = retry_after(response, self._clock.now())
            return retry(response.status, attempt, retry_after=asked, jitter=self._ids.jitter(), tries=tries)
        return retry(trouble or 0, attempt, jitter=self._ids.jitter(), tries=tries)

    def _note(self, request: Request, kind: str, started: float, **outcome: object) -> None:
        CALLED[self._vendor, kind, str(outcome.get("status") or outcome.get("error"))] += 1
        _log.info(
            "call",
            vendor=self._vendor,
            kind=kind,
            method=request.method,
            path=request.path,
            ms=round((time.monotonic() - started) * 1000, 1),
            **outcome,
        )


def limit_reached(vendor: str) -> LimitReached:
    """The error for a refusal for too many calls; `vendor` as people write it."""
    return LimitReached(
        f"{vendor} says that too many calls were made.", "Nothing is lost; work goes on by itself after a pause."
    )


def _trace(response: Response) -> str:
    """The vendor's own id of the call, which its support asks for."""
    return response.header("intuit_tid") or response.header("intuit-tid") or response.header("x-request-id")
