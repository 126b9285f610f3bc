"""API calls in the last 24 hours, `/limits` and the header that tells about them (salesforce reference 3.1)."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any

from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.saving.custom_rules import storage_used
from ml_emulators.salesforce.world import World

from .allocations import ALLOCATIONS

_DAY = 24 * 60


class Usage:
    """Calls by minute, rolling over 24 hours."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, int]] = deque()
        self._total = 0

    def _forget(self, minute: int) -> None:
        while self._minutes and self._minutes[0][0] <= minute - _DAY:
            self._total -= self._minutes.popleft()[1]

    def count(self, now: datetime, calls: int = 0) -> int:
        """Add `calls` and say how many there were in the last 24 hours."""
        minute = int(now.timestamp()) // 60
        self._forget(minute)
        if calls:
            last = self._minutes[-1] if self._minutes else None
            if last is not None and last[0] == minute:
                self._minutes[-1] = (minute, last[1] + calls)
            else:
                self._minutes.append((minute, calls))
            self._total += calls
        return self._total

    def snapshot(self) -> tuple[tuple[tuple[int, int], ...], int]:
        """The counts by minute and their sum."""
        return tuple(self._minutes), self._total

    def restore(self, kept: tuple[tuple[tuple[int, int], ...], int]) -> None:
        """Back to a snapshot, which may be restored again."""
        self._minutes, self._total = deque(kept[0]), kept[1]


def check(world: World, used: int) -> None:
    """Refuse what is over the limits, when they are enforced. Raises REQUEST_LIMIT_EXCEEDED."""
    switches = world.switches
    if switches.refuse_concurrent > 0:
        switches.refuse_concurrent -= 1
        text = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        raise ApiError("REQUEST_LIMIT_EXCEEDED", text, status=switches.concurrent_status)
    most = world.org.daily_api_requests * (1 + switches.limit_excess)
    if switches.enforce_limits and used > most:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)


def header(world: World, used: int) -> str:
    """`api-usage=18/15000` of Sforce-Limit-Info: calls of the last 24 hours, and how many may be (reference 3.1)."""
    return f"api-usage={used}/{world.org.daily_api_requests}"


def limits(call: Call, used: dict[str, int]) -> Answer:
    """Every allocation; `used` says what of the counted ones is gone."""
    call.only("GET")
    most = ALLOCATIONS | {"DailyApiRequests": call.world.org.daily_api_requests}
    if call.world.switches.data_storage_mb is not None:
        most["DataStorageMB"] = call.world.switches.data_storage_mb
    used = used | {"DataStorageMB": storage_used(call.world)}
    shown: dict[str, dict[str, Any]]
    shown = {name: {"Max": allowed, "Remaining": max(0, allowed - used.get(name, 0))} for name, allowed in most.items()}
    shown["PermissionSets"] = {**shown["PermissionSets"], "CreateCustom": dict(shown["PermissionSets"])}
    return Answer(200, dict(sorted(shown.items())))


def record_count(call: Call) -> Answer:
    """`/limits/recordCount?sObjects=A,B`."""
    call.only("GET")
    tables = call.world.state.tables
    asked = [name.strip() for name in call.params.get("sObjects", "").split(",") if name.strip()]
    kinds = [kind for name in asked if (kind := call.world.schema.find(name))] if asked else None
    names = sorted(kind.name for kind in kinds) if kinds is not None else sorted(call.world.schema.objects)
    return Answer(200, {"sObjects": [{"count": len(tables[name].live), "name": name} for name in names]})
