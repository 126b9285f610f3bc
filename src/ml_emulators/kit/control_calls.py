"""What each call of the control door does. Pure of HTTP: parameters and a decoded body in, a value out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec

from .control_bodies import (
    BadOrder,
    ClockOrder,
    EventsOrder,
    FaultsOrder,
    SeedOrder,
    SeedReport,
    SnapshotOrder,
    SwitchesOrder,
    WebhookOrder,
    WebhookState,
    WebhookTroubles,
)
from .emulation import YEARS, Companion, Emulation, set_clock
from .faults import BadFault, Fault, MeetsRecords
from .log import UnknownMark, entry_view
from .snapshots import NoSnapshot
from .webhooks import Outbox, loopback

Params = Mapping[str, str]
_PAGE = 1_000


class DoorError(Exception):
    """A call that cannot be served: HTTP status, message, remedy."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.remedy = remedy


class Stages(Protocol):
    """The scenarios as the door needs them."""

    def names(self) -> list[str]:
        """The scenarios that `POST /seed` takes."""

    def most(self) -> int:
        """The largest scale."""

    def load(self, emulation: Emulation, name: str, scale: int, seed: int, today: date | None) -> int:
        """Start from nothing and build a scenario; gives the number of operations."""

    def play(self, emulation: Emulation, day: int) -> SeedReport:
        """Play business day `day`. Raises `BadOrder` when it is not the next one."""


class ControlContext(NamedTuple):
    """What the calls work on; `save` writes the state to its folder, if there is one."""

    emulation: Emulation
    stages: Stages
    save: Callable[[], None] | None = None


