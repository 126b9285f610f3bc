"""A decision is a value: `Write`, `Skip` or `Hold`. What became of a write is one of four outcomes.

`decide` of a flow is pure. What it needs to know it asks of its context; what is not loaded yet raises `NotLoaded`,
is fetched in bulk for the whole page, and the decision is taken again (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from .flags import Flag
from .reasons import Reason
from .refs import Gone, Json, Link, LinkDraft, Record, Ref
from .roles import Role
from .rules import Rules
from .triggers import Trigger

R = TypeVar("R")
T = TypeVar("T")
Digest = Callable[[str], str]
"""By which a text is known again that is not kept, because it may be about people: made with a key, so that whoever
reads it cannot try what it is of. The same in one connection for ever: `k` and 31 hex characters."""


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """What is approved together with a write and follows it, one after the other: the later parts of a long entry.

    `followers` is a digest of their bodies, empty for the last one. `waiting` is what stays undone while this write
    waits, in its currency. `facts` are those that a hold of this write needs.
    """

    followers: str
    waiting: Decimal
    facts: Mapping[str, str] = {}


class Unattended(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a write that needs an approval may go out without a person's (accounting-rules 0.4, H).

    `within`: it is small enough and nothing of it is new. `detail` is what the audit trail keeps of that.
    `waits_for` are triggers upon which the answer may be another.
    """

    within: bool
    detail: Mapping[str, str] = {}
    waits_for: tuple[Trigger, ...] = ()


class Overruled(msgspec.Struct, frozen=True):
    """A field that people changed on both sides, of which a write keeps one value only (accounting-rules E.2).

    `record` is the one whose value goes, `other` the one whose value stays. `lost` is the value that goes, as it was
    written there; empty for none, and once it is sealed.
    """

    field: str
    record: Ref
    other: Ref
    lost: str = ""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One record to be created, updated or upserted in `system`.

    `step` names it within its flow (`account`, `contact`, `opportunity`, `role`, `customer`, `journal`, ...).
    `body` is in the vendor's spelling; amounts are `Decimal`, days are ISO text.
    `key` is the same for the same intent for ever (external id value, idempotency text).
    `key_field` is the external id field of an upsert, `external` its value where that is not `key`, because it names
    somebody: it is kept while the write is open. `target_id` is the vendor id of an update.
    `sync_token` guards an update against edits in mid-air where the vendor has such a token.
    `needs_approval`: goes out only when an approval of exactly this body, and of those that follow it `together`, is on
    record, or where it may go out `unattended`.
    `claims` are names that only one new record may take (a display name, an e-mail): two writes with a claim in common
    never go out together; the second is decided again after the first.
    `conflicts` go to the conflict log when the write is done.
    `declared_new`: a person said that this record has no counterpart, so a vendor's warning of duplicates is passed.
    """

    step: str
    system: str
    kind: str
    action: Literal["create", "update", "upsert"]
    body: Json
    key: str
    key_field: str = ""
    external: str = ""
    target_id: str = ""
    sync_token: str = ""
    links: tuple[LinkDraft, ...] = ()
    why: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    label: str = ""
    amount: Decimal | None = None
    currency: str = ""
    needs_approval: bool = False
    together: Together | None = None
    unattended: Unattended | None = None
    claims: tuple[str, ...] = ()
    conflicts: tuple[Overruled, ...] = ()
    declared_new: bool = False

    @property
    def external_id(self) -> str:
        """What stands in `key_field` at the vendor."""
        return self.external or self.key

    @property
    def waiting(self) -> Decimal | None:
        """What stays undone while it waits, in its currency."""
        return self.together.waiting if self.together else self.amount


class Skip(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to write, for a `reason`.

    `knocks` are records that must be looked at because of what was found: on record together with `links`.
    `waits_for` are triggers upon which it must be looked at again although nothing else tells so.
    """

    reason: Reason = Reason.IN_AGREEMENT
    links: tuple[LinkDraft, ...] = ()
    knocks: tuple[Ref, ...] = ()
    waits_for: tuple[Trigger, ...] = ()
    flags: tuple[Flag, ...] = ()
    amount: Decimal | None = None
    currency: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A decision not to act. `facts` fill the sentence of `code` (model/holds.py).

    `waits_for` are triggers that release it by themselves. `knocks` are records that must be looked at for that to
    happen, `links` what they are told by it, on record together with the hold.
    A change of the record itself always releases it.
    """

    code: str
    facts: Mapping[str, str] = {}
    waits_for: tuple[Trigger, ...] = ()
    knocks: tuple[Ref, ...] = ()
    links: tuple[LinkDraft, ...] = ()
    amount: Decimal | None = None
    currency: str = ""


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a refusal that may mean that something the write refers to is gone or inactive by now.

    These tables of the write's system are read anew and it is decided again: what is no longer as it was is then found
    and held by its name. `otherwise` is what the refusal means if nothing is found and the write is refused again.
    """

    tables: tuple[str, ...] = ()
    otherwise: Hold


Decision = Write | Skip | Hold


class Without(msgspec.Struct, frozen=True, kw_only=True):
    """A refused write that is decided again at once: `links` remember what is left out of it from now on."""

    links: tuple[LinkDraft, ...]


class Done(msgspec.Struct, frozen=True):
    """The vendor has it. `record` is its answer where it gives one."""

    ref: Ref
    version: str = ""
    created: bool = False
    record: Any = None


