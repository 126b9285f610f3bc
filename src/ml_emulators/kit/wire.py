"""The shape of one exchange, independent of sockets, and the JSON codec with exact decimals.

A vendor is a plain synchronous function from `Request` to `Response`: the socket shell and an
in-process caller use the very same function, so what is proved without sockets holds with them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import msgspec


class Request(msgspec.Struct, frozen=True):
    """One request as it came in. `path` is still percent-encoded; header names are lower-case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """The value of a header by its name in any case."""
        return self.headers.get(name.lower(), default)

    def params(self) -> dict[str, str]:
        """The query string as a dict; a name given twice keeps its last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def segments(self) -> list[str]:
        """The path cut at slashes, each part decoded, without empty parts."""
        return [unquote(part) for part in self.path.split("/") if part]


class Response(msgspec.Struct, frozen=True):
    """One answer as it goes out: names of headers as the vendor spells them, the body in bytes."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""


class Cost(msgspec.Struct, frozen=True):
    """What one request counts for at the vendor: metered reads, writes, or calls."""

    reads: int = 0
    writes: int = 0
    calls: int = 0


class Vendor(Protocol):
    """What the chassis (shell, control door, request log) asks of an emulated vendor."""

    name: str

    def handle(self, request: Request) -> Response:
        """Answer one request; never raises for anything a client can send."""

    def cost(self, request: Request, response: Response) -> Cost:
        """What the vendor's meters count for this exchange."""

    def kinds(self) -> list[str]:
        """The names of its kinds of record."""

    def records(self, kind: str) -> list[dict[str, Any]]:
        """All records of a kind as the control door shows them (deleted ones included, marked)."""

    def act(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Do what a user of the vendor's own screens would do.

        `operation` is {"op": "create"|"update"|"delete"|"void"|..., "kind": str, "body": {...}} in the
        vendor's own field names; the same rules apply as for API clients, but no token, metering or throttle.
        """

    def reset(self) -> None:
        """As at its start, switches too."""


_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def loads(body: bytes | str) -> Any:
    """Decode JSON; fractional numbers become `Decimal`. Raises `msgspec.DecodeError`."""
    return _decoder.decode(body)


def dumps(value: Any) -> bytes:
    """Encode JSON; a `Decimal` is written digit for digit as a number."""
    return _encoder.encode(value)
