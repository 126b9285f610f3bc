"""What each call of the control door does. Pure of HTTP: parameters and a decoded body in, a value out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec

from .control_bodies import (
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
from .emulation import YEARS, Companion, Twin, set_clock
from .faults import BadFault
from .log import UnknownMark, entry_view
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

    def names(self) -> list[str]: ...

    def most(self) -> int:
        """The largest scale."""

    def load(self, twin: Twin, name: str, scale: int, seed: int, today: date | None) -> int:
        """Start from nothing and build a scenario; gives the number of operations."""

    def play(self, twin: Twin, day: int) -> SeedReport:
        """Play business day `day`. Raises `ValueError` when it is not the next one."""


class Desk(NamedTuple):
    """What the calls work on; `save` writes the state to its folder, if there is one."""

    twin: Twin
    stages: Stages
    save: Callable[[], None] | None = None


def health(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    return {"ok": True, "now": desk.twin.clock.now(), "systems": list(desk.twin.vendors)}


def _number(params: Params, name: str, default: int) -> int:
    text = params.get(name, "")
    if not text:
        return default
    if not text.isdigit() or len(text) > 15:
        raise DoorError(400, f"{name}={text} is not a number", f"Give {name} as a whole number, 0 or more.")
    return int(text)


def _system(desk: Desk, name: str) -> Any:
    if name not in desk.twin.vendors:
        raise DoorError(404, f"There is no system {name}.", f"Use one of {', '.join(desk.twin.vendors)}.")
    return desk.twin.vendors[name]


def requests(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    """The kept entries after `since` (a mark) of `vendor`, at most `limit` of the newest, and the sums."""
    log, vendor = desk.twin.log, params.get("vendor", "")
    if vendor and vendor not in desk.twin.parts:
        raise DoorError(404, f"There is no system {vendor}.", f"Use one of {', '.join(desk.twin.parts)}.")
    since, limit = _number(params, "since", 0), _number(params, "limit", _PAGE)
    names = [vendor] if vendor else list(desk.twin.vendors)
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


def kinds(desk: Desk, params: Params, body: Any) -> list[str]:
    found: list[str] = _system(desk, params["system"]).kinds()
    return found


def state(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    vendor, kind = _system(desk, params["system"]), params["kind"]
    known = vendor.kinds()
    if kind not in known:
        raise DoorError(404, f"{params['system']} has no kind {kind}.", f"Use one of {', '.join(sorted(known))}.")
    records = _records(vendor, kind, params.get("realm", ""))
    wanted = params.get("id", "")
    if wanted:
        records = [record for record in records if wanted in (record.get("Id"), record.get("id"))]
    first, limit = _number(params, "offset", 0), _number(params, "limit", len(records))
    return {"kind": kind, "count": len(records), "records": records[first : first + limit]}


def _records(vendor: Any, kind: str, realm: str) -> list[dict[str, Any]]:
    """All records of a kind, of one QuickBooks company if `realm` names it."""
    try:
        found: list[dict[str, Any]] = vendor.records(kind, realm) if realm else vendor.records(kind)
    except (KeyError, TypeError) as error:
        raise DoorError(404, f"There is no company {realm}.", "Leave realm out, or name an open company.") from error
    return found


def get_clock(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    return {"now": desk.twin.clock.now(), "frozen": desk.twin.clock.frozen}


def post_clock(desk: Desk, params: Params, body: ClockOrder) -> dict[str, Any]:
    return set_clock(desk.twin.clock, msgspec.structs.asdict(body))


def get_faults(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    return {"added": [], "faults": desk.twin.faults.list()}


def post_faults(desk: Desk, params: Params, body: FaultsOrder) -> dict[str, Any]:
    book = desk.twin.faults
    for fault in body.add:
        if fault.vendor:
            _system(desk, fault.vendor)
    try:
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


def seed(desk: Desk, params: Params, body: SeedOrder) -> SeedReport:
    asked = [body.operations is not None, body.scenario is not None, body.day is not None]
    if sum(asked) != 1:
        raise DoorError(422, "Nothing to do, or too much.", "Give exactly one of operations, scenario and day.")
    if body.operations is not None:
        return desk.twin.run(body.operations, rollback=body.rollback)
    if body.day is not None:
        return _play(desk, body.day)
    return _load(desk, body)


def _load(desk: Desk, body: SeedOrder) -> SeedReport:
    name = body.scenario or ""
    if name not in desk.stages.names():
        raise DoorError(404, f"There is no scenario {name!r}.", f"Use one of {', '.join(desk.stages.names())}.")
    most = desk.stages.most()
    if not 1 <= body.scale <= most or body.seed < 0:
        raise DoorError(
            422, "Scale or seed is out of range.", f"Give a scale from 1 to {most} and a seed of 0 or more."
        )
    if body.today is not None and body.today.year not in YEARS:
        raise DoorError(422, "The day is out of reach.", f"Give a day from {YEARS[0]} to {YEARS[-1]}.")
    done = desk.stages.load(desk.twin, name, body.scale, body.seed, body.today)
    if desk.twin.webhooks is not None:
        desk.twin.webhooks.forget()  # what a scenario begins with has happened long ago
    return SeedReport(True, done, [])


def _play(desk: Desk, day: int) -> SeedReport:
    try:
        return desk.stages.play(desk.twin, day)
    except ValueError as error:
        raise DoorError(
            422, f"Day {day} cannot be played: {error}.", "Load the scenario, then play days in order."
        ) from error


def reset(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    desk.twin.reset()
    return health(desk, params, body)


def save(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    if desk.save is None:
        raise DoorError(409, "No folder keeps the state.", "Start the emulators with --state DIR.")
    try:
        desk.save()
    except OSError as error:
        raise DoorError(
            409, f"The state cannot be written: {error}.", "Make room, or give a folder of yours."
        ) from error
    return health(desk, params, body)


def get_snapshots(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    return {"now": desk.twin.clock.now(), "snapshots": desk.twin.album.list()}


def take_snapshot(desk: Desk, params: Params, body: SnapshotOrder) -> dict[str, Any]:
    try:
        desk.twin.album.take(body.name)
    except ValueError as error:
        raise DoorError(422, f"No snapshot is taken: {error}.", "DELETE /snapshots/{name} forgets one.") from error
    return get_snapshots(desk, params, body)


def restore_snapshot(desk: Desk, params: Params, body: SnapshotOrder) -> dict[str, Any]:
    try:
        desk.twin.album.restore(body.name)
    except KeyError as error:
        raise _no_snapshot(body.name) from error
    return get_snapshots(desk, params, body)


def drop_snapshot(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    try:
        desk.twin.album.drop(params["name"])
    except KeyError as error:
        raise _no_snapshot(params["name"]) from error
    return get_snapshots(desk, params, body)


def _no_snapshot(name: str) -> DoorError:
    return DoorError(404, f"There is no snapshot {name!r}.", "GET /snapshots lists them; POST /snapshot takes one.")


def connection(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    """How to connect, with tokens that are good now: a reset makes the former ones void."""
    return {name: dict(vendor.connection_info()) for name, vendor in desk.twin.vendors.items()}


def get_switches(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    return desk.twin.get_switches()


def post_switches(desk: Desk, params: Params, body: SwitchesOrder) -> dict[str, Any]:
    for system in ("quickbooks", "salesforce", "pubsub"):
        values = getattr(body, system)
        if values:
            _ = _events(desk) if system == "pubsub" else _system(desk, system)
            desk.twin.set_switches(system, values)
    return desk.twin.get_switches()


def _events(desk: Desk) -> Companion:
    if "pubsub" not in desk.twin.companions:
        raise DoorError(404, "There is no event bus here.", "Start the emulators with an org that has one.")
    return desk.twin.companions["pubsub"]


def get_events(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    return _events(desk).view()


def post_events(desk: Desk, params: Params, body: EventsOrder) -> dict[str, Any]:
    try:
        return _events(desk).order(body)
    except ValueError as error:
        raise DoorError(422, f"This cannot be done: {error}.", "Change the order, and send it again.") from error


def _outbox(desk: Desk) -> Outbox:
    found = desk.twin.webhooks
    if found is None:
        raise DoorError(404, "No vendor here sends webhooks.", "Start the emulators with QuickBooks.")
    return found


def get_webhooks(desk: Desk, params: Params, body: Any) -> WebhookState:
    return _outbox(desk).view()


def post_webhooks(desk: Desk, params: Params, body: WebhookOrder) -> WebhookState:
    if body.target is not None and not loopback(body.target):
        raise DoorError(
            422,
            f"{body.target} is not on this machine.",
            "Emulated webhooks go to http://127.0.0.1:<port>/... only; null switches them off.",
        )
    _outbox(desk).point(body)
    return _outbox(desk).view()


def post_webhook_troubles(desk: Desk, params: Params, body: WebhookTroubles) -> WebhookState:
    try:
        _outbox(desk).trouble(body)
    except ValueError as error:
        raise DoorError(422, f"This cannot be done: {error}.", "Change the order, and send it again.") from error
    return _outbox(desk).view()


def scenario(desk: Desk, params: Params, body: Any) -> dict[str, Any]:
    known = desk.twin.memory
    facts = {name: known[name] for name in ("start_date", "books_closed", "today") if name in known}
    return {**desk.twin.scenario, "facts": facts, "planted": desk.twin.planted}
