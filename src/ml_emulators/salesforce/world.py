"""The running org: what stands (`State`), who acts (`Actor`), and one unit of work (`Tx`)."""

from __future__ import annotations

import hashlib
import random
from bisect import insort
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.faults import NO_RECORD_FAULTS, RecordFaults

from . import ids, times
from .numbers import MOST_PLACES
from .org import Org, Person, Switches
from .schema import Field, Schema, SObject, customised, default_schema, places, profiles
from .state import Grave, Record, State, Table

UI_ORIGIN = "com/salesforce/api/soap/65.0;client=SfdcInternalAPI/"


Customs = tuple[tuple[str, tuple[Field, ...]], ...]
"""Object -> its custom fields, for the objects whose custom fields an admin has changed."""
_SHAPES_KEPT = 16
SetUp = tuple[tuple[SObject, ...], Customs]
"""The custom objects, and the custom fields."""


@dataclass(frozen=True)
class Actor:
    """Who acts. A `limited` one is bound by field-level security and rights; the others see everything."""

    user_id: str
    zone: ZoneInfo
    currency: str
    limited: bool


@dataclass(frozen=True)
class ChangeNotice:
    """One record's change in a committed transaction. `changed` maps field -> (before, after); None is null."""

    transaction_key: str
    sequence: int
    kind: str
    ids: tuple[str, ...]
    change_type: str
    changed: dict[str, tuple[Any, Any]]
    after: Record | None
    user_id: str
    origin: str
    instant: datetime


class World:
    """Everything of an org that the parts of the emulator share."""

    def __init__(self, clock: VirtualClock, rng: random.Random, org: Org, schema: Schema | None = None) -> None:
        """`schema` is what the org starts with; custom objects and fields may come later (`customise`)."""
        self.clock = clock
        self.org = org
        self._base = schema or default_schema()
        self._shapes: dict[SetUp, tuple[Schema, dict[profiles.Features, Schema]]] = {}
        self.set_up: SetUp = ((), ())
        self._whole, self._parts = self._shape(self.set_up)
        self.state = State(self._whole)
        self.related = False
        self.record_faults: RecordFaults = NO_RECORD_FAULTS
        self.address_setting: places.Setting | None = None
        self.switches = Switches()
        self.on_change: list[Callable[[ChangeNotice], None]] = []
        self.seed = rng.getrandbits(128)
        self.secrets_made = 0
        self.purged: dict[str, str] = {}
        self.described: dict[Hashable, tuple[Schema, SObject, dict[str, Any]]] = {}
        """Answers of describe as they were built: see there."""
        self.org_id = ids.make("00D", org.number)
        self.integration = _actor(org.integration_user, 1, limited=True)
        self.sales = _actor(org.sales_user, 2, limited=False)
        self.former = _actor(org.former_user, 3, limited=True)

    def actor_named(self, username: str) -> Actor | None:
        """The user who signs in under this name."""
        user = next(self.state.tables["User"].find("Username", username), None) if username else None
        if user is None:
            return None
        known = {actor.user_id: actor for actor in (self.integration, self.sales, self.former)}
        added = Actor(user["Id"], ZoneInfo(user["TimeZoneSidKey"]), user["CurrencyIsoCode"], limited=True)
        return known.get(user["Id"], added)

    def is_frozen(self, actor: Actor) -> bool:
        """Whether an administrator, or the platform by itself, has frozen the user: no sign-in, no session."""
        frozen = self.switches.frozen_users
        return bool(frozen) and (self.state.live("User", actor.user_id) or {}).get("Username") in frozen

    def _shape(self, set_up: SetUp) -> tuple[Schema, dict[profiles.Features, Schema]]:
        """The schema as it is set up, and the parts of it that were asked for; one for each of the last set-ups."""
        if set_up not in self._shapes:
            for oldest in list(self._shapes)[: 1 - _SHAPES_KEPT]:
                del self._shapes[oldest]
            made, customs = set_up
            self._shapes[set_up] = (customised(self._base, made, dict(customs)), {})
        return self._shapes[set_up]

    def customise(self, set_up: SetUp) -> None:
        """Give the org other custom objects and fields; records keep what stays."""
        if set_up != self.set_up:
            self.set_up = set_up
            self._whole, self._parts = self._shape(set_up)
            self.state.reshape(self._whole)

    @property
    def schema(self) -> Schema:
        """The objects that the org has as it is set up now."""
        has = profiles.features(self.switches, self.related)
        schema = self._parts.get(has)
        if schema is None:
            schema = self._parts[has] = profiles.seen(self._whole, has)
        return schema

    def secret(self, length: int) -> str:
        """The next unguessable text of hex digits; the same seed gives the same series."""
        self.secrets_made += 1
        text = ""
        while len(text) < length:
            source = f"{self.seed}:{self.secrets_made}:{len(text)}"
            text += hashlib.sha256(source.encode()).hexdigest()
        return text[:length]

    def earliest_delete(self, kind: SObject) -> str:
        """How far back the log of deletions goes: 15 days, one for what skips the bin, or to the last purge."""
        days = 15 if kind.recycles else 1
        kept = times.stamp(self.clock.now().replace(second=0) - timedelta(days=days))
        return max(kept, self.purged.get(kind.name, ""))

    def purge_deletes(self, hours: int = 2) -> None:
        """What the platform does when the log is too large: entries older than two hours go."""
        before = times.stamp(self.clock.now().replace(second=0) - timedelta(hours=hours))
        self.purged = dict.fromkeys(self.state.tables, before)

    def next_number(self, kind: str) -> int:
        """The next number of an object's ids and auto numbers; a snapshot keeps the counter."""
        table = self.state.tables[kind]
        table.counter += 1
        return table.counter

    @contextmanager
    def transact(self, actor: Actor, origin: str) -> Iterator[Tx]:
        """A unit of work: committed at the end, undone when anything is raised."""
        tx = Tx(self, actor, origin)
        try:
            yield tx
        except BaseException:
            tx.rollback(0)
            raise
        tx.commit()


