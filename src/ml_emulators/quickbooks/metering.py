"""What a request counts for: metered reads (CorePlus), write calls, written items (reference section 11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import DecodeError

from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks.faults import Fault
from ml_emulators.quickbooks.xml_bodies import from_xml, is_xml

_UNSERVED = (401, 403, 404, 429)
_ASKS = ("Query", "CDCQuery", "ReportQuery")


@dataclass(frozen=True)
class Measure:
    """`reads`: successful reads, batch items singly. `writes`: calls that write. `items`: successful writes."""

    reads: int = 0
    writes: int = 0
    items: int = 0
    calls: int = 0


def measure(request: Request, response: Response) -> Measure:
    """Calls outside the company API (OAuth, discovery) cost nothing."""
    segments = request.segments()
    if segments[:2] != ["v3", "company"] or len(segments) < 4:
        return Measure()
    if response.status in _UNSERVED:
        return Measure(calls=1)
    good = response.status == 200 and not response.body.startswith(b'{"Fault"')
    if segments[3] == "batch":
        return _batch(request, response) if good else Measure(writes=1, calls=1)
    if request.method == "GET" or segments[3] == "query":
        return Measure(reads=int(good), calls=1)
    return Measure(writes=1, items=int(good), calls=1)


def _batch(request: Request, response: Response) -> Measure:
    asked = {
        item.get("bId") for item in _items(request.body, "BatchItemRequest") if any(name in item for name in _ASKS)
    }
    sent = len(_items(request.body, "BatchItemRequest"))
    answered = [item for item in _items(response.body, "BatchItemResponse") if "Fault" not in item]
    reads = sum(item.get("bId") in asked for item in answered)
    return Measure(reads=reads, writes=int(sent > len(asked)), items=len(answered) - reads, calls=1)


def _items(body: bytes, name: str) -> list[dict[str, Any]]:
    try:
        content = from_xml(body) if is_xml("", body) else loads(body)
    except (DecodeError, RecursionError, UnicodeDecodeError, Fault):
        return []
    items = content.get(name) if isinstance(content, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
