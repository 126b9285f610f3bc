"""What the control door takes and gives: one Struct per body, the source of its OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from .faults import Fault
from .log import Totals


class BadOrder(ValueError):
    """An order that cannot be carried out; the message says what is wrong with it."""


class Health(msgspec.Struct, frozen=True):
    """That the emulators answer: their clock's instant, and which systems they emulate."""

    ok: bool
    now: datetime
    systems: list[str]


class Problem(msgspec.Struct, frozen=True):
    """Why a call was refused, and what to do about it."""

    message: str
    remedy: str


class Refusal(msgspec.Struct, frozen=True):
    """The body of every status from 400 on."""

    error: Problem


class ClockOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`freeze` (at `at`, or where it stands), `run`, `set` (needs `at`), `advance` (by the sum of the parts)."""

    op: Literal["freeze", "run", "set", "advance"]
    at: datetime | None = None
    seconds: float = 0.0
    minutes: float = 0.0
    hours: float = 0.0
    days: float = 0.0


class ClockState(msgspec.Struct, frozen=True):
    """The virtual instant, and whether it stands."""

    now: datetime
    frozen: bool


class FaultsOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First `clear`, then `remove` by number, then `add`. A `seed` starts chance anew. An empty body only lists."""

    add: list[Fault] = []
    remove: list[int] = []
    clear: bool = False
    seed: int | None = None


class FaultInForce(msgspec.Struct, frozen=True):
    """A fault by its number: how many requests it matched (`seen`), and how many of them it struck."""

    number: int
    seen: int
    struck: int
    fault: Fault


class FaultList(msgspec.Struct, frozen=True):
    """The faults in force, and the numbers of those that this order added."""

    added: list[int]
    faults: list[FaultInForce]


SnapshotName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class SnapshotOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under which name everything is kept, or brought back."""

    name: SnapshotName


class SnapshotEntry(msgspec.Struct, frozen=True):
    """`at` is the instant of the clock when it was taken."""

    name: str
    at: datetime


class SnapshotList(msgspec.Struct, frozen=True):
    """The snapshots, oldest first, beside the virtual instant."""

    now: datetime
    snapshots: list[SnapshotEntry]


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a user does in a vendor's own screens (`system` quickbooks or salesforce), or to the clock.

    `save_as` names the created record: a later operation's text `${name}` becomes its id, and `${name.Field}`
    that field. Clock: `system` "clock", `op` freeze, run, set or advance, body as in `POST /clock`.
    `realm` is the QuickBooks company that is meant (blank: the first one).
    """

    system: Literal["quickbooks", "salesforce", "clock"]
    op: str
    kind: str = ""
    body: dict[str, Any] = {}
    save_as: str = ""
    realm: str = ""


class SeedOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of: `operations`, run in order until one is refused; `scenario`, which starts from nothing;
    `day`, which plays business day n after the last one. With `rollback`, a refusal undoes the whole list."""

    operations: list[Operation] | None = None
    rollback: bool = False
    scenario: str | None = None
    scale: int = 1
    seed: int = 1
    today: date | None = None
    day: int | None = None


class SeedFailure(msgspec.Struct, frozen=True):
    """The operation that was refused (its place in the list, from 0) and what the vendor said."""

    index: int
    reason: Any


class SeedReport(msgspec.Struct, frozen=True):
    """How many operations were done, what each gave, and the first that was refused; none follow it."""

    ok: bool
    done: int
    results: list[Any]
    failed: SeedFailure | None = None


class WebhookOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where QuickBooks webhooks go: a loopback URL, or null for nowhere; and in which format."""

    target: str | None
    format: Literal["cloudevents", "legacy"] = "cloudevents"


class WebhookTrouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall happen to the next `count` change events of `kind` (an entity, blank: any), each with `probability`.

    `lose`: it never comes. `delay`: it comes `seconds` of the clock later, after others. `duplicate`: it comes twice,
    the copy `seconds` later. `reorder`: the next `count` deliveries have their events in another order.
    """

    op: Literal["lose", "delay", "duplicate", "reorder"]
    kind: str = ""
    count: int = 1
    probability: float = 1.0
    seconds: float = 0.0


class WebhookTroubles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First `clear`, then `add`. A `seed` starts the chance of these troubles anew."""

    add: list[WebhookTrouble] = []
    clear: bool = False
    seed: int | None = None


