"""The Pub/Sub API as a gRPC server on loopback: messages in and out, waiting, and the refusals' trailers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import grpc

from ml_emulators.kit import emulator_faults
from ml_emulators.kit.log import RequestLog
from ml_emulators.kit.shell import LOOPBACK, reserved
from ml_emulators.kit.wire import Cost

from . import messages
from .refusals import Refusal
from .service import Produced, PubSub
from .subscription import Batch, Ended, Fetch, Subscription

_STREAMS = 1_000
_LOOK_SECONDS = 0.1
_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_concurrent_streams", _STREAMS),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
_FREE = Cost()
_HTTP = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "INVALID_ARGUMENT": 400,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "UNIMPLEMENTED": 501,
}
Context = grpc.aio.ServicerContext[Any, Any]


class PubSubDoor:
    """One server on 127.0.0.1. `port` 0 takes a free one. `log` gets one line a call, at no cost.

    `tls` is key and certificate (PEM); without it the server speaks plain HTTP/2.
    """

    def __init__(
        self,
        pubsub: PubSub,
        port: int = 0,
        *,
        log: RequestLog | None = None,
        tls: tuple[bytes, bytes] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = port
        self._pubsub = pubsub
        self._log = log
        self._tls = tls
        self._monotonic = monotonic
        self._server: grpc.aio.Server | None = None
        self._bells: set[_Bell] = set()

    @property
    def target(self) -> str:
        """`host:port`, as gRPC clients take it."""
        return f"{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises `OSError` when the port is taken."""
        reserved(self.port).close()
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(messages.SERVICE, self._handlers()),))
        try:
            self.port = self._listen(server)
        except RuntimeError as error:
            raise OSError(f"port {self.port}: {error}") from error
        self._pubsub.bus.on_news.append(self._ring)
        await server.start()
        self._server = server

    def _listen(self, server: grpc.aio.Server) -> int:
        if self._tls is None:
            return server.add_insecure_port(self.target)
        return server.add_secure_port(self.target, grpc.ssl_server_credentials([self._tls]))

    async def stop(self) -> None:
        """End all streams and the server; a door that was not started may be stopped."""
        if self._server is not None:
            self._pubsub.bus.on_news.remove(self._ring)
            await self._server.stop(None)
            self._server = None

    def _ring(self) -> None:
        for bell in tuple(self._bells):
            bell.ring()

    def _handlers(self) -> dict[str, Any]:
        work: dict[str, Callable[..., Any]] = {
            "Subscribe": self._subscribe,
            "GetSchema": self._get_schema,
            "GetTopic": self._get_topic,
            "Publish": self._publish,
            "PublishStream": self._publish_stream,
            "ManagedSubscribe": self._managed,
        }
        return {rpc: self._handler(rpc, call) for rpc, call in work.items()}

    def _handler(self, rpc: str, work: Callable[..., Any]) -> Any:
        takes, _, how = messages.RPCS[rpc]
        make = grpc.stream_stream_rpc_method_handler if how == "stream" else grpc.unary_unary_rpc_method_handler

        async def handle(request: Any, context: Context) -> Any:
            call = _Call(rpc, self._pubsub.rpc_id(), context)
            try:
                token = self._pubsub.enter(rpc, _metadata(context))
                self._note(rpc, 200)
                return await work(request, context, call, token)
            except Refusal as refusal:
                self._note(rpc, _HTTP.get(refusal.status, 500))
                return await call.refuse(refusal)
            except grpc.aio.BaseError:  # a call that was ended on purpose, or whose caller has gone
                raise
            except Exception as error:  # noqa: BLE001  # whatever else it is, it is a mistake of ours
                emulator_faults.report(error, f"pubsub {rpc}")
                self._note(rpc, emulator_faults.STATUS, emulator_faults.LABEL)
                return await call.fault(error)

        return make(
            handle,
            request_deserializer=messages.message(takes).FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )

    def _note(self, rpc: str, status: int, fault: str = "") -> None:
        if self._log is not None:
            now: datetime = self._pubsub.bus.clock.now()
            self._log.add(now, "pubsub", "GRPC", f"/{messages.SERVICE}/{rpc}", "", status, _FREE, fault)

    async def _get_topic(self, request: Any, _context: Context, call: _Call, _token: str) -> Any:
        facts = self._pubsub.get_topic(request.topic_name)
        return messages.TopicInfo(
            topic_name=facts.name,
            tenant_guid=facts.tenant,
            can_publish=facts.can_publish,
            can_subscribe=facts.can_subscribe,
            schema_id=facts.schema_id,
            rpc_id=call.rpc_id,
        )

    async def _get_schema(self, request: Any, _context: Context, call: _Call, _token: str) -> Any:
        schema = self._pubsub.get_schema(request.schema_id)
        return messages.SchemaInfo(schema_json=schema.json, schema_id=schema.schema_id, rpc_id=call.rpc_id)

    async def _publish(self, request: Any, _context: Context, call: _Call, _token: str) -> Any:
        return self._published(request.topic_name, request, call)

    def _published(self, topic: str, request: Any, call: _Call) -> Any:
        given = [Produced(event.id, event.schema_id, event.payload) for event in request.events]
        schema_id, results = self._pubsub.publish(topic, given)
        answers = [
            messages.PublishResult(
                replay_id=result.replay_id,
                correlation_key=result.key,
                error=messages.Error(code=messages.PUBLISH_ERROR, msg=result.error) if result.error else None,
            )
            for result in results
        ]
        return messages.PublishResponse(results=answers, schema_id=schema_id, rpc_id=call.rpc_id)

    async def _publish_stream(self, requests: AsyncIterator[Any], context: Context, call: _Call, _token: str) -> None:
        topic = ""
        while True:
            request = await self._next_publish(requests)
            if request is None:
                return
            if topic and request.topic_name not in ("", topic):
                raise Refusal("publish.topic.mismatch")
            topic = topic or request.topic_name
            await context.write(self._published(topic, request, call))

    async def _next_publish(self, requests: AsyncIterator[Any]) -> Any:
        """The next request, None at the end. Raises the `Refusal` of a stream that was left alone."""
        try:
            async with asyncio.timeout(self._pubsub.switches.publish_idle_seconds):
                return await anext(requests, None)
        except TimeoutError:
            raise Refusal("publish.stream.sweeper.timeout") from None

    async def _managed(self, _requests: Any, context: Context, call: _Call, _token: str) -> None:
        text = f"Managed subscriptions are not available. rpcId: {call.rpc_id}"
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)

    async def _subscribe(self, requests: AsyncIterator[Any], context: Context, call: _Call, token: str) -> None:
        stream = _Stream(self._pubsub.subscription(token), self._monotonic)
        self._bells.add(stream.bell)
        listening = asyncio.create_task(stream.listen(requests))
        try:
            with contextlib.suppress(Ended):  # the client has gone, or its time is over
                await self._send(stream, lambda batch: context.write(_response(batch, call.rpc_id)))
        finally:
            self._bells.discard(stream.bell)
            listening.cancel()

    async def _send(self, stream: _Stream, write: Callable[[Batch], Awaitable[None]]) -> None:
        """Responses as they come due, until the client has ended the stream. Raises `Refusal` or `Ended`."""
        while not stream.over:
            stream.bell.clear()
            batch = stream.take()
            if batch is not None:
                await write(batch)
            elif not stream.over:
                await stream.bell.wait(self._patience(stream.due_in()))

    def _patience(self, due: float | None) -> float | None:
        """What depends on the virtual clock is looked for again and again."""
        if not (self._pubsub.bus.held_back or self._pubsub.switches.expire_streams):
            return due
        return _LOOK_SECONDS if due is None else min(due, _LOOK_SECONDS)