class Later(msgspec.Struct, frozen=True):
    """Certainly not applied, worth trying again. `stale`: someone else changed it; read again and decide again now."""

    reason: str
    after: timedelta | None = None
    stale: bool = False


class Duplicates(msgspec.Struct, frozen=True):
    """A duplicate rule of the vendor that took a record for others: its name, and the ids of those.

    `warns`: it lets the record pass when that is asked for; else it never does.
    """

    rule: str
    warns: bool = False
    candidates: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """Certainly not applied, and the same request will not do. `code` is the vendor's, `message` its text.

    `right`: a right is missing, which may be given back without a change of any record.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()
    duplicates: Duplicates | None = None
    right: bool = False


class Unsure(msgspec.Struct, frozen=True):
    """Perhaps applied. Never sent again before it was looked up."""

    reason: str


Outcome = Done | Later | Refused | Unsure


class OpenWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A write as it was noted before it was sent.

    `body` is the exact text sent. `request_id` is the key for the vendor; `batch_id` and `position` say with which
    others it went out, so that a retry repeats the identical batch. `sent_at` is None if it was surely never sent.
    `sendings` says how often it went out, `first_noted_at` since when (None: since `noted_at`), `trouble` what
    came back the last time, in our words.
    """

    id: str
    flow: str
    source: Ref
    write: Write
    body: bytes
    request_id: str
    batch_id: str
    position: int
    generation: int = 1
    noted_at: datetime
    sent_at: datetime | None = None
    sendings: int = 1
    first_noted_at: datetime | None = None
    trouble: str = ""


class Missing(msgspec.Struct, frozen=True):
    """Look-up of an open write: the vendor does not have it."""


class Foreign(msgspec.Struct, frozen=True):
    """Look-up of an open write: its place is taken by a record that is not ours."""

    ref: Ref
    reason: str


class Differs(msgspec.Struct, frozen=True):
    """Look-up of an open write: the record is there but says something else, by now or still. What was to be written
    may be older than that, so it is never sent again; the record is looked at anew."""

    ref: Ref


LookUp = Done | Missing | Foreign | Differs | Unsure


class NeedLink(msgspec.Struct, frozen=True):
    """The links of `ref` in `role`, whichever side it stands on."""

    role: Role
    ref: Ref


class NeedRecord(msgspec.Struct, frozen=True):
    """A fresh read of one record."""

    ref: Ref


class NeedFind(msgspec.Struct, frozen=True):
    """All records of a kind whose `field` equals `value` (exact, or as the vendor compares text)."""

    system: str
    kind: str
    field: str
    value: str


class NeedReference(msgspec.Struct, frozen=True):
    """A small table that changes rarely: accounts, items, classes, departments, preferences, stages."""

    system: str
    name: str


Need = NeedLink | NeedRecord | NeedFind | NeedReference


class NotLoaded(Exception):
    """The context does not know yet; `needs` says what to fetch."""

    def __init__(self, needs: Sequence[Need]) -> None:
        super().__init__(f"{len(needs)} facts to fetch")
        self.needs = tuple(needs)


class Context(Protocol):
    """What a decision may consult. Every method raises `NotLoaded` for what was not fetched yet."""

    settings: Rules
    today: date
    now: datetime
    digest: Digest

    def want(self, *needs: Need) -> None:
        """Ask for several facts at once, so that they are fetched together."""

    def link(self, role: Role, ref: Ref) -> Link | None:
        """The first link of `ref` in `role`, on either side."""

    def links(self, role: Role, ref: Ref) -> Sequence[Link]:
        """All links of `ref` in `role`, on either side; empty where there are none."""

    def record(self, ref: Ref) -> Any | Gone:
        """A fresh record (typed by its system), or `Gone`."""

    def found(self, system: str, kind: str, field: str, value: str) -> Sequence[Any]:
        """All records of a kind whose `field` equals `value`, as the vendor compares text. Raises `BadAnswer` too."""

    def reference(self, system: str, name: str) -> Any:
        """A reference table by id, inactive entries included (docs/contracts.md). Raises `BadAnswer` too."""

    def once(self, rule: Callable[[R, Any], T], record: R) -> T:
        """`rule(record, context)`, a pure rule. It is asked again only when a fact that it asked for has changed, so it
        must consult nothing but the record and this context. Raises what the rule raises."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One business rule: which records it listens to, and how it decides.

    Flows are served in order of `rank`, lowest first. `changed_by` are other kinds of the same system whose change
    means that a record of ours may differ, with the function that names those that must be looked at. `linked_by` are
    roles of links: when one is made or renewed, the record of this kind on either side is looked at.
    Not `swept`: a change of the record alone means nothing here, only what other flows find out does.
    """

    name: str
    system: str
    kind: str
    rank: int
    decide: Callable[[Any, Context], Decision]
    gone: Callable[[Gone, Context], Decision]
    refused: Callable[[Write, Refused, Digest], Hold | Skip | Reread | Without]
    changed_by: Mapping[str, Callable[[Record, Context], Sequence[Ref]]] = {}
    linked_by: frozenset[Role] = frozenset()
    swept: bool = True

    def serves(self, ref: Ref) -> bool:
        """Whether a task of this flow can be about this record."""
        return ref.system == self.system and (ref.kind == self.kind or ref.kind in self.changed_by)
