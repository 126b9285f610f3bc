"""A connection that lives in virtual time and listens to the emulated event bus over real gRPC.

The clock is moved, the sockets deliver by themselves: whoever looks waits for a condition, and never for a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from ml_connector.app import App
from ml_connector.model.continuity import Hole
from ml_connector.service import continuity
from ml_connector.service.streams import StreamJob
from ml_connector.settings import Stream
from ml_connector.store.schema import task
from ml_emulators.pubsub import PubSub
from ml_emulators.pubsub.door import PubSubDoor

from .in_step import in_step
from .live import Act, Living
from .world import Installation

KEEP_ALIVE = 0.01
"""Of real time."""
_TRIES = 5_000


class Streaming(Living):
    """As `Living`; a stream that is open is heard before the clock goes on."""

    def __init__(self, home: Installation, door: PubSubDoor, **stream: Any) -> None:
        self.door = door
        home.settings = msgspec.structs.replace(home.settings, stream=Stream(target=door.target, **stream))
        super().__init__(home, home.process())

    @property
    def bus(self) -> PubSub:
        companion = self.home.emulation.companions["pubsub"]
        assert isinstance(companion, PubSub)
        return companion

    @property
    def stream(self) -> StreamJob:
        return job_of(self)

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(_TRIES):
            if condition():
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"it never came: {self.told[-3:]}")

    async def heard(self) -> None:
        """Until the stream has said something at this time of the clock, or is not open."""
        await self.until(self._is_heard)

    def _is_heard(self) -> bool:
        listener = self.stream._listener
        silent = self.bus.trouble.stalls > 0
        return listener is None or listener.ended is not None or silent or listener.heard_at >= self.now

    async def live_for(self, length: timedelta, *story: tuple[timedelta, Act]) -> None:
        async def heard() -> None:
            await self.heard()

        steps = [(timedelta(seconds=after), heard) for after in range(0, int(length.total_seconds()), 120)]
        await super().live_for(length, *story, *steps)
        await self.heard()
        while self.stream.next_at <= self.now:  # it was woken by how it ended
            await self.live.jobs.turn()
            await self.heard()

    async def well(self) -> None:
        """Until everything that the channel tells of is told."""
        for _ in range(200):
            await self.live_for(timedelta(seconds=10))
            if self.stream.covered:
                return
        raise AssertionError(f"the stream is not well: {self.told[-3:]}")

    def knocked(self) -> set[str]:
        """The records that tasks are due for."""
        store = self.home.store
        flows = [flow.name for flow in self.home.app.runtime.flows]
        due = [task for flow in flows for task in store.due(self.home.app.connection.id, flow, self.now, 100_000)]
        return {task.ref.id for task in due}

    def was_noticed(self, *ids: str) -> bool:
        """Whether each of these accounts has a task, served or not."""
        store, connection = self.home.store, self.home.app.connection.id
        names = [f"salesforce:Account:{record_id}" for record_id in ids]
        with store.begin() as tx:
            known = set(tx.execute(select(task.c.ref).where(task.c.connection == connection)).scalars())
        return known.issuperset(names)

    def holes(self) -> list[Hole]:
        return continuity.open_holes(self.live.app)

    def change(self, op: str, kind: str, **body: Any) -> str:
        """What a user of the screens does in Salesforce; the record's id."""
        record: dict[str, Any] = self.home.emulation.vendors["salesforce"].act({"op": op, "kind": kind, "body": body})
        return str(record["Id"])

    async def restart(self, app: App | None = None) -> None:
        """The process ends and a new one begins."""
        await self.live.jobs.close()
        self.started(app or self.home.process())


def job_of(living: Living) -> StreamJob:
    entry = living.live.jobs._entries["stream"]
    assert isinstance(entry.job, StreamJob)
    return entry.job


@asynccontextmanager
async def streaming(folder: Path, **stream: Any) -> AsyncIterator[Streaming]:
    """The tiny company in agreement, with its stream; `stream` are settings."""
    home = in_step(folder)
    companion = home.emulation.companions["pubsub"]
    assert isinstance(companion, PubSub)
    companion.switches.keepalive_seconds = KEEP_ALIVE
    door = PubSubDoor(companion)
    await door.start()
    living = Streaming(home, door, **stream)
    try:
        yield living
    finally:
        await living.live.jobs.close()
        await door.stop()