class _Bell:
    """Wakes one stream; may be rung from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._rung = False

    def ring(self) -> None:
        if not self._rung:
            self._rung = True
            self._loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        self._event.clear()
        self._rung = False

    async def wait(self, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):  # whoever waits looks by himself what time it is
            async with asyncio.timeout(seconds):
                await self._event.wait()


class _Stream:
    """A subscription together with the task that reads its requests."""

    def __init__(self, subscription: Subscription, monotonic: Callable[[], float]) -> None:
        self.bell = _Bell()
        self.over = False
        self._subscription = subscription
        self._monotonic = monotonic
        self._error: Exception | None = None

    async def listen(self, requests: AsyncIterator[Any]) -> None:
        try:
            async for request in requests:
                self._subscription.ask(_fetch(request), self._monotonic())
                self.bell.ring()
            self.over = True
        except Exception as error:  # noqa: BLE001  # a refusal or a mistake of ours: whoever sends ends the stream with it
            self._error = error
        self.bell.ring()

    def take(self) -> Batch | None:
        if self._error is not None:
            raise self._error
        return self._subscription.take(self._monotonic())

    def due_in(self) -> float | None:
        return self._subscription.due_in(self._monotonic())


class _Call:
    """One call in progress: its id, and how it is refused."""

    def __init__(self, rpc: str, rpc_id: str, context: Context) -> None:
        self.rpc = rpc
        self.rpc_id = rpc_id
        self._context = context

    async def refuse(self, refusal: Refusal) -> None:
        status = grpc.StatusCode[refusal.status]
        if not refusal.code:
            await self._context.abort(status, "Stream removed")
        trailers = (("error-code", refusal.full_code), ("rpc-id", self.rpc_id))
        await self._context.abort(status, f"{refusal.message} rpcId: {self.rpc_id}", trailing_metadata=trailers)

    async def fault(self, error: Exception) -> None:
        """INTERNAL, with a trailer that no refusal of the vendor has."""
        trailers = ((emulator_faults.HEADER.lower(), error.__class__.__name__), ("rpc-id", self.rpc_id))
        await self._context.abort(grpc.StatusCode.INTERNAL, emulator_faults.MESSAGE, trailing_metadata=trailers)


def _metadata(context: Context) -> dict[str, str]:
    pairs = context.invocation_metadata() or ()
    return {str(key): value if isinstance(value, str) else "" for key, value in pairs}


def _fetch(request: Any) -> Fetch:
    return Fetch(request.topic_name, request.replay_preset, request.replay_id, request.num_requested)


def _response(batch: Batch, rpc_id: str) -> Any:
    events = [
        messages.ConsumerEvent(
            event=messages.ProducerEvent(id=event.uuid, schema_id=event.schema_id, payload=event.payload),
            replay_id=event.replay_id,
        )
        for event in batch.events
    ]
    return messages.FetchResponse(
        events=events, latest_replay_id=batch.latest, rpc_id=rpc_id, pending_num_requested=batch.pending
    )
