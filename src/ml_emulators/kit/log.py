"""The request log: what came in, how it was answered, and what it would have cost at the vendor.

Bounded: the last `keep` entries stay, the counters stay for ever. No header is ever stored, and nothing of a
request body but its size; secrets that travel in a query string are masked.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from datetime import datetime
from typing import Any

import msgspec

from .wire import Cost

_SECRET = re.compile(r"(?i)\b(access_token|refresh_token|client_secret|token|code|assertion|password|sid|secret)=[^&]*")
_ID = re.compile(r"/(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[a-zA-Z0-9]{5}[0-9][a-zA-Z0-9]{9}(?:[A-Z0-5]{3})?)(?=/|$)")
_MARKS = 4_000
_PATHS = 2_000


class Entry(msgspec.Struct, frozen=True):
    """One request. `status` 0 means that no answer was sent; `size` is the request body's length in bytes."""

    seq: int
    at: datetime
    vendor: str
    method: str
    path: str
    query: str
    status: int
    cost: Cost
    fault: str
    milliseconds: float
    size: int = 0


class Totals(msgspec.Struct):
    """Sums over requests: how many, and what they count for at the vendor."""

    requests: int = 0
    reads: int = 0
    writes: int = 0
    calls: int = 0
    faults: int = 0

    def minus(self, other: Totals) -> Totals:
        """What came on top of an earlier reading of the same counters."""
        return Totals(
            self.requests - other.requests,
            self.reads - other.reads,
            self.writes - other.writes,
            self.calls - other.calls,
            self.faults - other.faults,
        )


class UnknownMark(LookupError):
    """The mark was never given out, or is too old. Take a new one with `mark()`."""


class RequestLog:
    """The last `keep` requests, and counters over all of them by vendor and by shape of path."""

    def __init__(self, keep: int = 10_000) -> None:
        self.entries: deque[Entry] = deque(maxlen=keep)
        self.ever = 0
        """How many requests came in since the start; a clearing does not touch it."""
        self.clear()

    def clear(self) -> None:
        """Forget entries, counters and marks."""
        self.entries.clear()
        self.seq = 0
        self._totals: dict[str, Totals] = {}
        self._paths: dict[str, int] = {}
        self._marks: OrderedDict[int, dict[str, Totals]] = OrderedDict()

    def add(
        self,
        at: datetime,
        vendor: str,
        method: str,
        path: str,
        query: str,
        status: int,
        cost: Cost,
        fault: str = "",
        milliseconds: float = 0.0,
        size: int = 0,
    ) -> None:
        """Count one exchange. Secrets in `query` are masked; `cost` is the vendor's count, `size` bytes of body."""
        self.seq += 1
        self.ever += 1
        shown = _SECRET.sub(r"\1=***", query) if "=" in query else query
        self.entries.append(Entry(self.seq, at, vendor, method, path, shown, status, cost, fault, milliseconds, size))
        sums = self._totals.get(vendor)
        if sums is None:
            sums = self._totals[vendor] = Totals()
        sums.requests += 1
        sums.reads += cost.reads
        sums.writes += cost.writes
        sums.calls += cost.calls
        sums.faults += 1 if fault else 0
        self._count(f"{vendor} {method} {path_shape(path)}")

    def _count(self, key: str) -> None:
        if key not in self._paths and len(self._paths) >= _PATHS:
            key = "other"
        self._paths[key] = self._paths.get(key, 0) + 1

    def totals(self, vendor: str) -> Totals:
        """Everything ever counted for a vendor (a copy)."""
        return self._totals.get(vendor, Totals()).minus(Totals())

    def paths(self) -> dict[str, int]:
        """Requests by `vendor METHOD path`, ids replaced by `{id}`."""
        return dict(self._paths)

    def mark(self) -> int:
        """A point in the log; `since(mark)` sums what came after it. The last 4,000 marks are remembered."""
        self._marks[self.seq] = {vendor: self.totals(vendor) for vendor in self._totals}
        self._marks.move_to_end(self.seq)
        while len(self._marks) > _MARKS:
            self._marks.popitem(last=False)
        return self.seq

    def since(self, mark: int, vendor: str = "") -> Totals:
        """Sums after `mark`, of one vendor or of all. Raises `UnknownMark`."""
        before = self._before(mark)
        names = [vendor] if vendor else list(self._totals)
        total = Totals()
        for name in names:
            sums = self.totals(name).minus(before.get(name, Totals()))
            total = sums if vendor else total.minus(Totals().minus(sums))
        return total

    def _before(self, mark: int) -> dict[str, Totals]:
        if mark == 0:
            return {}
        if mark not in self._marks:
            raise UnknownMark(f"no mark {mark}")
        return self._marks[mark]

    def after(self, mark: int, vendor: str = "") -> list[Entry]:
        """The kept entries after `mark`, oldest first."""
        return [e for e in self.entries if e.seq > mark and (not vendor or e.vendor == vendor)]


def path_shape(path: str) -> str:
    """The path with record ids replaced, so that counts stay few: `/x/invoice/17` -> `/x/invoice/{id}`."""
    return _ID.sub("/{id}", path)


def entry_view(entry: Entry) -> dict[str, Any]:
    """An entry as the control door shows it."""
    view: dict[str, Any] = msgspec.to_builtins(entry)
    view["milliseconds"] = round(entry.milliseconds, 3)
    return view
