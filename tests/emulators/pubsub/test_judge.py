"""A public client of the Pub/Sub API, used as its own documentation says, as a judge of this server.

It signs in by SOAP and insists on TLS; only its channel and its metadata are replaced.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pysfpubsub  # type: ignore[import-untyped]  # the package brings no types
import pytest
from pysfpubsub import pubsub_api_pb2 as wire
from pysfpubsub import pubsub_api_pb2_grpc as stubs

from ml_emulators.pubsub import messages
from ml_emulators.pubsub.door import PubSubDoor

from .event_org import ALL, CUSTOM, EARLIEST, EventOrg, field_names


class Judge:
    """The public client, and what its callback saw."""

    def __init__(self, org: EventOrg, target: str) -> None:
        self.client = pysfpubsub.Client("https://acme.example", "user", "secret", "127.0.0.1", 1)
        self.channel = grpc.insecure_channel(target)
        self.client.stub = stubs.PubSubStub(self.channel)
        self.client.metadata = (
            ("accesstoken", org.token),
            ("instanceurl", "https://acme.example"),
            ("tenantid", org.pubsub.bus.org_id),
        )
        self.decoded: list[dict[str, Any]] = []
        self.changed: list[set[str]] = []
        self.replay_ids: list[bytes] = []

    def listen(self, topic: str, preset: str, replay_id: bytes, most: int) -> None:
        """Its subscribe loop, one event a request, until `most` events were seen."""

        def process(answer: Any, client: Any) -> None:
            for event in answer.events:
                schema = client.get_schema_json(event.event.schema_id)
                self.decoded.append(client.decode(schema, event.event.payload))
                self.changed.append(_changed(schema, self.decoded[-1]))
                self.replay_ids.append(event.replay_id)
            if len(self.decoded) >= most:
                self.channel.close()
            elif answer.pending_num_requested == 0:
                client.release_subscription_semaphore()

        with pytest.raises(grpc.RpcError):
            self.client.subscribe(topic, preset, replay_id, 1, process)
        self.client.release_subscription_semaphore()


def _changed(schema: str, decoded: dict[str, Any]) -> set[str]:
    return field_names(json.loads(schema), decoded["ChangeEventHeader"]["changedFields"])


@pytest.fixture
async def door(org: EventOrg) -> AsyncIterator[PubSubDoor]:
    door = PubSubDoor(org.pubsub)
    await door.start()
    yield door
    await door.stop()


async def test_it_subscribes_and_decodes(org: EventOrg, door: PubSubDoor) -> None:
    account = org.account(Name="Acme", BillingCity="Reno")
    org.patch(f"/sobjects/Account/{account}", {"Name": "Apex", "BillingCity": "Elko", "QBO_Id__c": "7"})
    org.delete(f"/sobjects/Account/{account}")
    judge = Judge(org, door.target)
    await asyncio.to_thread(judge.listen, ALL, "EARLIEST", b"", 3)
    assert [each["ChangeEventHeader"]["changeType"] for each in judge.decoded] == ["CREATE", "UPDATE", "DELETE"]
    assert [each["Name"] for each in judge.decoded] == ["Acme", "Apex", None]
    assert judge.changed == [set(), {"Name", "BillingAddress.City", "QBO_Id__c", "LastModifiedDate"}, set()]
    later = Judge(org, door.target)
    await asyncio.to_thread(later.listen, ALL, "CUSTOM", judge.replay_ids[1], 1)
    assert [each["ChangeEventHeader"]["changeType"] for each in later.decoded] == ["DELETE"]


async def test_it_asks_for_topics_and_publishes(org: EventOrg, door: PubSubDoor) -> None:
    schema_id = org.pubsub.bus.define_event("Done__e", ["Text__c"]).schema_id
    judge = Judge(org, door.target)
    client = judge.client
    topic = await asyncio.to_thread(client.get_topic, "/event/Done__e")
    schema = await asyncio.to_thread(client.get_schema_json, topic.schema_id)
    body = {"CreatedDate": 1, "CreatedById": "005", "Text__c": "done"}
    event = client.format_payload(schema, topic.schema_id, body)
    answer = await asyncio.to_thread(client.publish, "/event/Done__e", [event])
    assert (topic.schema_id, topic.can_publish, answer.results[0].error.msg) == (schema_id, True, "")
    stream = org.stream("/event/Done__e", CUSTOM, answer.results[0].replay_id)
    assert stream.take(0.0) is None
    batch = org.stream("/event/Done__e", EARLIEST).take(0.0)
    assert batch is not None
    assert client.decode(schema, batch.events[0].payload) == body
    judge.channel.close()


def test_our_field_table_is_its_field_table() -> None:
    theirs = wire.DESCRIPTOR
    for ours in messages.FILE.message_type:
        found = theirs.message_types_by_name[ours.name]
        assert [(each.name, each.number, each.type) for each in ours.field] == [
            (field.name, field.number, field.type) for field in found.fields
        ]
    for enum in messages.FILE.enum_type:
        assert [(each.name, each.number) for each in enum.value] == [
            (value.name, value.number) for value in theirs.enum_types_by_name[enum.name].values
        ]
    methods = theirs.services_by_name["PubSub"].methods_by_name
    assert set(methods) == set(messages.RPCS)
    assert {name: (each.input_type.name, each.output_type.name) for name, each in methods.items()} == {
        name: (takes, gives) for name, (takes, gives, _) in messages.RPCS.items()
    }
