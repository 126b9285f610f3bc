"""The same over sockets: real gRPC calls with grpc.aio."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from ml_emulators.kit.log import RequestLog
from ml_emulators.pubsub import Delivered, messages
from ml_emulators.pubsub.codec import datum_bytes
from ml_emulators.pubsub.door import PubSubDoor

from .event_org import ALL, CUSTOM, EARLIEST, LATEST, EventOrg, Seen, read

PREFIX = "sfdc.platform.eventbus.grpc."


class Client:
    """A plain client made from the field table's messages."""

    def __init__(self, channel: grpc.aio.Channel, org: EventOrg) -> None:
        self.channel = channel
        self.org = org
        self.metadata = [
            ("accesstoken", org.token),
            ("instanceurl", "https://acme.example"),
            ("tenantid", org.pubsub.bus.org_id),
        ]

    def method(self, rpc: str) -> Any:
        takes, gives, how = messages.RPCS[rpc]
        make = self.channel.stream_stream if how == "stream" else self.channel.unary_unary
        return make(
            f"/eventbus.v1.PubSub/{rpc}",
            request_serializer=messages.message(takes).SerializeToString,
            response_deserializer=messages.message(gives).FromString,
        )

    async def ask(self, rpc: str, **fields: Any) -> Any:
        return await self.method(rpc)(messages.message(messages.RPCS[rpc][0])(**fields), metadata=self.metadata)

    def open(self, rpc: str = "Subscribe") -> Any:
        return self.method(rpc)(metadata=self.metadata)

    async def subscribe(self, topic: str = ALL, preset: int = EARLIEST, count: int = 10, replay_id: bytes = b"") -> Any:
        call = self.open()
        await call.write(fetch(topic, preset, count, replay_id))
        return call

    async def schema(self, schema_id: str) -> str:
        return str((await self.ask("GetSchema", schema_id=schema_id)).schema_json)

    async def seen(self, response: Any) -> list[Seen]:
        return [read(delivered(event), await self.schema(event.event.schema_id)) for event in response.events]


def fetch(topic: str = "", preset: int = LATEST, count: int = 1, replay_id: bytes = b"") -> Any:
    return messages.FetchRequest(topic_name=topic, replay_preset=preset, num_requested=count, replay_id=replay_id)


def delivered(event: Any) -> Delivered:
    return Delivered(event.event.id, event.event.schema_id, event.event.payload, event.replay_id)


@pytest.fixture
async def door(org: EventOrg) -> AsyncIterator[PubSubDoor]:
    door = PubSubDoor(org.pubsub, log=RequestLog())
    await door.start()
    yield door
    await door.stop()


@pytest.fixture
async def client(org: EventOrg, door: PubSubDoor) -> AsyncIterator[Client]:
    async with grpc.aio.insecure_channel(door.target) as channel:
        yield Client(channel, org)


async def failure(call: Any) -> tuple[grpc.StatusCode, str]:
    """Status and error code; the message and the trailers name the same rpc id."""
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    error = failed.value
    trailers = dict(error.trailing_metadata() or ())
    code = str(trailers.get("error-code", ""))
    assert bool(code) == ("error-code" in trailers)
    if code:
        assert str(error.details()).endswith(f"rpcId: {trailers['rpc-id']!s}")
        assert code.startswith(PREFIX)
    return error.code(), code.removeprefix(PREFIX)


async def test_topics_and_schemas(client: Client) -> None:
    topic = await client.ask("GetTopic", topic_name="/data/AccountChangeEvent")
    info = await client.ask("GetSchema", schema_id=topic.schema_id)
    assert (topic.topic_name, topic.can_publish, topic.can_subscribe) == ("/data/AccountChangeEvent", False, True)
    assert (info.schema_id, info.schema_json[:38]) == (topic.schema_id, '{"type":"record","name":"AccountChange')
    assert len({topic.rpc_id, info.rpc_id, ""}) == 3


async def test_changes_arrive_while_the_stream_is_open(client: Client, org: EventOrg) -> None:
    first = org.account(Name="Acme")
    call = await client.subscribe(count=3)
    early = await call.read()
    second = org.account(Name="Apex")
    late = await call.read()
    told = [*(await client.seen(early)), *(await client.seen(late))]
    assert [event.header["recordIds"][0] for event in told] == [first, second]
    assert [early.pending_num_requested, late.pending_num_requested] == [2, 1]
    assert late.latest_replay_id == late.events[-1].replay_id
    call.cancel()
    again = await client.subscribe(preset=CUSTOM, replay_id=early.latest_replay_id)
    assert [event.body["Name"] for event in await client.seen(await again.read())] == ["Apex"]
    again.cancel()


async def test_keepalives_come_by_themselves(client: Client, org: EventOrg) -> None:
    org.bus_switches.keepalive_seconds = 0.05
    call = await client.subscribe(preset=LATEST)
    keepalive = await call.read()
    assert (list(keepalive.events), keepalive.pending_num_requested) == ([], 10)
    assert len(keepalive.latest_replay_id) == 10
    call.cancel()


async def test_closed_when_nothing_is_owed_for_too_long(client: Client, org: EventOrg) -> None:
    org.bus_switches.idle_close_seconds = 0.05
    org.account()
    call = await client.subscribe(count=1)
    assert len((await call.read()).events) == 1
    assert await call.read() == grpc.aio.EOF
    assert await call.code() == grpc.StatusCode.OK


