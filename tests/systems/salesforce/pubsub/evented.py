"""The emulated org with its event bus behind real gRPC, and events made by hand."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import fastavro
import msgspec

from ml_connector.systems.salesforce.pubsub.client import Batch, Event, EventBus
from ml_connector.systems.salesforce.pubsub.events import Notice
from ml_emulators.pubsub import PubSub
from ml_emulators.pubsub.door import PubSubDoor

from ..emulated import EmulatedOrg

ALL = "/data/ChangeEvents"
ACCOUNT_ID = "001000000000001AAA"


class EventedOrg(EmulatedOrg):
    def __init__(self, door: Callable[[PubSub], PubSubDoor] = PubSubDoor) -> None:
        super().__init__()
        self.pubsub = PubSub(self.emulator, self.clock.virtual, keep=20_000)
        self.door = door(self.pubsub)
        self.open: list[EventBus] = []

    async def bus(self, **changed: str) -> EventBus:
        """A channel to the event bus; `changed` replaces parts of the session."""
        session = msgspec.structs.replace(await self.client.session(), **changed)
        self.open.append(EventBus(self.door.target, session, None))
        return self.open[-1]

    async def stream(self, after: bytes = b"", count: int = 100, topic: str = ALL) -> EventBus:
        bus = await self.bus()
        await bus.subscribe(topic, count, after)
        return bus

    async def settled(self, bus: EventBus, topic: str = ALL) -> EventBus:
        """A stream of which the server knows: what is changed from now on is told."""
        await bus.may_listen(topic)
        return bus


@asynccontextmanager
async def evented() -> AsyncIterator[EventedOrg]:
    org = EventedOrg()
    await org.door.start()
    try:
        yield org
    finally:
        for bus in org.open:
            await bus.close()
        await org.door.stop()


async def notices(bus: EventBus, batch: Batch) -> list[Notice]:
    return [await notice(bus, event) for event in batch.events]


async def notice(bus: EventBus, event: Event) -> Notice:
    return (await bus.schema(event.schema_id)).notice(event.payload)


HEADER: dict[str, Any] = {
    "entityName": "Account",
    "recordIds": [ACCOUNT_ID],
    "changeType": "UPDATE",
    "changeOrigin": "com/salesforce/api/rest/67.0;client=qb",
    "transactionKey": "k1",
    "sequenceNumber": 1,
    "commitTimestamp": 1767225600000,
    "commitNumber": 7,
    "commitUser": "005000000000001AAA",
    "nulledFields": [],
    "diffFields": [],
    "changedFields": [],
}
_TEXTS = {"type": "array", "items": "string"}
_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("recordIds", "nulledFields", "diffFields", "changedFields"), _TEXTS),
    **dict.fromkeys(("commitTimestamp", "commitNumber"), "long"),
    "sequenceNumber": "int",
    "changeType": {"type": "enum", "name": "ChangeType", "symbols": ["CREATE", "UPDATE", "DELETE", "GAP_OVERFLOW"]},
}


def schema(*fields: Any, name: str = "AccountChangeEvent") -> str:
    """A schema as the vendor writes them; `fields` follow the header."""
    header = [{"name": part, "type": _TYPES.get(part, "string")} for part in HEADER]
    first = {"name": "ChangeEventHeader", "type": {"type": "record", "name": "ChangeEventHeader", "fields": header}}
    return json.dumps({"type": "record", "name": name, "namespace": "com.sforce.eventbus", "fields": [first, *fields]})


def payload(text: str, body: Mapping[str, Any] | None = None, **header: Any) -> bytes:
    out = io.BytesIO()
    datum = {"ChangeEventHeader": {**HEADER, **header}, **(body or {})}
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(text)), datum)
    return out.getvalue()


def optional(name: str, kind: Any = "string") -> dict[str, Any]:
    return {"name": name, "type": ["null", kind], "default": None}
