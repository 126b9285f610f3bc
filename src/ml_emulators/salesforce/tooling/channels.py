"""PlatformEventChannel and its members: which objects tell of their changes, and where (reference 6.1, 6.9, 8.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from ml_emulators.kit.control_bodies import BadOrder

from ..errors import ApiError
from ..schema import SObject
from ..schema.tooling import CHANNEL, MEMBER
from ..state import Record
from ..world import Actor, World
from .metadata import wrong
from .storage import drop_rows, made_id, put_row

STANDARD = "ChangeEvents"
_CHANNEL = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__chn\Z")
_MEMBER = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*\Z")
_EVENT = "ChangeEvent"


class ChannelBook(Protocol):
    """The org's channels as the event bus keeps them."""

    def listed(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Channel -> object -> enriched fields."""

    def open(self, channel: str) -> None:
        """Make a custom channel. Raises `BadOrder`."""

    def close(self, channel: str) -> None:
        """Remove a channel."""

    def select(self, kind: SObject, channel: str, enriched: tuple[str, ...]) -> None:
        """Raises `BadOrder` with what is wrong."""

    def deselect(self, kind: str, channel: str) -> None:
        """Take an object off a channel."""

    def delivered(self) -> int:
        """How many events API subscribers got within 24 hours."""

    def schema(self, name: str) -> dict[str, Any] | None:
        """The schema of an event by its name or its id, with the id under `uuid`; None when there is none."""


def _event_of(kind: str) -> str:
    """`Account` -> `AccountChangeEvent`, `Thing__c` -> `Thing__ChangeEvent`."""
    return f"{kind.removesuffix('c') if kind.endswith('__c') else kind}{_EVENT}"


def _given(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name, given = body.get("FullName"), body.get("Metadata")
    missing = [key for key, value in (("FullName", name), ("Metadata", given)) if not value]
    if missing or not isinstance(name, str) or not isinstance(given, dict):
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", fields=missing)
    return name, given


class ChannelResource:
    """Custom channels; the standard one is there without being shown."""

    kind = CHANNEL.name

    def __init__(self, book: ChannelBook, tooling: World) -> None:
        self._book = book
        self._tooling = tooling
        self.labels: dict[str, str] = {}

    def sync(self) -> None:
        """A row for each custom channel of the bus."""
        custom = {name for name in self._book.listed() if name != STANDARD}
        for name in custom:
            label = self.labels.get(name, name.removesuffix("__chn"))
            row: Record = {
                "DeveloperName": name.removesuffix("__chn"),
                "MasterLabel": label,
                "Language": "en_US",
                "ChannelType": "data",
                "Metadata": {"channelType": "data", "eventType": None, "label": label},
            }
            put_row(self._tooling, CHANNEL, name, row)
        drop_rows(self._tooling, CHANNEL, custom)

    def create(self, body: dict[str, Any], actor: Actor) -> str:
        """Open a channel `X__chn`. Raises for a bad name or type, DUPLICATE_DEVELOPER_NAME, LIMIT_EXCEEDED (8.3)."""
        name, given = _given(body)
        if not _CHANNEL.match(name):
            raise wrong(f"a custom channel's name ends with __chn: {name}", "FullName")
        if given.get("channelType") != "data":
            raise wrong("only channels of channelType data are made here", "ChannelType")
        if name in self._book.listed():
            raise ApiError("DUPLICATE_DEVELOPER_NAME", f"There is a channel of this name: {name}", fields=["FullName"])
        try:
            self._book.open(name)
        except BadOrder as error:
            raise ApiError("LIMIT_EXCEEDED", str(error), fields=()) from None
        self.labels[name] = str(given.get("label") or name.removesuffix("__chn"))
        return made_id(CHANNEL, name)

    def update(self, row: Record, body: dict[str, Any]) -> None:
        """A new label; nothing else of a channel can change."""
        given = body.get("Metadata")
        if not isinstance(given, dict) or given.get("channelType", "data") != "data":
            raise wrong("of a channel only the label is changed", "Metadata")
        self.labels[row["FullName"]] = str(given.get("label") or row["MasterLabel"])

    def delete(self, row: Record) -> None:
        """Raises DELETE_FAILED while it has members."""
        name = row["FullName"]
        if self._book.listed().get(name):
            raise ApiError("DELETE_FAILED", "The channel still has members", fields=())
        self._book.close(name)
        self.labels.pop(name, None)


class MemberResource:
    """Who is a member of which channel. A member is known by channel and object; its full name is only a name."""

    kind = MEMBER.name

    def __init__(self, book: ChannelBook, org: World, tooling: World) -> None:
        self._book = book
        self._org = org
        self._tooling = tooling
        self.names: dict[tuple[str, str], str] = {}

    def _name(self, channel: str, kind: str) -> str:
        usual = f"{channel.removesuffix('__chn')}_{_event_of(kind).replace('__', '_')}"
        return self.names.get((channel, kind), usual)

    def sync(self) -> None:
        """A row for each object on each channel of the bus."""
        names = set()
        for channel, members in self._book.listed().items():
            for kind, enriched in members.items():
                name = self._name(channel, kind)
                names.add(name)
                put_row(self._tooling, MEMBER, name, _member_row(name, channel, kind, enriched))
        drop_rows(self._tooling, MEMBER, names)

    def create(self, body: dict[str, Any], actor: Actor) -> str:
        """Select an object on a channel, with enrichment. Raises for unknown ones, DUPLICATE_VALUE, too many (8.3)."""
        name, given = _given(body)
        if not _MEMBER.match(name):
            raise wrong(f"a member's name holds letters, digits and single underscores: {name}", "FullName")
        channel, kind = str(given.get("eventChannel")), self._kind(given.get("selectedEntity"))
        if channel not in self._book.listed():
            raise wrong(f"there is no channel {channel}", "EventChannel")
        known = self._book.listed()[channel]
        taken = {self._name(where, member) for where, members in self._book.listed().items() for member in members}
        if kind.name in known or name in taken:
            text = f"{_event_of(kind.name)} is a member of {channel} already"
            raise ApiError("DUPLICATE_VALUE", text, fields=["SelectedEntity"])
        self._select(kind, channel, given)
        self.names[channel, kind.name] = name
        return made_id(MEMBER, name)

    def _kind(self, entity: Any) -> SObject:
        """`AccountChangeEvent` -> Account, `Thing__ChangeEvent` -> Thing__c."""
        stem = str(entity).removesuffix(_EVENT)
        kind = self._org.schema.objects.get(f"{stem}c" if stem.endswith("__") else stem)
        if kind is None or _event_of(kind.name) != entity:
            raise wrong(f"there is no change event {entity}", "SelectedEntity")
        return kind

    def _select(self, kind: SObject, channel: str, given: dict[str, Any]) -> None:
        if given.get("filterExpression"):
            raise wrong("filter expressions are not imitated", "FilterExpression")
        fields = given.get("enrichedFields") or []
        names = [field.get("name") if isinstance(field, dict) else None for field in fields]
        try:
            self._book.select(kind, channel, tuple(map(str, names)))
        except BadOrder as error:
            raise wrong(str(error), "SelectedEntity") from None

    def update(self, row: Record, body: dict[str, Any]) -> None:
        """Other enrichment; channel and object cannot change."""
        given = body.get("Metadata")
        if not isinstance(given, dict):
            raise wrong("Metadata is needed", "Metadata")
        same = ("eventChannel", "EventChannel"), ("selectedEntity", "SelectedEntity")
        for name, field in same:
            if given.get(name, row[field]) != row[field]:
                raise wrong("channel and object of a member cannot change", field)
        self._select(self._kind(row["SelectedEntity"]), row["EventChannel"], given)

    def delete(self, row: Record) -> None:
        """Take the object off the channel."""
        kind = self._kind(row["SelectedEntity"]).name
        self._book.deselect(kind, row["EventChannel"])
        self.names.pop((row["EventChannel"], kind), None)


def _member_row(name: str, channel: str, kind: str, enriched: tuple[str, ...]) -> Record:
    entity = _event_of(kind)
    return {
        "DeveloperName": name,
        "MasterLabel": name,
        "Language": "en_US",
        "EventChannel": channel,
        "SelectedEntity": entity,
        "Metadata": {
            "enrichedFields": [{"name": field} for field in enriched],
            "eventChannel": channel,
            "filterExpression": None,
            "selectedEntity": entity,
        },
    }