class WebhookAttempt(msgspec.Struct, frozen=True):
    """When, and what the endpoint said: `status`, or null and why there was none."""

    at: datetime
    status: int | None
    error: str = ""


class WebhookDelivery(msgspec.Struct, frozen=True):
    """One body posted, perhaps several times. `next_attempt` is null once it is acknowledged."""

    number: int
    realms: list[str]
    events: list[str]
    acknowledged: bool
    attempts: list[WebhookAttempt]
    next_attempt: datetime | None = None


class WebhookState(msgspec.Struct, frozen=True):
    """Where webhooks go, how many events wait for a delivery, and the deliveries: the newest, and all still open."""

    target: str | None
    format: Literal["cloudevents", "legacy"]
    waiting: int
    deliveries: list[WebhookDelivery]
    troubles: list[WebhookTrouble]


class SwitchesOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Vendor behaviours to set, by name; see `GET /switches` for the names and present values."""

    quickbooks: dict[str, Any] = {}
    salesforce: dict[str, Any] = {}
    pubsub: dict[str, Any] = {}


class EventsOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall go wrong at the event bus, or what it shall have selected.

    `gap`, `overflow`, `duplicate`, `lose`, `delay` (by `seconds` of the clock) meet the next `count` events of
    `kind` (blank: any), each with `probability`; `reorder` lets them come after the event that follows them. A `seed`
    starts that chance anew. With `at_once`: a gap of `ids`, an overflow of `kind`, or the last `count` events again.
    `break` ends all running streams with `code` (blank: no trailers), `stall` silences them, `refuse` refuses
    the next `count` calls of `rpc` (blank: any) with `code`. `select` and `deselect` change the members of a
    `channel` (with enriched `fields`); `define` makes a platform event `kind` with text `fields`.
    """

    op: Literal[
        "gap",
        "overflow",
        "duplicate",
        "lose",
        "delay",
        "reorder",
        "break",
        "stall",
        "refuse",
        "select",
        "deselect",
        "define",
    ]
    kind: str = ""
    ids: list[str] = []
    count: int = 1
    seconds: float = 0.0
    at_once: bool = False
    code: str = "service.unavailable"
    rpc: str = ""
    channel: str = "ChangeEvents"
    fields: list[str] = []
    probability: float = 1.0
    seed: int | None = None


class PlannedFate(msgspec.Struct, frozen=True):
    """The next `count` events of `kind` meet with `op`, each with `probability`."""

    op: str
    kind: str
    count: int
    seconds: float
    probability: float = 1.0


class EventsState(msgspec.Struct, frozen=True):
    """`position`: the newest replay id in hex. `events`: how many are kept by channel. `delivered`: in 24 hours."""

    position: str
    events: dict[str, int]
    delivered: int
    planned: list[PlannedFate]
    channels: dict[str, dict[str, list[str]]]


class StatePage(msgspec.Struct, frozen=True):
    """One page of the records of a kind; `count` is over all pages."""

    kind: str
    count: int
    records: list[dict[str, Any]]


class RequestEntry(msgspec.Struct, frozen=True):
    """One request of the log. `cost` counts at the vendor's rates; `fault` names the ordered one that struck it."""

    seq: int
    at: datetime
    vendor: str
    method: str
    path: str
    query: str
    status: int
    cost: dict[str, int]
    fault: str
    milliseconds: float
    size: int


class RequestPage(msgspec.Struct, frozen=True):
    """`mark` is this moment: pass it as `?since=` later. `totals` count for ever, `since` from the mark on."""

    mark: int
    totals: dict[str, Totals]
    since: dict[str, Totals]
    paths: dict[str, int]
    requests: list[RequestEntry]


class Planted(msgspec.Struct, frozen=True):
    """One record that must not simply pass: the code it must be held with, which record it is, and why.

    `released` turns true when a later business day takes the cause away.
    """

    code: str
    system: str
    kind: str
    key: str
    why: str
    released: bool = False


class ScenarioState(msgspec.Struct, frozen=True):
    """What the emulators are seeded with, and every record planted so far.

    `facts` are the days that a connection to the sample company needs: `start_date`, `books_closed`, `today`.
    """

    scenario: str
    scale: int
    seed: int
    days: int
    facts: dict[str, str]
    planted: list[Planted]
