"""One opened stream: which channel, from where, and a task that reads it until it ends (salesforce reference 5.4, 6.7).

Each batch is stored with the position behind it in one transaction; only then more is asked for. So a process that dies
anywhere is told again what it had not stored, and nobody is sent more than the store can take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from ml_connector.clock import Clock
from ml_connector.systems.salesforce.channels import event_of
from ml_connector.systems.salesforce.pubsub.events import BadEvent, EventSchema, Notice
from ml_connector.systems.salesforce.pubsub.faults import Cause, StreamEnded
from ml_connector.systems.salesforce.pubsub.position import Position

MOST = 100
"""Events that may be owed at once; the server clamps what is above (reference 3.3)."""
STANDARD, OWN = "ChangeEvents", "QboSync__chn"


class Event(Protocol):
    """One event, as a bus hands it on."""

    @property
    def schema_id(self) -> str:
        """The schema that it was written with."""

    @property
    def payload(self) -> bytes:
        """Its datum."""

    @property
    def replay_id(self) -> bytes:
        """The position behind it."""


class Batch(Protocol):
    """What one response says; without events it is a keep-alive."""

    @property
    def events(self) -> tuple[Event, ...]:
        """In their order."""

    @property
    def latest(self) -> bytes:
        """A position that may lie beyond the last event."""

    @property
    def pending(self) -> int:
        """Events that are still owed."""


class Bus(Protocol):
    """The event bus for one session. Every method may raise `StreamEnded`."""

    async def subscribe(self, topic: str, count: int, after: bytes = b"") -> None:
        """Open the stream: from now on, or strictly after a position."""

    async def more(self, topic: str, count: int) -> None:
        """Ask for so many more events."""

    async def next(self) -> Batch:
        """The next response, however long it takes."""

    async def schema(self, schema_id: str) -> EventSchema:
        """The schema of that id. May raise `BadEvent`."""

    async def may_listen(self, topic: str) -> bool:
        """Whether this user may subscribe to it."""

    async def close(self) -> None:
        """End it; may be called twice."""


class Told(msgspec.Struct, frozen=True):
    """A batch as it was read: what its events say, how many could not be read, and the position behind them."""

    notices: tuple[Notice, ...]
    unread: int
    count: int
    replay: bytes


Take = Callable[[Told], None]
Members = Callable[[str], Awaitable[frozenset[str] | None]]


async def channel_of(bus: Bus, wished: str) -> str:
    """The channel that is wished for; without a wish our own where the org has it, else the standard one."""
    if wished:
        return wished
    return OWN if await _is_there(bus, f"/data/{OWN}") is not None else STANDARD


async def _is_there(bus: Bus, topic: str) -> bool | None:
    """Whether the user may listen to a topic; None where there is no such topic."""
    try:
        return await bus.may_listen(topic)
    except StreamEnded as end:
        if end.cause is Cause.SETUP:
            return None
        raise


async def told_kinds(bus: Bus, channel: str, kinds: frozenset[str], members: Members) -> frozenset[str]:
    """Those of these kinds that a stream on this channel is sure to tell of.

    A channel of several objects takes everybody and then leaves out what the user may not see, without a word: so each
    object is asked about by its own topic, which exists while it is selected on the standard channel. These questions
    cost no API calls.
    """
    rights = {kind: await _is_there(bus, f"/data/{event_of(kind)}") for kind in sorted(kinds)}
    if channel == STANDARD:
        return frozenset(kind for kind, right in rights.items() if right)
    selected = await members(channel) or frozenset()
    return frozenset(kind for kind, right in rights.items() if kind in selected and right is not False)


class Listener:
    """A stream with the task that reads it. `ended` says why it ended; `wake` is called then, and when it begins."""

    def __init__(
        self,
        bus: Bus,
        position: Position,
        schemas: dict[str, EventSchema],
        clock: Clock,
        take: Take,
        wake: Callable[[], None],
    ) -> None:
        self.bus = bus
        self.heard_at = clock.now()
        self.heard = False
        self.ended: Exception | None = None
        self._position = position
        self._schemas = schemas
        self._clock = clock
        self._take = take
        self._wake = wake
        self._task = asyncio.create_task(self._run())

    def silent_since(self, patience: timedelta) -> datetime | None:
        """Since when it has said nothing, if that is longer than `patience`."""
        return self.heard_at if self._clock.now() - self.heard_at >= patience else None

    async def _run(self) -> None:
        try:
            await self._read()
        except Exception as error:  # noqa: BLE001  # whoever looks after the stream decides, and raises what is none of ours
            self.ended = error
            self._wake()

    async def _read(self) -> None:
        topic = self._position.topic
        await self.bus.subscribe(topic, MOST, bytes.fromhex(self._position.replay))
        while True:
            batch = await self.bus.next()
            self._take(await self._told(batch))
            self._is_heard()
            if batch.pending <= MOST // 2:
                await self.bus.more(topic, MOST - batch.pending)

    def _is_heard(self) -> None:
        self.heard_at = self._clock.now()
        if not self.heard:
            self.heard = True
            self._wake()

    async def _told(self, batch: Batch) -> Told:
        notices = [notice for event in batch.events if (notice := await self._notice(event))]
        replay = batch.events[-1].replay_id if batch.events else batch.latest
        count = len(batch.events)
        return Told(tuple(notices), count - len(notices), count, replay)

    async def _notice(self, event: Event) -> Notice | None:
        """What an event says; None where it cannot be read. The same bytes would come again: a sweep finds it."""
        try:
            if event.schema_id not in self._schemas:
                self._schemas[event.schema_id] = await self.bus.schema(event.schema_id)
            return self._schemas[event.schema_id].notice(event.payload)
        except BadEvent:
            return None
        except StreamEnded as end:
            if end.cause is Cause.SCHEMA:
                return None
            raise

    async def close(self) -> None:
        """End the task and the stream."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):  # that is what was asked for
            await self._task
        await self.bus.close()
