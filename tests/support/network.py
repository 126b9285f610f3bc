"""Networks without sockets: a function, or an emulated vendor called in process; and time that only tests move."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ml_connector.systems.http import NoAnswer, Request, Response
from ml_emulators.kit import wire
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.gate import Answer, Dropped, Outcome

START = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


class StillClock:
    """A clock that stands still until something sleeps; then it jumps. `slept` lists the waits."""

    def __init__(self, virtual: VirtualClock | None = None) -> None:
        self.virtual = virtual or VirtualClock()
        if not self.virtual.frozen:
            self.virtual.freeze(START)
        self.slept: list[timedelta] = []

    def now(self) -> datetime:
        return self.virtual.now()

    async def sleep(self, length: timedelta) -> None:
        self.slept.append(length)
        self.virtual.advance(length)

    def advance(self, **length: float) -> None:
        self.virtual.advance(timedelta(**length))


class FixedIds:
    """No chance at all: tokens are counted, jitter is 0."""

    def __init__(self) -> None:
        self._made = 0

    def token(self) -> str:
        self._made += 1
        return f"{self._made:032x}"

    def jitter(self) -> float:
        return 0.0


class FunctionNetwork:
    """A network made from a function; `sent` keeps what went out."""

    def __init__(self, answer: Callable[[Request], Response | Awaitable[Response]]) -> None:
        self._answer = answer
        self.sent: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        answer = self._answer(request)
        return answer if isinstance(answer, Response) else await answer


class VendorNetwork(FunctionNetwork):
    """An emulated vendor behind `serve`: its `handle`, or a gate with faults (a dropped answer is `NoAnswer`)."""

    def __init__(self, serve: Callable[[wire.Request], wire.Response | Outcome]) -> None:
        super().__init__(lambda request: answered(serve(asked(request))))


def asked(request: Request) -> wire.Request:
    """The request as a vendor's server sees it."""
    parts = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return wire.Request(request.method, parts.path, parts.query, {"host": parts.netloc, **headers}, request.body)


def answered(outcome: wire.Response | Outcome) -> Response:
    if isinstance(outcome, Dropped):
        raise NoAnswer("The connection broke.", "Try again later.")
    if isinstance(outcome, Answer):
        if outcome.cut:
            raise NoAnswer("The connection broke in the middle of the answer.", "Try again later.")
        outcome = outcome.response
    headers = {name.lower(): value for name, value in outcome.headers.items()}
    return Response(outcome.status, headers, outcome.body)
