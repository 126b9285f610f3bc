"""One stream of change events over gRPC (salesforce reference 5): how it is opened, what it says, how it ends.

It keeps no time and no position. Whoever reads it watches the clock, stores what it brings, and then asks for more:
so no more is ever under way than can be taken in.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import msgspec
from google.protobuf.message import DecodeError

from ml_connector.systems.salesforce.auth import Session

from . import messages
from .events import BadEvent, EventSchema
from .faults import Cause, StreamEnded, ended

MOST = 100
"""Events that may be owed at once; the server clamps what is above (reference 3.3)."""
_MOST_BYTES = 8 * 1024 * 1024
"""A response holds up to about 3 MB (reference 3.3)."""
_OPTIONS = (
    ("grpc.max_receive_message_length", _MOST_BYTES),
    ("grpc.enable_retries", 0),
)
"""Opening again is the business of who reads the stream.

No pings: a server that got no data from us for so long takes a third one within 5 minutes for abuse, and ends the
stream (too_many_pings). It speaks every 270 seconds itself, and a stream that is silent for longer is opened anew.
"""


class Event(msgspec.Struct, frozen=True):
    """One event, still sealed in its schema."""

    uuid: str
    schema_id: str
    payload: bytes
    replay_id: bytes


class Batch(msgspec.Struct, frozen=True):
    """What one response says; without events it is a keep-alive. `pending`: events that are still owed."""

    events: tuple[Event, ...]
    latest: bytes
    pending: int


class EventBus:
    """A channel to the event bus for one session. `tls` is None for plain text, else the authorities (blank: usual)."""

    def __init__(self, target: str, session: Session, tls: bytes | None = b"") -> None:
        self._metadata = (
            ("accesstoken", session.token),
            ("instanceurl", session.instance_url),
            ("tenantid", session.org_id),
        )
        self._channel = _channel(target, tls)
        self._call: Any = None

    async def subscribe(self, topic: str, count: int, after: bytes = b"") -> None:
        """Open the stream: from now on, or strictly after a position, with up to `count` events owed.

        Nothing is answered until there is something to say. Raises `StreamEnded`.
        """
        rpc: Any = self._channel.stream_stream(f"/{messages.SERVICE}/Subscribe", request_serializer=_bytes_of)
        self._call = rpc(metadata=self._metadata)
        preset = messages.CUSTOM if after else messages.LATEST
        await self._write(
            messages.FetchRequest(topic_name=topic, replay_preset=preset, replay_id=after, num_requested=count)
        )

    async def more(self, topic: str, count: int) -> None:
        """Ask for so many more events; requests add up (reference 5.4). Raises `StreamEnded`."""
        await self._write(messages.FetchRequest(topic_name=topic, num_requested=count))

    async def _write(self, request: Any) -> None:
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError) as error:
            raise await self._end(error) from None

    async def next(self) -> Batch:
        """The next response, however long it takes. Raises `StreamEnded`."""
        try:
            answer = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise _ended(error) from None
        if answer is grpc.aio.EOF:
            raise StreamEnded(Cause.AGAIN, "", "OK")
        return _batch(answer)

    async def _end(self, error: Exception) -> StreamEnded:
        """Why a stream takes no more requests: its own end says it."""
        if isinstance(error, grpc.aio.AioRpcError):
            return _ended(error)
        status = await self._call.code()
        return ended(status.name, await self._call.trailing_metadata() or ())

    async def schema(self, schema_id: str) -> EventSchema:
        """The schema that an event was written with. Raises `StreamEnded` or `BadEvent`."""
        answer = await self._ask("GetSchema", messages.SchemaRequest(schema_id=schema_id))
        return EventSchema(_decoded(messages.SchemaInfo, answer).schema_json)

    async def may_listen(self, topic: str) -> bool:
        """Whether this user may subscribe to a topic that is there. Raises `StreamEnded`."""
        answer = await self._ask("GetTopic", messages.TopicRequest(topic_name=topic))
        return bool(_decoded(messages.TopicInfo, answer).can_subscribe)

    async def _ask(self, rpc: str, request: Any) -> bytes:
        call: Any = self._channel.unary_unary(f"/{messages.SERVICE}/{rpc}", request_serializer=_bytes_of)
        try:
            answer: bytes = await call(request, metadata=self._metadata, timeout=60)
        except grpc.aio.AioRpcError as error:
            raise _ended(error) from None
        return answer

    async def close(self) -> None:
        """End the stream and the channel; may be called twice."""
        if self._call is not None:
            self._call.cancel()
        await self._channel.close()


def _channel(target: str, tls: bytes | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(tls or None), options=_OPTIONS)


def authorities(ca_file: Path | None) -> bytes:
    """The usual authorities with more (PEM), as `EventBus` takes them; blank for the usual ones alone."""
    if ca_file is None:
        return b""
    usual = ssl.get_default_verify_paths().cafile
    return (Path(usual).read_bytes() if usual else b"") + ca_file.read_bytes()


def _bytes_of(request: Any) -> bytes:
    encoded: bytes = request.SerializeToString()
    return encoded


def _decoded(kind: Any, answer: bytes) -> Any:
    try:
        return kind.FromString(answer)
    except DecodeError:
        raise BadEvent("an answer of its event bus") from None


def _batch(answer: bytes) -> Batch:
    said = _decoded(messages.FetchResponse, answer)
    events = [
        Event(event.event.id, event.event.schema_id, event.event.payload, event.replay_id) for event in said.events
    ]
    return Batch(tuple(events), said.latest_replay_id, max(0, said.pending_num_requested))


def _ended(error: grpc.aio.AioRpcError) -> StreamEnded:
    trailers: Mapping[str, Any] = dict(error.trailing_metadata() or ())
    return ended(error.code().name, trailers.items())
