"""The network of a run: what the vendors refuse is noted, in whatever answer the refusal stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ml_connector.clock import MovedClock
from ml_connector.systems.http import Request, Response
from support.world import EmulatedNetwork

_REFUSED = range(400, 500)
_NO_REFUSALS = (401, 408, 429)


class Refusal(msgspec.Struct, frozen=True):
    """A request, or a part of one, that a vendor refused. `form` is the whole request as it was asked."""

    form: str
    words: str
    is_read: bool


class Watch:
    """Hands requests on, and notes `refusals` of the pass of the moment."""

    def __init__(self, network: EmulatedNetwork, clock: MovedClock) -> None:
        self._network = network
        self._clock = clock
        self.refusals: list[Refusal] = []

    async def send(self, request: Request) -> Response:
        response = await self._network.send(request, self._clock)
        path, body = request.url.partition("://")[2].partition("/")[2], bytes(request.body)
        is_read = request.method == "GET" or "/query" in path or path.endswith("describe")
        if response.status in _REFUSED and response.status not in _NO_REFUSALS:
            self.refusals.append(Refusal(f"{request.method} {path} {body!r}", f"{response.body[:300]!r}", is_read))
        elif response.status < 400 and (b'"Fault"' in response.body or b"rror" in response.body):
            parts = _refused_parts(_decoded(response.body))
            self.refusals += [Refusal(f"{request.method} {path} {body!r}", words, False) for words in parts]
        return response

    def repeated(self) -> list[Refusal]:
        """Refused reads that were asked for again in the same form."""
        forms: set[str] = set()
        again = []
        for refusal in self.refusals:
            if refusal.is_read and refusal.form in forms:
                again.append(refusal)
            forms.add(refusal.form)
        return again


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None


def _refused_parts(tree: Any) -> Iterator[str]:
    """The refusals inside of an answer of many parts."""
    if isinstance(tree, list):
        for part in tree:
            yield from _refused_parts(part)
    if not isinstance(tree, dict):
        return
    if "Fault" in tree:
        yield str(tree["Fault"])[:300]
    elif tree.get("success") is False:
        yield str(tree.get("errors"))[:300]
    else:
        for name in ("BatchItemResponse", "compositeResponse", "body", "results"):
            yield from _refused_parts(tree.get(name))
