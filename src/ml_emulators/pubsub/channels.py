"""Channels, what is selected on them, and the topics a client can name (salesforce reference 6.1 and 6.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ml_emulators.kit.control_bodies import BadOrder
from ml_emulators.salesforce.schema import Schema, SObject

from .changes import Change
from .schemas import EventSchema, capable, event_name

STANDARD = "ChangeEvents"
DEFAULT_KINDS = ("Account", "Contact", "Opportunity", "Order", "Product2")
DEFAULT_CHANNEL = "QboSync__chn"
DEFAULT_KEY = "QBO_Id__c"
MOST_KINDS = 5
MOST_CHANNELS = 100
MOST_ENRICHED = 10


@dataclass(frozen=True)
class Topic:
    """A topic as it was resolved: which channel's log, and the one object it shows (blank: all of the channel)."""

    name: str
    channel: str
    kind: str = ""
    schema_id: str = ""
    can_publish: bool = False


@dataclass
class Channels:
    """Channel -> object -> enriched fields. The standard channel takes no enrichment."""

    members: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=lambda: {STANDARD: {}})
    more_kinds: bool = False

    def select(self, kind: SObject, channel: str = STANDARD, enriched: Iterable[str] = ()) -> None:
        """Make an object a member of a channel, which is made if new. Raises `BadOrder` with what is wrong."""
        fields = tuple(enriched)
        self._check_member(kind, channel, fields)
        chosen = {name for members in self.members.values() for name in members} | {kind.name}
        if len(chosen) > MOST_KINDS and not self.more_kinds:
            raise BadOrder(f"at most {MOST_KINDS} objects can be selected over all channels without the add-on")
        if channel not in self.members and len(self.members) > MOST_CHANNELS:
            raise BadOrder(f"at most {MOST_CHANNELS} custom channels")
        self.members.setdefault(channel, {})[kind.name] = fields

    def _check_member(self, kind: SObject, channel: str, fields: tuple[str, ...]) -> None:
        if not capable(kind.name):
            raise BadOrder(f"{kind.name} has no change events")
        if channel != STANDARD and not channel.endswith("__chn"):
            raise BadOrder("a custom channel's name ends with __chn")
        if fields and channel == STANDARD:
            raise BadOrder("only members of a custom channel can be enriched")
        if len(fields) > MOST_ENRICHED:
            raise BadOrder(f"at most {MOST_ENRICHED} enriched fields")
        for name in fields:
            field = kind.by_name.get(name)
            if field is None or field.calculated or field.long_text or (field.compound and field.compound != name):
                raise BadOrder(f"{kind.name}.{name} cannot be enriched")

    def deselect(self, kind: str, channel: str = STANDARD) -> None:
        """Take an object off a channel; nothing happens when it was not on it."""
        self.members.get(channel, {}).pop(kind, None)

    def topic(self, name: str) -> Topic | None:
        """The topic of a change-event channel, by its exact name."""
        head, _, tail = name.rpartition("/")
        if head != "/data":
            return None
        if tail in self.members:
            return Topic(name, tail)
        kind = next((selected for selected in self.members[STANDARD] if event_name(selected) == tail), None)
        return Topic(name, STANDARD, kind) if kind else None

    def copy(self) -> Channels:
        """The same selections, to be changed apart."""
        return Channels({name: dict(members) for name, members in self.members.items()}, self.more_kinds)


def default_channels(schema: Schema) -> Channels:
    """What the connector's own set-up selects: five objects, and a channel that names our key on every event."""
    channels = Channels()
    for name in DEFAULT_KINDS:
        kind = schema.objects[name]
        channels.select(kind)
        channels.select(kind, DEFAULT_CHANNEL, [DEFAULT_KEY] if DEFAULT_KEY in kind.by_name else [])
    return channels


def enriched_parts(
    change: Change, names: tuple[str, ...], schema: EventSchema
) -> list[tuple[Change, tuple[tuple[str, Any], ...]]]:
    """The change with what enrichment adds to updates and deletions; apart for records that differ in it."""
    if not names or change.change_type not in ("UPDATE", "DELETE") or len(change.sources) != len(change.ids):
        return [(change, ())]
    fields = [part for name in names for part in schema.compounds.get(name, (name,))]
    groups: dict[str, tuple[list[str], tuple[tuple[str, Any], ...]]] = {}
    for record_id, source in zip(change.ids, change.sources, strict=True):
        more = tuple((name, source[name]) for name in fields if source.get(name) is not None)
        groups.setdefault(repr(more), ([], more))[0].append(record_id)
    return [(replace(change, ids=tuple(record_ids)), more) for record_ids, more in groups.values()]
