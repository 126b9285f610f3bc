"""The bus's channels as the org's Tooling API sets them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ml_emulators.kit.control_bodies import BadOrder
from ml_emulators.salesforce.schema import SObject

from .bus import Bus
from .channels import MOST_CHANNELS
from .refusals import Refusal


class Selection:
    """Reads and changes the channels that the bus has at the moment."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def listed(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Channel -> object -> enriched fields."""
        return self._bus.channels.members

    def open(self, channel: str) -> None:
        """Make a custom channel without members. Raises `BadOrder` when there are too many."""
        if len(self._bus.channels.members) > MOST_CHANNELS:
            raise BadOrder(f"at most {MOST_CHANNELS} custom channels")
        self._bus.channels.members.setdefault(channel, {})

    def close(self, channel: str) -> None:
        """Remove a channel with all that was selected on it."""
        self._bus.channels.members.pop(channel, None)

    def select(self, kind: SObject, channel: str, enriched: tuple[str, ...]) -> None:
        """Raises `BadOrder` with what is wrong."""
        self._bus.channels.select(kind, channel, enriched)

    def deselect(self, kind: str, channel: str) -> None:
        """Take an object off a channel."""
        self._bus.channels.deselect(kind, channel)

    def delivered(self) -> int:
        """How many events API subscribers got within 24 hours."""
        return self._bus.usage.count(self._bus.clock.now())

    def schema(self, name: str) -> dict[str, Any] | None:
        """The schema of an event by its name or its id, with the id under `uuid`; None when there is none."""
        topic = self._bus.channels.topic(f"/data/{name}")
        try:
            schema_id = self._bus.topic(topic.name).schema_id if topic else name
            schema = self._bus.schema(schema_id)
        except Refusal:
            return None
        return {**msgspec.json.decode(schema.json), "uuid": schema.schema_id}
