"""Change events, schemas, responses and trailers of every sort: typed errors, no crash, no knock on what is no id."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from ml_connector.service.hearing import hear
from ml_connector.systems.salesforce.pubsub import client, messages
from ml_connector.systems.salesforce.pubsub.events import BadEvent, EventSchema, Notice
from ml_connector.systems.salesforce.pubsub.faults import PREFIX, ended
from ml_connector.systems.salesforce.pubsub.position import Position
from systems.salesforce.pubsub.evented import ACCOUNT_ID, optional, payload, schema

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KINDS = ("Account", "Order", "OrderItem")
_ADDRESS = {"type": "record", "name": "Address", "fields": [optional("Street"), optional("Latitude", "double")]}
TEXT = schema(optional("Name"), optional("Billing", _ADDRESS), optional("Shipping", "Address"), optional("OrderId"))
KNOWN = EventSchema(TEXT)
_STATUSES = ("OK", "UNAVAILABLE", "INVALID_ARGUMENT", "UNAUTHENTICATED", "", "NOT_A_STATUS")
_IDS = (ACCOUNT_ID, ACCOUNT_ID[:15], "001*", "", "0" * 18, "x" * 400, "é" * 18, "\0" * 18, "000000000000000AAA")
_MAPS = ("0x06", "0x", "", "2-0x01", "9-0xFF", "-1-0x01", "0x" + "F" * 2_000, "²-0x01", "0x0é", "1-1-0x01")


def _bytes(random: Random, whole: bytes) -> bytes:
    """Bytes like these: some turned, cut off, put in or taken from elsewhere."""
    changed = bytearray(whole)
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(changed) + 1)
        match random.randrange(4):
            case 0:
                changed[at : at + 1] = random.randbytes(1)
            case 1:
                changed[at:at] = random.randbytes(random.randrange(12))
            case 2:
                del changed[at : at + random.randrange(40)]
            case _:
                changed[at:at] = whole[: random.randrange(len(whole))]
    return bytes(changed)


def _event(random: Random) -> bytes:
    return payload(
        TEXT,
        {"Name": "Acme", "OrderId": random.choice(_IDS)},
        entityName=random.choice((*KINDS, "", "Nothing", "x" * 300)),
        recordIds=random.choices(_IDS, k=random.randrange(4)),
        changeType=random.choice(("CREATE", "UPDATE", "DELETE", "GAP_OVERFLOW")),
        commitTimestamp=random.choice((0, -1, 2**62, -(2**63), 1767225600000, 253402300799999, 253402300800000)),
        changedFields=random.choices(_MAPS, k=random.randrange(3)),
        nulledFields=random.choices(_MAPS, k=random.randrange(2)),
    )


def _heard(notice: Notice) -> None:
    found = hear([notice], KINDS, NOW)
    assert found.upto is not None
    assert found.upto <= NOW
    assert all(len(change.ref.id) == 18 and change.ref.id.isalnum() for change in found.changes)
    assert all(change.ref.kind in KINDS and change.at <= NOW for change in found.changes)
    assert all(unsaid.kind in KINDS for unsaid in found.unsaid)


def _odd_event(random: Random) -> None:
    whole = _event(random)
    _heard(KNOWN.notice(whole if random.random() < 0.3 else _bytes(random, whole)))


def _odd_schema(random: Random) -> None:
    text = json.loads(TEXT)
    place: Any = text
    while isinstance(place, dict | list) and place:
        key = random.choice(list(place)) if isinstance(place, dict) else random.randrange(len(place))
        if random.random() < 0.3 or not isinstance(place[key], dict | list):
            place[key] = random.choice(
                (None, 1, "string", "null", "Nothing", [], {}, {"type": "array", "items": "null"})
            )
            break
        place = place[key]
    _heard(EventSchema(json.dumps(text)).notice(_event(random)))


def _odd_text(random: Random) -> None:
    EventSchema(_bytes(random, TEXT.encode()).decode("utf-8", "replace"))


def _odd_response(random: Random) -> None:
    event = {"event": {"id": "u", "schema_id": "s", "payload": _event(random)}, "replay_id": random.randbytes(10)}
    whole = messages.FetchResponse(events=[event] * random.randrange(3), latest_replay_id=random.randbytes(10))
    batch = client._batch(_bytes(random, whole.SerializeToString() or b"\x12\x00"))
    assert batch.pending >= 0


def _odd_end(random: Random) -> None:
    said: Any = random.choice(
        (random.randbytes(20), PREFIX + "x", PREFIX + "service.unavailable", "é", 7, None, "a" * 9_999)
    )
    end = ended(
        random.choice(_STATUSES), [(random.choice(("error-code", b"error-code", "")), said)] * random.randrange(3)
    )
    assert end.error.remedy
    assert end.error.sentence.isprintable()


def _odd_position(random: Random) -> None:
    whole = Position("00D", "/data/X", "00ff", ("Account",), {"2026-11-21T11": 3}).text()
    position = Position.parse(_bytes(random, whole.encode()).decode("utf-8", "replace"))
    if position is not None:
        assert position.took(1, NOW).total(NOW) >= 1 or min(position.taken.values()) < 0


SORTS: tuple[Callable[[Random], None], ...] = (
    *(_odd_event, _odd_event, _odd_event, _odd_schema, _odd_text, _odd_response, _odd_end, _odd_position),
)


def play(seed: int) -> bool:
    """One thing of one sort. Whether it was read; what comes beside `BadEvent` is a fault of ours, and raised."""
    random = Random(seed)
    try:
        SORTS[seed % len(SORTS)](random)
    except BadEvent:
        return False
    return True
