"""Channels of change events, by the Tooling API, and how many events the org may still deliver (reference 3.2, 8.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ml_connector.model.errors import ReadRefused
from ml_connector.systems import wire

from .calls import Answer, Calls, page_of

EVENT = "ChangeEvent"
_MEMBERS = "SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember"
_THERE = ("DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE")


def event_of(kind: str) -> str:
    """`Account` -> `AccountChangeEvent`, `Thing__c` -> `Thing__ChangeEvent`."""
    return f"{kind.removesuffix('c') if kind.endswith('__c') else kind}{EVENT}"


async def members(calls: Calls, channel: str) -> frozenset[str] | None:
    """The kinds that a channel tells of; None where the user may not see that. Raises vendor errors."""
    try:
        rows, _ = page_of(await calls.get(f"{calls.base}/tooling/query?q={quote(_MEMBERS, safe='')}"))
    except ReadRefused:  # a user without the right to see Setup: None
        return None
    mine = [row.get("SelectedEntity") for row in rows if row.get("EventChannel") == channel]
    return frozenset(name.removesuffix(EVENT) for name in mine if isinstance(name, str))


async def make(calls: Calls, channel: str, kinds: Sequence[str]) -> ReadRefused | None:
    """Make a channel and select these kinds on it, as far as that is not done. Why not, where the org refuses."""
    label = channel.removesuffix("__chn")
    asked = [("PlatformEventChannel", channel, {"channelType": "data", "label": "QuickBooks sync"})]
    asked += [
        (
            "PlatformEventChannelMember",
            f"{label}_{event_of(kind)}",
            {"eventChannel": channel, "selectedEntity": event_of(kind)},
        )
        for kind in kinds
    ]
    for resource, name, metadata in asked:
        answer = await _create(calls, resource, {"FullName": name, "Metadata": metadata})
        error = None if answer.ok else answer.error()
        if error is not None and not (isinstance(error, ReadRefused) and error.code in _THERE):
            if isinstance(error, ReadRefused):
                return error
            raise error
    return None


async def _create(calls: Calls, resource: str, body: Mapping[str, Any]) -> Answer:
    return await calls.send("POST", f"{calls.base}/tooling/sobjects/{resource}", wire.encode(dict(body)), writes=True)


async def deliveries(calls: Calls) -> tuple[int, int] | None:
    """Events that the org may deliver in 24 hours, and how many of them are left; None where it does not say."""
    try:
        body = await calls.get(f"{calls.base}/limits")
    except ReadRefused:  # a user without the right to see Setup: None
        return None
    figures = body.get("DailyDeliveredPlatformEvents") if isinstance(body, Mapping) else None
    most, left = (figures.get("Max"), figures.get("Remaining")) if isinstance(figures, Mapping) else (None, None)
    return (most, left) if isinstance(most, int) and isinstance(left, int) else None