async def test_the_client_ends_the_stream(client: Client) -> None:
    call = await client.subscribe(preset=LATEST)
    await call.done_writing()
    assert await call.read() == grpc.aio.EOF
    assert await call.code() == grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (("/data/NoChangeEvent", LATEST, 1), grpc.StatusCode.NOT_FOUND, "topic.not.found"),
        ((ALL, LATEST, 0), grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.requested.events.invalid"),
        ((ALL, CUSTOM, 1, b"x"), grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted"),
        ((ALL, CUSTOM, 1), grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.validation.failed"),
    ],
)
async def test_refused_streams(client: Client, given: Any, status: grpc.StatusCode, code: str) -> None:
    call = client.open()
    await call.write(fetch(*given))
    assert await failure(call.read()) == (status, code)


async def test_another_topic_in_a_later_request(client: Client) -> None:
    call = await client.subscribe(preset=LATEST)
    await call.write(fetch("/data/OrderChangeEvent"))
    assert await failure(call.read()) == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.topic.mismatch")


async def test_without_a_good_token(client: Client, org: EventOrg) -> None:
    client.metadata = client.metadata[1:]
    assert (await failure(client.ask("GetTopic", topic_name=ALL)))[1] == "service.auth.headers.invalid"
    client.metadata = [("accesstoken", "old"), *client.metadata]
    assert await failure(client.ask("GetTopic", topic_name=ALL)) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "service.auth.error",
    )
    assert await failure(client.open().read()) == (grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")


async def test_an_expired_session_ends_only_what_is_new(client: Client, org: EventOrg) -> None:
    call = await client.subscribe(preset=LATEST)
    await client.ask("GetTopic", topic_name=ALL)
    org.act("kill_sessions", "")
    org.act("create", "Account", Name="Acme")
    assert len((await call.read()).events) == 1
    assert (await failure(client.ask("GetTopic", topic_name=ALL)))[1] == "service.auth.error"
    call.cancel()


async def test_trouble_reaches_running_streams(client: Client, org: EventOrg) -> None:
    trouble = org.pubsub.trouble
    for code in ("service.unavailable", ""):
        call = await client.subscribe(preset=LATEST)
        await client.ask("GetTopic", topic_name=ALL)
        trouble.break_streams(code)
        assert await failure(call.read()) == (grpc.StatusCode.UNAVAILABLE, code)
    trouble.refuse("service.unavailable", "Subscribe")
    assert await failure(client.open().read()) == (grpc.StatusCode.UNAVAILABLE, "service.unavailable")


async def test_delayed_events_come_when_the_clock_says_so(client: Client, org: EventOrg) -> None:
    org.pubsub.trouble.plan("delay", seconds=60)
    call = await client.subscribe(preset=LATEST)
    await client.ask("GetTopic", topic_name=ALL)
    org.account()
    waiting = asyncio.ensure_future(call.read())
    await client.ask("GetTopic", topic_name=ALL)
    assert not waiting.done()
    org.tick(60)
    assert len((await waiting).events) == 1
    call.cancel()


async def test_publishing(client: Client, org: EventOrg) -> None:
    topic, schema = "/event/Done__e", org.pubsub.bus.define_event("Done__e", ["Text__c"])
    payload = datum_bytes(schema, {"CreatedDate": 1, "CreatedById": "005", "Text__c": "done"})
    event = messages.ProducerEvent(id="u-1", schema_id=schema.schema_id, payload=payload)
    answer = await client.ask("Publish", topic_name=topic, events=[event])
    stream = client.open("PublishStream")
    await stream.write(messages.PublishRequest(topic_name=topic, events=[event]))
    await stream.write(messages.PublishRequest(events=[messages.ProducerEvent(schema_id="x")]))
    first, second = await stream.read(), await stream.read()
    assert [each.results[0].correlation_key for each in (answer, first)] == ["u-1", "u-1"]
    assert (second.results[0].error.code, bool(second.results[0].error.msg)) == (messages.PUBLISH_ERROR, True)
    await stream.write(messages.PublishRequest(topic_name="/event/Other__e", events=[event]))
    assert (await failure(stream.read()))[1] == "publish.topic.mismatch"
    call = await client.subscribe(topic)
    assert [each.event.payload for each in (await call.read()).events] == [payload, payload]
    call.cancel()


async def test_a_publish_stream_left_alone_is_swept(client: Client, org: EventOrg) -> None:
    org.bus_switches.publish_idle_seconds = 0.05
    assert (await failure(client.open("PublishStream").read()))[1] == "publish.stream.sweeper.timeout"


async def test_managed_subscriptions_are_not_there(client: Client) -> None:
    assert (await failure(client.open("ManagedSubscribe").read()))[0] == grpc.StatusCode.UNIMPLEMENTED


async def test_two_subscribers_both_get_everything(client: Client, org: EventOrg) -> None:
    calls = [await client.subscribe(count=5) for _ in range(2)]
    org.account()
    answers = [await call.read() for call in calls]
    assert [len(answer.events) for answer in answers] == [1, 1]
    assert org.pubsub.view()["delivered"] == 2
    for call in calls:
        call.cancel()


async def test_calls_are_in_the_log_and_cost_nothing(org: EventOrg) -> None:
    log = RequestLog()
    door = PubSubDoor(org.pubsub, log=log)
    await door.start()
    async with grpc.aio.insecure_channel(door.target) as channel:
        client = Client(channel, org)
        await client.ask("GetTopic", topic_name=ALL)
        await failure(client.ask("GetTopic", topic_name="no"))
    await door.stop()
    assert [(entry.path, entry.status) for entry in log.entries][-1] == ("/eventbus.v1.PubSub/GetTopic", 404)
    assert log.totals("pubsub").calls == 0


async def test_a_taken_port_is_said(org: EventOrg) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await PubSubDoor(org.pubsub, taken.getsockname()[1]).start()
