"""An org with its event bus, and short words to look at what subscribers get."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import fastavro

from ml_emulators.pubsub import CUSTOM, EARLIEST, LATEST, Batch, Delivered, Fetch, PubSub, Subscription
from ml_emulators.salesforce import Org

from ..salesforce.orgs import TestOrg

ALL = "/data/ChangeEvents"
OWN = "/data/QboSync__chn"
_BITS = re.compile(r"(?:(\d+)-)?0x([0-9A-F]{2})+")


@dataclass(frozen=True)
class Seen:
    """An event as a client that knows the rules reads it. `body` has no nulls."""

    event: Delivered
    header: dict[str, Any]
    body: dict[str, Any]
    changed: set[str]
    nulled: set[str]
    diffs: set[str]

    @property
    def type(self) -> str:
        return str(self.header["changeType"])

    @property
    def line(self) -> tuple[str, str, int]:
        """Object, change type, sequence."""
        return self.header["entityName"], self.type, self.header["sequenceNumber"]


def field_names(schema: dict[str, Any], texts: Iterable[str]) -> set[str]:
    """The names behind bitmaps, `Parent.Part` for nested ones; written from the rules, apart from the encoder."""
    named: dict[str, dict[str, Any]] = {}
    for each in schema["fields"]:
        for branch in each["type"] if isinstance(each["type"], list) else []:
            if isinstance(branch, dict):
                named[branch["name"]] = branch
    found = set()
    for text in texts:
        assert _BITS.fullmatch(text), text
        parent, _, digits = text.rpartition("-")
        fields, prefix = schema["fields"], ""
        if parent:
            whole = schema["fields"][int(parent)]
            branch = next(each for each in whole["type"] if isinstance(each, dict) or "." in each)
            record = branch if isinstance(branch, dict) else named[branch.rpartition(".")[2]]
            fields, prefix = record["fields"], f"{whole['name']}."
        binary = f"{int(digits, 16):b}"[::-1]
        found |= {prefix + fields[place]["name"] for place, bit in enumerate(binary) if bit == "1"}
    return found


def read(event: Delivered, schema_json: str) -> Seen:
    schema = json.loads(schema_json)
    datum: Any = fastavro.schemaless_reader(io.BytesIO(event.payload), fastavro.parse_schema(schema), None)
    header = datum.pop("ChangeEventHeader")
    body = {name: _full(value) for name, value in datum.items() if value is not None}
    bits = (field_names(schema, header[name]) for name in ("changedFields", "nulledFields", "diffFields"))
    return Seen(event, header, body, *bits)


def _full(value: Any) -> Any:
    return {name: part for name, part in value.items() if part is not None} if isinstance(value, dict) else value


class EventOrg(TestOrg):
    """A test org whose events can be seen."""

    __test__ = False

    def __init__(self, org: Org | None = None, seed: int = 7, keep: int = 1_000) -> None:
        super().__init__(org, seed)
        self.pubsub = PubSub(self.vendor, self.clock, keep=keep)

    @property
    def bus_switches(self) -> Any:
        return self.pubsub.switches

    def stream(
        self, topic: str = ALL, preset: int = EARLIEST, replay_id: bytes = b"", count: int = 100, at: float = 0.0
    ) -> Subscription:
        subscription = self.pubsub.subscription(self.token)
        subscription.ask(Fetch(topic, preset, replay_id, count), at)
        return subscription

    def seen(self, batch: Batch | None) -> list[Seen]:
        events = batch.events if batch else ()
        return [read(event, self.pubsub.get_schema(event.schema_id).json) for event in events]

    def events(self, topic: str = ALL, preset: int = EARLIEST, replay_id: bytes = b"") -> list[Seen]:
        """What a new subscriber gets at once."""
        return self.seen(self.stream(topic, preset, replay_id).take(0.0))

    def last(self, topic: str = ALL) -> Seen:
        return self.events(topic)[-1]

    def tick(self, seconds: float = 1.0) -> None:
        from datetime import timedelta

        self.clock.advance(timedelta(seconds=seconds))


__all__ = ["ALL", "CUSTOM", "EARLIEST", "LATEST", "OWN", "EventOrg", "Seen", "field_names", "read"]
