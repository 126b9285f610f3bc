"""The event bus of an org without sockets: listens to its changes, keeps the log, answers what a topic is.

Everything a client could see is made from the org's state, the virtual clock and the seed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control_bodies import BadOrder
from ml_emulators.salesforce import ChangeNotice, Salesforce
from ml_emulators.salesforce.rest.limits import Usage
from ml_emulators.salesforce.rights import sees_object
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.schema.profiles import has_change_events

from .changes import Change, changes_of
from .channels import Topic, default_channels, enriched_parts
from .codec import encode
from .geocode import Geocoder
from .injections import Fate, Injections
from .log import Entry, Log, Positions, replay_id
from .refusals import Refusal
from .schemas import EventSchema, Schemas, capable, platform_schema
from .switches import Switches

_EDITIONS = {"Unlimited": 50_000, "Performance": 50_000, "Enterprise": 25_000, "Professional": 25_000}
_DEVELOPER = 10_000
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_FRESH_SECONDS = 60.0
KEEP = 100_000


@dataclass(frozen=True)
class Delivered:
    """One event as a subscriber gets it."""

    uuid: str
    schema_id: str
    payload: bytes
    replay_id: bytes


class Bus:
    """`read` for subscriptions, `topic` and `schema` for the unary calls; `Trouble` makes things go wrong."""

    def __init__(self, salesforce: Salesforce, clock: VirtualClock, *, keep: int = KEEP) -> None:
        """Listens to `salesforce` from now on; `keep` is how many events a channel remembers at most."""
        self.salesforce = salesforce
        self.clock = clock
        self.switches = Switches()
        self.schemas = Schemas()
        self.on_news: list[Callable[[], None]] = []
        self._keep = keep
        self._world = salesforce.world
        self.set_back = (0, 0)  # how often the log was set back, and to which position
        self._waiting: list[ChangeNotice] = []
        self._kinds: dict[str, SObject] = {}
        self._fresh()
        salesforce.on_change.append(self._hear)

    def _fresh(self) -> None:
        seed = self._world.seed
        self.channels = default_channels(self._world.state.schema)
        self.positions = Positions(1_500_000 + seed % 1_000_000, self._keep)
        self.injections = Injections()
        self.geocoder = Geocoder(self._world)
        self.usage = Usage()
        self.platform: dict[str, EventSchema] = {}
        self._logs: dict[str, Log] = {}
        self._made = 0
        self._commit = (1 << 53) + seed % (1 << 40)
        self._transactions = 0

    # From the org

    def _hear(self, notice: ChangeNotice) -> None:
        if self._waiting and self._waiting[0].transaction_key != notice.transaction_key:
            self._publish_waiting()
        self._waiting.append(notice)
        self._kinds[notice.kind] = self._world.schema.objects[notice.kind]
        if self.switches.geocode and notice.origin:
            self.geocoder.note(notice)
        self.ring()

    def ring(self) -> None:
        """Tell subscribers that something may have come."""
        for listener in self.on_news:
            listener()

    def settle(self) -> datetime:
        """Bring everything up to date with the clock, and say what time that is."""
        now = self.clock.now()
        self._publish_waiting()
        if self.geocoder.due:
            self.geocoder.work(now)
            self._publish_waiting()
        before = now - timedelta(hours=self.switches.retention_hours)
        self.positions.forget(before)
        for log in self._logs.values():
            log.forget(before)
        return now

    def _publish_waiting(self) -> None:
        notices, self._waiting = self._waiting, []
        if notices:
            kinds, self._kinds = self._kinds, {}
            schema_of = partial(self._schema_in, kinds)
            self.publish_changes(changes_of(notices, schema_of, self.switches, self.next_commit()))

    def next_commit(self) -> int:
        """A commit number for the next transaction: one more than the last."""
        self._commit += 1
        return self._commit

    def schema_of(self, kind: str) -> EventSchema | None:
        """The schema in force for an object; None when it has no change events."""
        return self._schema_in(self._world.schema.objects, kind)

    def _schema_in(self, kinds: Mapping[str, SObject], kind: str) -> EventSchema | None:
        sobject = kinds.get(kind)
        if sobject is None or not capable(kind):
            return None
        return self.schemas.of(sobject, formulas=self.switches.formulas)

    # Into the log

    def publish_changes(self, changes: Iterable[Change]) -> None:
        """Put the events of one transaction on every channel that has selected their object."""
        members = self.channels.members if has_change_events(self._world.switches) else {}
        chosen = [change for change in changes if any(change.kind in selected for selected in members.values())]
        fates = [(self.new_uuid(), fate) for fate in self.injections.fates(chosen)]
        for channel, kinds in members.items():
            step = 1 + self._transactions * 7 % 4
            for uuid, fate in fates:
                if fate[0].kind in kinds:
                    step = self._append(channel, kinds[fate[0].kind], uuid, fate, step)
        self._transactions += 1

    def _append(self, channel: str, enriched: tuple[str, ...], uuid: str, fate: Fate, step: int) -> int:
        change, delay, copies = fate
        at, schema = change.instant, self.schemas.get(change.schema_id)
        if schema is None:
            return step
        for index, (part, more) in enumerate(enriched_parts(change, enriched, schema)):
            name = uuid if index == 0 else self.new_uuid()
            for _ in range(copies):
                position = self.positions.next(step, at)
                ready = at + delay if delay else None
                entry = Entry(position, name, at, part.kind, schema.schema_id, part, more, ready=ready)
                self.log(channel).append(entry)
                step = 1
        return step

    def log(self, channel: str) -> Log:
        """The log of a channel, made when it is first asked for."""
        return self._logs.setdefault(channel, Log(self._keep))

    def new_uuid(self) -> str:
        """The id of the next event; the same seed gives the same ids."""
        self._made += 1
        return self.made_uuid("event", self._made)

    def made_uuid(self, what: str, number: int) -> str:
        """A UUID in lower case that the seed gives."""
        text = hashlib.sha256(f"{self._world.seed}:{what}:{number}".encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"

    def publish_event(self, topic: Topic, schema_id: str, payload: bytes, uuid: str) -> bytes:
        """Put a platform event on its topic; its replay id."""
        now = self.settle()
        position = self.positions.next(1, now)
        self.log(topic.channel).append(Entry(position, uuid, now, "", schema_id, payload=payload))
        self.ring()
        return replay_id(position)

    # Questions

    @property
    def org_id(self) -> str:
        """The 18 characters of the org, as trailers and topics have it."""
        return self._world.org_id

    def token_is_live(self, token: str) -> bool:
        """Whether a session token of the org would be accepted; asking does not extend it."""
        return self.salesforce.token_is_live(token)

    def topic(self, name: str) -> Topic:
        """The topic of that exact name. Raises `Refusal`."""
        if not name:
            raise Refusal("topic.validation.empty")
        own = self.platform.get(name)
        if own is None and not has_change_events(self._world.switches):
            raise Refusal("topic.not.found")
        topic = Topic(name, name, "", own.schema_id, can_publish=True) if own else self.channels.topic(name)
        if topic is None:
            raise Refusal("topic.not.found")
        schema = self.schema_of(topic.kind) if topic.kind else None
        return replace(topic, schema_id=schema.schema_id) if schema else topic

    def visible(self, kind: str) -> bool:
        """Whether the connector's user may see events of the object at all."""
        return kind not in self.switches.no_view_all and sees_object(self._world, self._world.integration, kind)

    def may_subscribe(self, topic: Topic) -> bool:
        """A topic of one object asks for View All on it; a channel of several never refuses."""
        return not topic.kind or self.visible(topic.kind)

    def schema(self, schema_id: str) -> EventSchema:
        """A schema that is or was in force. Raises `Refusal`."""
        for kind in self._world.schema.objects:
            self.schema_of(kind)
        schema = self.schemas.get(schema_id)
        if schema is None or (not schema.kind.endswith("__e") and not has_change_events(self._world.switches)):
            raise Refusal("schema.validation.failed")
        if not self.visible(schema.kind):
            raise Refusal("schema.meta.permission")
        return schema

    def read(self, topic: Topic, after: int, most: int) -> tuple[list[Entry], int]:
        """At most `most` events after a position that this topic shows, and how far was looked."""
        now = self.settle()

        def fits(entry: Entry) -> bool:
            return topic.kind in ("", entry.kind) and (not entry.kind or self.visible(entry.kind))

        return self.log(topic.channel).read(after, most, now, fits, self.positions.last)

    def deliver(self, entry: Entry) -> Delivered:
        """The event with the fields that the connector's user may read now."""
        payload = entry.payload
        if entry.change is not None:
            schema = self.schemas.get(entry.schema_id)
            if schema is None:
                raise Refusal("subscription.internal.error")
            payload = encode(
                schema,
                entry.change,
                hidden=self._world.switches.hidden_fields.get(entry.kind, ()),
                enriched=dict(entry.enriched),
                hidden_bits=self.switches.hidden_bits,
            )
        return Delivered(entry.uuid, entry.schema_id, payload, replay_id(entry.position))

    def fresh_position(self) -> int:
        """The newest position, for keepalives; after a minute without events a new one, so that it does not age out."""
        return self.positions.fresh(self.clock.now(), _FRESH_SECONDS)

    def position_of(self, topic: Topic, given: bytes) -> int:
        """Where a replay id of a client stands. Raises `Refusal` when it is none or out of the window."""
        self.settle()
        position = self.positions.read(given, self.switches.expired_code)
        if position < self.log(topic.channel).dropped:
            raise Refusal(f"subscription.fetch.replayid.{self.switches.expired_code}")
        return position

    @property
    def held_back(self) -> bool:
        """Whether something will come by the clock alone."""
        now = self.clock.now()
        return bool(self.geocoder.due) or any(log.next_ready(now) for log in self._logs.values())

    def allowed(self) -> int | None:
        """How many more events may be delivered within 24 hours; None when limits are not enforced."""
        if not self._world.switches.enforce_limits:
            return None
        return max(0, self.daily_most - self.usage.count(self.clock.now()))

    @property
    def daily_most(self) -> int:
        """Events that the edition may deliver in 24 hours (reference 3.2); a switch overrules it."""
        edition = self._world.org.edition.partition(" ")[0]
        given = self.switches.daily_deliveries
        return _EDITIONS.get(edition, _DEVELOPER) if given is None else given

    def define_event(self, name: str, fields: Iterable[str]) -> EventSchema:
        """A platform event `Name__e` whose fields are texts; its topic is `/event/Name__e`. Raises `BadOrder`."""
        if not name.endswith("__e"):
            raise BadOrder("a platform event's name ends with __e")
        names = (name, *fields)
        if not all(_NAME.fullmatch(word) for word in names):
            raise BadOrder("names begin with a letter, and hold letters, digits and underscores")
        schema = self.schemas.add(platform_schema(name, names[1:]))
        self.platform[f"/event/{name}"] = schema
        return schema

    # Kept and brought back

    def snapshot(self) -> Any:
        """Everything but clock, switches and listeners. Raises nothing; costs a copy of the log's references."""
        self._publish_waiting()
        logs = {name: log.copy() for name, log in self._logs.items()}
        counts = (self._made, self._commit, self._transactions)
        plans, due = self.injections.snapshot(), list(self.geocoder.due)
        known = (self.schemas.snapshot(), dict(self.platform), self.channels.copy())
        return (self.positions.snapshot(), logs, counts, plans, due, known, self.usage.snapshot())

    def restore(self, kept: Any) -> None:
        """Back to a snapshot, any number of times; running subscriptions go on from the end of the log."""
        positions, logs, counts, plans, due, (schemas, platform, channels), usage = kept
        self._waiting = []
        self.positions.restore(positions)
        self._logs = {name: log.copy() for name, log in logs.items()}
        self._made, self._commit, self._transactions = counts
        self.injections.restore(plans)
        self.geocoder.due = list(due)
        self.schemas.restore(schemas)
        self.platform, self.channels = dict(platform), channels.copy()
        self.usage.restore(usage)
        self._turned()

    def _turned(self) -> None:
        self.set_back = (self.set_back[0] + 1, self.positions.last)
        self.ring()

    def reset(self) -> None:
        """An empty log, and channels as they were at first; switches stay."""
        self._waiting = []
        self._fresh()
        self._turned()

    def view(self) -> dict[str, Any]:
        """What the control door shows."""
        self.settle()
        return {
            "position": replay_id(self.positions.last).hex(),
            "events": {name: len(log.entries) for name, log in self._logs.items()},
            "delivered": self.usage.count(self.clock.now()),
            "planned": [asdict(plan) for plan in self.injections.plans],
            "channels": self.channels.members,
        }