class Tx:
    """One unit of work. Reads see its own writes; `rollback` goes back to a savepoint."""

    def __init__(self, world: World, actor: Actor, origin: str) -> None:
        self.world = world
        self.actor = actor
        self.origin = origin
        self.instant = world.clock.now()
        self.now = times.stamp(self.instant)
        self.allow_duplicates = False
        self.show_duplicates = False
        self._journal: list[tuple[Table, str, Record | None]] = []

    @property
    def switches(self) -> Switches:
        """The org's switches."""
        return self.world.switches

    @property
    def currency(self) -> str:
        """What a record is in that names no currency: the user's, or the only one of the org."""
        return self.actor.currency if self.switches.multicurrency else self.world.org.currencies[0].code

    @property
    def places(self) -> int:
        """How many decimals a sum or product of amounts keeps."""
        return 2 if self.switches.round_to_scale else MOST_PLACES

    def live(self, kind: str, record_id: str | None) -> Record | None:
        """A record that is not deleted, as this transaction has left it; None when there is none, or no id."""
        return self.world.state.tables[kind].live.get(record_id) if record_id else None

    def find(self, kind: str, field: str, value: Any) -> Iterator[Record]:
        """Live records by an indexed field, without case unless the field minds it."""
        return self.world.state.tables[kind].find(field, value)

    def put(self, kind: str, record: Record) -> None:
        """Store a record as it is: no checks, no stamps; it can be rolled back."""
        table = self.world.state.tables[kind]
        self._journal.append((table, record["Id"], table.put(record)))

    def erase(self, kind: str, record_id: str) -> None:
        """Remove a record without a trace, from the bin too; it can be rolled back."""
        table = self.world.state.tables[kind]
        old = table.erase(record_id)
        if old is not None:
            self._journal.append((table, record_id, old))

    def adjust(self, kind: str, record: Record, **changes: Any) -> Record:
        """What the platform does by itself (roll-ups, derived fields): moves SystemModstamp only."""
        changed = {name: value for name, value in changes.items() if record.get(name) != value}
        if not changed:
            return record
        new = record | changed | {"SystemModstamp": self.now}
        new = {name: value for name, value in new.items() if value is not None}
        self.put(kind, new)
        return new

    def savepoint(self) -> int:
        """A place to `rollback` to."""
        return len(self._journal)

    def rollback(self, point: int) -> None:
        """Undo everything since a savepoint."""
        while len(self._journal) > point:
            table, record_id, old = self._journal.pop()
            if old is None:
                table.erase(record_id)
            else:
                table.put(old)

    def commit(self) -> None:
        """Write the log of deletions and tell the listeners, one notice a record in the order of first touch."""
        changes = [change for change in self._changes() if change[2] or change[3]]
        for table, record_id, before, after in changes:
            if _is_live(before) and not _is_live(after):
                insort(table.graves, Grave(self.now, record_id), key=_buried)
        self._journal = []
        if self.world.on_change and changes:
            self._announce(changes)

    def _changes(self) -> Iterator[tuple[Table, str, Record | None, Record | None]]:
        first: dict[str, tuple[Table, Record | None]] = {}
        for table, record_id, old in self._journal:
            first.setdefault(record_id, (table, old))
        for record_id, (table, old) in first.items():
            yield table, record_id, old, table.get(record_id)

    def _announce(self, changes: list[tuple[Table, str, Record | None, Record | None]]) -> None:
        key = self._key()
        sequence = 0
        for table, record_id, before, after in changes:
            kind = _change_type(before, after)
            if kind is None:
                continue
            sequence += 1
            notice = ChangeNotice(
                transaction_key=key,
                sequence=sequence,
                kind=table.kind.name,
                ids=(record_id,),
                change_type=kind,
                changed=_difference(table.kind, before or {}, after or {}),
                after=after,
                user_id=self.actor.user_id,
                origin=self.origin,
                instant=self.instant,
            )
            for listener in self.world.on_change:
                listener(notice)

    def _key(self) -> str:
        text = self.world.secret(32)
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _actor(person: Person, number: int, *, limited: bool) -> Actor:
    return Actor(ids.make("005", number), ZoneInfo(person.time_zone), person.currency, limited)


def _buried(grave: Grave) -> str:
    return grave.when


def _is_live(record: Record | None) -> bool:
    return record is not None and not record.get("IsDeleted")


def _change_type(before: Record | None, after: Record | None) -> str | None:
    was, now = _is_live(before), _is_live(after)
    if was:
        return "UPDATE" if now else "DELETE"
    if not now:
        return None
    return "CREATE" if before is None else "UNDELETE"


def _difference(kind: SObject, before: Record, after: Record) -> dict[str, tuple[Any, Any]]:
    names = [name for name in kind.by_name if before.get(name) != after.get(name)]
    return {name: (before.get(name), after.get(name)) for name in names}
