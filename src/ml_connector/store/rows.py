"""What goes into and comes out of the store: plain values, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.model.people import PersonRole
from ml_connector.model.refs import Ref
from ml_connector.model.sides import SideState


class RulesVersion(msgspec.Struct, frozen=True):
    """The rules of a connection as they were from `at` on: `actor` signed them off, or found them changed in the file.

    `content` is JSON.
    """

    number: int
    at: datetime
    actor: str
    digest: str
    content: str


class Connected(msgspec.Struct, frozen=True):
    """A connection: one QuickBooks company and one Salesforce org. `live_since` is None while in dry run.

    One that is not `proved` was changed by somebody without the key.
    """

    id: str
    realm_id: str
    org_id: str
    company: str
    live_since: datetime | None
    paused: str
    proved: bool = True


class Arrival(msgspec.Struct, frozen=True):
    """A delivery that was acknowledged and is not a task yet: who delivered it, when, and the records it names."""

    id: int
    source: str
    at: datetime
    refs: tuple[Ref, ...]


class HookCount(msgspec.Struct, frozen=True):
    """How often something was delivered, and when last."""

    count: int
    last_at: datetime


class LostValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of `record` that the open write `write` puts the value of `other` over; sealed under `id`.

    `flow` and `task` are whose decision it is. `digest` is a keyed one of record, field and value.
    """

    id: str
    write: str
    flow: str
    task: Ref
    record: Ref
    other: Ref
    field: str
    digest: str
    sealed: bytes


class ConflictRow(LostValue, frozen=True, kw_only=True):
    """An entry of the conflict log. `winner` is the system whose value stays; `sealed` is empty once it is too old.

    Not `certain`: others changed the record before it was known whether our write had been done.
    """

    winner: str
    certain: bool
    at: datetime


class Late(msgspec.Struct, frozen=True):
    """A hold that lasts longer than it should."""

    flow: str
    ref: Ref
    code: str
    since: datetime


class HeldRow(msgspec.Struct, frozen=True):
    """An open hold. `amount` in `currency` is what waits, None where it is not about money; new facts leave `since`."""

    flow: str
    ref: Ref
    code: str
    facts: Mapping[str, str]
    amount: Decimal | None
    currency: str
    since: datetime


class PlanRow(msgspec.Struct, frozen=True):
    """A plan: `content` is its JSON, `hash` the digest of that, `state` is `open` or `applied`."""

    id: str
    made_at: datetime
    made_by: str
    hash: str
    content: str
    state: str
    applied_by: str
    proved: bool = True


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person in the state; `password` (Argon2id) and `token` (digest) are blank where there is none.

    One that is not `proved` was changed without the key, or is an older row that was put back.
    """

    name: str
    roles: tuple[PersonRole, ...]
    password: str
    token: str
    invited_by: str
    since: datetime
    ended_at: datetime | None
    proved: bool = True


class Approved(msgspec.Struct, frozen=True):
    """An approval: the digest of what was approved. One that is not `proved` was not given here."""

    digest: str
    proved: bool = True


class SmallWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A write that the limit approves: its key, what the approval binds, its name, and why it is small enough."""

    key: str
    approval: str
    label: str
    detail: Mapping[str, str]


class StrangeWrite(msgspec.Struct, frozen=True):
    """An open write that somebody without the key has put into the state, or changed there: never sent.

    `row` names it; the others are what it claims.
    """

    row: str
    system: str
    kind: str
    key: str

    @property
    def claim(self) -> str:
        """What no other write may take meanwhile: the database refuses a second open one under a key."""
        return f"{self.system}:{self.kind}:{self.key}"


class LateWrite(msgspec.Struct, frozen=True):
    """A write whose outcome has not been known for longer than it should take."""

    flow: str
    ref: Ref
    step: str
    since: datetime


class BackfillRow(msgspec.Struct, frozen=True, kw_only=True):
    """How far the list of everything there is of a kind has come: `listed` records, the last with the id `last`.

    Under way while `ended_at` is None.
    """

    system: str
    kind: str
    last: str
    listed: int
    begun_at: datetime
    ended_at: datetime | None = None


class AlertRow(msgspec.Struct, frozen=True):
    """An alarm that is raised: its name, what is the case, the command that shows or mends it, since when."""

    key: str
    sentence: str
    command: str
    since: datetime


class RunEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: the kind of error (`Unreachable`, ...) with its words; blank where all went well."""

    began_at: datetime
    ended_at: datetime
    error: str = ""
    sentence: str = ""
    remedy: str = ""


class SideRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one side of a connection is: `live`, `away`, `limited` or `dead`, since when, and why.

    `error` is the kind of error with its words; `next_at` is when it may be asked again; `failures` counts in a row.
    `refused` says by kind what this user may not list any more. `asked_at`: the last sweep, `sweep_at`: the next.
    """

    system: str
    state: SideState = "live"
    since: datetime | None = None
    error: str = ""
    sentence: str = ""
    remedy: str = ""
    next_at: datetime | None = None
    failures: int = 0
    refused: Mapping[str, str] = {}
    asked_at: datetime | None = None
    sweep_at: datetime | None = None


class Head(msgspec.Struct, frozen=True):
    """The end of an audit log: the number of its last event and that one's hash. `12:9f3c...` as text."""

    number: int = 0
    hash: str = ""

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class AuditRow(msgspec.Struct, frozen=True):
    """An event. `number` counts from 1 in its connection; `hash` covers the others and `previous`, that before it."""

    number: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: Mapping[str, Any]
    previous: str
    hash: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of all ids of a kind with ours: under way while `why` says why, else the last one.

    It has come to the id `after`, and the vendor's next page is at `position`. `reads` are calls, `listed` ids that the
    vendor has; `vanished` were missed because it lists them no more, `unknown` knocked on because we had never heard of
    them. Of `known` ids, `withheld` have vanished and are not treated so: too many at once to be believed.
    """

    system: str
    kind: str
    why: str = ""
    position: str = ""
    after: str = ""
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    reads: int = 0
    listed: int = 0
    vanished: int = 0
    unknown: int = 0
    known: int = 0
    withheld: int = 0

    @property
    def alarm(self) -> str:
        """Why nothing is treated as deleted, where something is withheld; else blank."""
        if not self.withheld:
            return ""
        return (
            f"{self.withheld:,} of {self.known:,} known records of the kind {self.kind} are no longer shown: none is "
            "treated as deleted. Look whether rights or sharing were lost, or another company or org is connected."
        )
