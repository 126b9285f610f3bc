"""Platform events: published, and delivered to subscribers as they are."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.pubsub import LATEST, Produced, Refusal
from ml_emulators.pubsub.codec import datum_bytes

from .event_org import EventOrg

TOPIC = "/event/Done__e"


@pytest.fixture
def schema_id(org: EventOrg) -> str:
    return org.pubsub.bus.define_event("Done__e", ["Text__c"]).schema_id


def payload(org: EventOrg, schema_id: str, **fields: Any) -> bytes:
    schema = org.pubsub.get_schema(schema_id)
    return datum_bytes(schema, {"CreatedDate": 1, "CreatedById": "005", **fields})


def test_what_is_published_is_delivered(org: EventOrg, schema_id: str) -> None:
    stream = org.stream(TOPIC, LATEST)
    raw = payload(org, schema_id, Text__c="all good")
    told, results = org.pubsub.publish(TOPIC, [Produced("u-1", schema_id, raw), Produced("", schema_id, b"\xff")])
    batch = stream.take(0.0)
    assert batch is not None
    assert (told, results[0].key) == (schema_id, "u-1")
    assert [(event.uuid, event.payload) for event in batch.events] == [("u-1", raw), (results[1].key, b"\xff")]
    assert [event.replay_id for event in batch.events] == [result.replay_id for result in results]


def test_a_foreign_schema_is_an_error_of_that_event(org: EventOrg, schema_id: str) -> None:
    _, (good, bad) = org.pubsub.publish(TOPIC, [Produced("a", schema_id, b""), Produced("b", "nonsense", b"")])
    assert (good.error, bad.key, bad.replay_id) == ("", "b", b"")
    assert bad.error


@pytest.mark.parametrize(
    ("topic", "count", "code"),
    [
        ("", 1, "publish.topic.validation.empty"),
        ("/event/Other__e", 1, "topic.not.found"),
        ("/data/ChangeEvents", 1, "topic.meta.permission"),
        (TOPIC, 0, "publish.event.count.invalid"),
    ],
)
def test_refused(org: EventOrg, schema_id: str, topic: str, count: int, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        org.pubsub.publish(topic, [Produced("", schema_id, b"")] * count)
    assert refused.value.code == code