def health(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """That the door answers, its virtual instant, and the systems behind it."""
    return {"ok": True, "now": context.emulation.clock.now(), "systems": list(context.emulation.vendors)}


def _number(params: Params, name: str, default: int) -> int:
    text = params.get(name, "")
    if not text:
        return default
    if not text.isdigit() or len(text) > 15:
        raise DoorError(400, f"{name}={text} is not a number", f"Give {name} as a whole number, 0 or more.")
    return int(text)


def _system(context: ControlContext, name: str) -> Any:
    if name not in context.emulation.vendors:
        raise DoorError(404, f"There is no system {name}.", f"Use one of {', '.join(context.emulation.vendors)}.")
    return context.emulation.vendors[name]


def requests(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """The kept entries after `since` (a mark) of `vendor`, at most `limit` of the newest, and the sums."""
    log, vendor = context.emulation.log, params.get("vendor", "")
    if vendor and vendor not in context.emulation.parts:
        raise DoorError(404, f"There is no system {vendor}.", f"Use one of {', '.join(context.emulation.parts)}.")
    since, limit = _number(params, "since", 0), _number(params, "limit", _PAGE)
    names = [vendor] if vendor else list(context.emulation.vendors)
    try:
        sums = {name: log.since(since, name) for name in names}
    except UnknownMark as error:
        raise DoorError(
            400, f"since={since}: {error}", "Use the mark of an earlier GET /requests, or leave it out."
        ) from error
    entries = log.after(since, vendor)
    return {
        "mark": log.mark(),
        "totals": {name: log.totals(name) for name in names},
        "since": sums,
        "paths": log.paths(),
        "requests": [entry_view(entry) for entry in entries[len(entries) - min(limit, len(entries)) :]],
    }


def kinds(context: ControlContext, params: Params, body: Any) -> list[str]:
    """The kinds of record that the system has now. Raises 404 for a system that is not emulated."""
    names: list[str] = _system(context, params["system"]).kinds()
    return names


def state(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """A page of a kind's records, or the one of an `id`. Raises 404 for an unknown kind or company."""
    vendor, kind = _system(context, params["system"]), params["kind"]
    known = vendor.kinds()
    if kind not in known:
        raise DoorError(404, f"{params['system']} has no kind {kind}.", f"Use one of {', '.join(sorted(known))}.")
    records = _records(vendor, kind, params.get("realm", ""))
    record_id = params.get("id", "")
    if record_id:
        records = [record for record in records if record_id in (record.get("Id"), record.get("id"))]
    first, limit = _number(params, "offset", 0), _number(params, "limit", len(records))
    return {"kind": kind, "count": len(records), "records": records[first : first + limit]}


def _records(vendor: Any, kind: str, realm: str) -> list[dict[str, Any]]:
    """All records of a kind, of one QuickBooks company if `realm` names it."""
    if realm and realm not in getattr(vendor, "realms", ()):
        raise DoorError(404, f"There is no company {realm}.", "Leave realm out, or name an open company.")
    records: list[dict[str, Any]] = vendor.records(kind, realm) if realm else vendor.records(kind)
    return records


def get_clock(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """The virtual instant, and whether it stands."""
    return {"now": context.emulation.clock.now(), "frozen": context.emulation.clock.frozen}


def post_clock(context: ControlContext, params: Params, body: ClockOrder) -> dict[str, Any]:
    """Freeze, set, advance or release the clock. Raises 422 for an order that contradicts itself."""
    return set_clock(context.emulation.clock, msgspec.structs.asdict(body))


def get_faults(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """The faults in force; none was added."""
    return {"added": [], "faults": context.emulation.faults.list()}


def post_faults(context: ControlContext, params: Params, body: FaultsOrder) -> dict[str, Any]:
    """Reseed, clear, remove, then add. All is checked before anything is changed: raises 422 or 404."""
    book = context.emulation.faults
    try:
        for fault in body.add:
            _check_system(context, fault)
        book.check(body.add)
    except BadFault as error:
        raise DoorError(
            422, f"This fault cannot be applied: {error}.", "Change it, and send the order again."
        ) from error
    known = {live["number"] for live in book.list()}
    missing = [number for number in body.remove if number not in known]
    if missing:
        raise DoorError(404, f"No fault has the number {missing[0]}.", "GET /faults lists the numbers in force.")
    if body.seed is not None:
        book.reseed(body.seed)
    if body.clear:
        book.clear()
    for number in body.remove:
        book.remove(number)
    return {"added": [book.add(fault) for fault in body.add], "faults": book.list()}


def _check_system(context: ControlContext, fault: Fault) -> None:
    """Raise `DoorError` or `BadFault` unless the vendor is here, and has the kind of record that is meant."""
    if not fault.vendor:
        return
    vendor = _system(context, fault.vendor)
    if fault.record is None:
        return
    if fault.record.kind not in vendor.kinds():
        raise BadFault(f"{fault.vendor} has no kind {fault.record.kind}")
    if not isinstance(vendor, MeetsRecords):
        raise BadFault(f"records of {fault.vendor} meet no faults; leave record out, and use path and body")


def seed(context: ControlContext, params: Params, body: SeedOrder) -> SeedReport:
    """Do operations, load a scenario, or play a day of it: exactly one of the three. Raises 422 otherwise."""
    asked = [body.operations is not None, body.scenario is not None, body.day is not None]
    if sum(asked) != 1:
        raise DoorError(422, "Nothing to do, or too much.", "Give exactly one of operations, scenario and day.")
    if body.operations is not None:
        return context.emulation.run(body.operations, rollback=body.rollback)
    if body.day is not None:
        return _play(context, body.day)
    return _load(context, body)


def _load(context: ControlContext, body: SeedOrder) -> SeedReport:
    name = body.scenario or ""
    if name not in context.stages.names():
        raise DoorError(404, f"There is no scenario {name!r}.", f"Use one of {', '.join(context.stages.names())}.")
    most = context.stages.most()
    if not 1 <= body.scale <= most or body.seed < 0:
        raise DoorError(
            422, "Scale or seed is out of range.", f"Give a scale from 1 to {most} and a seed of 0 or more."
        )
    if body.today is not None and body.today.year not in YEARS:
        raise DoorError(422, "The day is out of reach.", f"Give a day from {YEARS[0]} to {YEARS[-1]}.")
    done = context.stages.load(context.emulation, name, body.scale, body.seed, body.today)
    if context.emulation.webhooks is not None:
        context.emulation.webhooks.forget()  # what a scenario begins with has happened long ago
    return SeedReport(True, done, [])


def _play(context: ControlContext, day: int) -> SeedReport:
    try:
        return context.stages.play(context.emulation, day)
    except BadOrder as error:
        raise DoorError(
            422, f"Day {day} cannot be played: {error}.", "Load the scenario, then play days in order."
        ) from error


def reset(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """Empty both vendors, faults, log and what was planted; clock and switches stay."""
    context.emulation.reset()
    return health(context, params, body)


def save(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """Write the state to its folder now. Raises 409 when there is no folder, or it cannot be written."""
    if context.save is None:
        raise DoorError(409, "No folder keeps the state.", "Start the emulators with --state DIR.")
    try:
        context.save()
    except OSError as error:
        raise DoorError(
            409, f"The state cannot be written: {error}.", "Make room, or give a folder of yours."
        ) from error
    return health(context, params, body)


def get_snapshots(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """The snapshots that are kept, by name."""
    return {"now": context.emulation.clock.now(), "snapshots": context.emulation.snapshots.list()}


def take_snapshot(context: ControlContext, params: Params, body: SnapshotOrder) -> dict[str, Any]:
    """Keep everything as it is now under a name. Raises 422 when too many are kept."""
    try:
        context.emulation.snapshots.take(body.name)
    except BadOrder as error:
        raise DoorError(422, f"No snapshot is taken: {error}.", "DELETE /snapshots/{name} forgets one.") from error
    return get_snapshots(context, params, body)


def restore_snapshot(context: ControlContext, params: Params, body: SnapshotOrder) -> dict[str, Any]:
    """Back to a named snapshot, which stays. Raises 404 for an unknown name."""
    try:
        context.emulation.snapshots.restore(body.name)
    except NoSnapshot as error:
        raise _no_snapshot(body.name) from error
    return get_snapshots(context, params, body)


def drop_snapshot(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """Forget a named snapshot. Raises 404 for an unknown name."""
    try:
        context.emulation.snapshots.drop(params["name"])
    except NoSnapshot as error:
        raise _no_snapshot(params["name"]) from error
    return get_snapshots(context, params, body)


def _no_snapshot(name: str) -> DoorError:
    return DoorError(404, f"There is no snapshot {name!r}.", "GET /snapshots lists them; POST /snapshot takes one.")


def connection(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """How to connect, with tokens that are good now: a reset makes the former ones void."""
    return {name: dict(vendor.connection_info()) for name, vendor in context.emulation.vendors.items()}


def get_switches(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """Every switch of every system, as it stands."""
    return context.emulation.get_switches()


def post_switches(context: ControlContext, params: Params, body: SwitchesOrder) -> dict[str, Any]:
    """Turn switches of one or several systems. Raises 404 for an absent system, 422 for a bad value."""
    for system in ("quickbooks", "salesforce", "pubsub"):
        values = getattr(body, system)
        if values:
            _ = _events(context) if system == "pubsub" else _system(context, system)
            context.emulation.set_switches(system, values)
    return context.emulation.get_switches()


def _events(context: ControlContext) -> Companion:
    if "pubsub" not in context.emulation.companions:
        raise DoorError(404, "There is no event bus here.", "Start the emulators with an org that has one.")
    return context.emulation.companions["pubsub"]


def get_events(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """The event bus: channels, positions, subscribers, plans. Raises 404 when there is none."""
    return _events(context).view()


def post_events(context: ControlContext, params: Params, body: EventsOrder) -> dict[str, Any]:
    """Select channels, publish, plan trouble. Raises 422 for what the bus cannot do."""
    try:
        return _events(context).order(body)
    except BadOrder as error:
        raise DoorError(422, f"This cannot be done: {error}.", "Change the order, and send it again.") from error


def _outbox(context: ControlContext) -> Outbox:
    outbox = context.emulation.webhooks
    if outbox is None:
        raise DoorError(404, "No vendor here sends webhooks.", "Start the emulators with QuickBooks.")
    return outbox


def get_webhooks(context: ControlContext, params: Params, body: Any) -> WebhookState:
    """Where webhooks go, and what is due, delivered or given up."""
    return _outbox(context).view()


def post_webhooks(context: ControlContext, params: Params, body: WebhookOrder) -> WebhookState:
    """Point the webhooks at an address on this machine, or at none. Raises 422 for any other machine."""
    if body.target is not None and not loopback(body.target):
        raise DoorError(
            422,
            f"{body.target} is not on this machine.",
            "Emulated webhooks go to http://127.0.0.1:<port>/... only; null switches them off.",
        )
    _outbox(context).point(body)
    return _outbox(context).view()


def post_webhook_troubles(context: ControlContext, params: Params, body: WebhookTroubles) -> WebhookState:
    """Plan losses, copies or delays of the next webhooks. Raises 422 for what cannot be planned."""
    try:
        _outbox(context).trouble(body)
    except BadOrder as error:
        raise DoorError(422, f"This cannot be done: {error}.", "Change the order, and send it again.") from error
    return _outbox(context).view()


def scenario(context: ControlContext, params: Params, body: Any) -> dict[str, Any]:
    """Which scenario was loaded, the facts its days go by, and what was planted to be found."""
    known = context.emulation.memory
    facts = {name: known[name] for name in ("start_date", "books_closed", "today") if name in known}
    return {**context.emulation.scenario, "facts": facts, "planted": context.emulation.planted}
