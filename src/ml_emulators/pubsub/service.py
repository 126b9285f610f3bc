"""The event emulator without sockets: who may call, the unary calls, publishing, and a subscription each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control_bodies import EventsOrder
from ml_emulators.salesforce import Salesforce

from .bus import KEEP, Bus
from .channels import Topic
from .refusals import Refusal
from .schemas import EventSchema
from .selection import Selection
from .subscription import Subscription
from .switches import Switches
from .trouble import Trouble

HEADERS = ("accesstoken", "instanceurl", "tenantid")


@dataclass(frozen=True)
class TopicFacts:
    """What GetTopic tells."""

    name: str
    tenant: str
    can_publish: bool
    can_subscribe: bool
    schema_id: str


@dataclass(frozen=True)
class Produced:
    """One event of a publish request: the client's own id, the schema it used, the datum."""

    uuid: str
    schema_id: str
    payload: bytes


@dataclass(frozen=True)
class Published:
    """What became of one: its replay id, or why not; `key` is the client's own id (or the one it was given)."""

    key: str
    replay_id: bytes = b""
    error: str = ""


class PubSub:
    """Stands beside one org: a companion of the emulation."""

    def __init__(self, salesforce: Salesforce, clock: VirtualClock, *, keep: int = KEEP) -> None:
        self.bus = Bus(salesforce, clock, keep=keep)
        self.trouble = Trouble(self.bus)
        salesforce.join(Selection(self.bus))
        self._rpcs = 0

    @property
    def switches(self) -> Switches:
        """What may be turned while it runs."""
        return self.bus.switches

    def rpc_id(self) -> str:
        """The id of one call, as messages and trailers name it."""
        self._rpcs += 1
        return self.bus.made_uuid("rpc", self._rpcs)

    def enter(self, rpc: str, metadata: Mapping[str, str]) -> str:
        """Check a call's metadata; the token. Raises `Refusal` (salesforce reference 5.1)."""
        self.trouble.check_call(rpc)
        token, url, tenant = (metadata.get(name, "") for name in HEADERS)
        if not (token and tenant) or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise Refusal("service.auth.headers.invalid")
        if tenant != self.bus.org_id or not self.bus.token_is_live(token):
            raise Refusal("service.auth.error")
        return token

    def get_topic(self, name: str) -> TopicFacts:
        """Facts of a topic, with what this user may do at it. Raises `Refusal` (reference 5.5)."""
        topic = self.bus.topic(name)
        return TopicFacts(name, self.bus.org_id, topic.can_publish, self.bus.may_subscribe(topic), topic.schema_id)

    def get_schema(self, schema_id: str) -> EventSchema:
        """A schema by its id, for a user who may read the object. Raises `Refusal` (reference 5.5)."""
        return self.bus.schema(schema_id)

    def subscription(self, token: str) -> Subscription:
        """A new Subscribe stream of a session; it looks after the token's life by itself."""
        return Subscription(self.bus, self.trouble, token)

    def publish(self, name: str, events: Iterable[Produced]) -> tuple[str, list[Published]]:
        """Put platform events on their topic; the topic's schema id, and one result an event. Raises `Refusal`."""
        produced = list(events)
        if not name:
            raise Refusal("publish.topic.validation.empty")
        topic = self.bus.topic(name)
        if not topic.can_publish:
            raise Refusal("topic.meta.permission")
        if not produced:
            raise Refusal("publish.event.count.invalid")
        return topic.schema_id, [self._publish(topic, event) for event in produced]

    def _publish(self, topic: Topic, event: Produced) -> Published:
        known = self.bus.schemas.get(event.schema_id)
        if known is None or known.kind != topic.name.rpartition("/")[2]:
            return Published(event.uuid, error="The schema ID is not one of this topic.")
        uuid = event.uuid or self.bus.new_uuid()
        return Published(uuid, self.bus.publish_event(topic, event.schema_id, event.payload, uuid))

    # As a companion of the emulation

    def snapshot(self) -> Any:
        """Log, positions, channels, schemas; streams and switches stay out of it."""
        return self.bus.snapshot()

    def restore(self, snapshot: Any) -> None:
        """Back to a snapshot, which may be restored again."""
        self.bus.restore(snapshot)

    def reset(self) -> None:
        """An empty log and nothing ordered; switches stay, running streams go on."""
        self.bus.reset()
        self.trouble.refused = []

    def order(self, order: EventsOrder) -> dict[str, Any]:
        """One order of the control door, and how things stand then. Raises `BadOrder`."""
        self.trouble.order(order)
        return self.view()

    def view(self) -> dict[str, Any]:
        """Channels, positions, streams and plans, as the control door shows them."""
        return self.bus.view()
