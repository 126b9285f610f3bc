"""Both vendors behind one gate, without sockets: what tests, simulations and the socket shells all stand on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Protocol

import msgspec

from .clock import VirtualClock
from .control_bodies import BadOrder, EventsOrder, Operation, Planted, SeedFailure, SeedReport
from .faults import FaultBook
from .gate import Gate, Outcome
from .log import RequestLog
from .snapshots import Snapshots
from .switches import checked, settable
from .webhooks import Outbox
from .wire import Request, Vendor

YEARS = range(1990, 2200)
_PARTS = ("days", "hours", "minutes", "seconds")
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_.]+))?\}")


class EmulatedVendor(Vendor, Protocol):
    """A vendor as the emulation needs it: with switches, and a state that can be put aside and brought back."""

    @property
    def switches(self) -> Any:
        """A dataclass of what may be turned while it runs."""

    def connection_info(self) -> Mapping[str, Any]:
        """Where a client finds it and signs in; secrets of the emulator are among it."""

    def snapshot(self) -> Any:
        """All state but clock and switches, as a value that later work does not change."""

    def restore(self, snapshot: Any) -> None:
        """Back to a snapshot, which may be restored again."""


class Companion(Protocol):
    """What stands beside a vendor and goes back and forth with it: the event bus of an org."""

    @property
    def switches(self) -> Any:
        """A dataclass of what may be turned while it runs."""

    def order(self, order: EventsOrder) -> dict[str, Any]:
        """Do what `POST /events` says; its view afterwards. Raises `BadOrder`."""

    def view(self) -> dict[str, Any]:
        """What `GET /events` shows."""

    def snapshot(self) -> Any:
        """All state but switches, as a value that later work does not change."""

    def restore(self, snapshot: Any) -> None:
        """Back to a snapshot, which may be restored again."""

    def reset(self) -> None:
        """An empty log and nothing ordered; switches stay."""


class Refused(Exception):
    """A vendor refused an operation; `reason` is what it said."""

    def __init__(self, reason: Any) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Emulation:
    """`serve` for clients, `act` and `run` for the people behind the screens."""

    def __init__(
        self,
        vendors: Mapping[str, EmulatedVendor],
        clock: VirtualClock,
        random: Random,
        *,
        refusals: tuple[type[Exception], ...] = (),
        keep: int = 10_000,
    ) -> None:
        """`refusals` are the exceptions by which a vendor's `act` refuses; `keep` is how many log entries stay."""
        self.vendors = dict(vendors)
        self.companions: dict[str, Companion] = {}
        self.clock = clock
        self.random = random
        self.faults = FaultBook(Random(random.getrandbits(64)))  # noqa: S311  # repeatable, and apart from the vendors'
        self.log = RequestLog(keep)
        self.gate = Gate(self.vendors, self.faults, self.log, clock.now)
        self.planted: list[Planted] = []
        self.scenario: dict[str, Any] = {"scenario": "", "scale": 0, "seed": 0, "days": 0}
        self.memory: dict[str, Any] = {}
        self.snapshots = Snapshots(self)
        self._turns = 0
        self._refusals = refusals

    @property
    def webhooks(self) -> Outbox | None:
        """What the vendor that sends webhooks has to deliver; None when there is no such vendor."""
        outboxes = (getattr(vendor, "webhooks", None) for vendor in self.vendors.values())
        return next((outbox for outbox in outboxes if outbox is not None), None)

    @property
    def parts(self) -> dict[str, EmulatedVendor | Companion]:
        """Vendors and companions by name."""
        return {**self.vendors, **self.companions}

    @property
    def seen(self) -> Any:
        """Differs from what it was before as soon as something happened that may have changed the state."""
        return self.log.ever, self._turns, self.clock.snapshot()

    def serve(self, vendor: str, request: Request) -> Outcome:
        """One request of a client: through faults, vendor and log. Nothing is waited for; the outcome says how long."""
        return self.gate.serve(vendor, request)

    def act(self, system: str, op: str, kind: str, body: Mapping[str, Any], realm: str = "") -> dict[str, Any]:
        """One operation of a vendor's user, of the company `realm` if there are several. Raises `Refused`.

        Any other exception is a fault of the emulator, and passes.
        """
        self._turns += 1
        where = {"realm": realm} if realm else {}
        try:
            return self.vendors[system].act({"op": op, "kind": kind, "body": dict(body), **where})
        except Refused:
            raise
        except self._refusals as error:
            raise Refused(_reason(error)) from error

    def run(self, operations: Iterable[Operation], *, rollback: bool = False) -> SeedReport:
        """Run a list until one is refused, and say how far it went."""
        before = self.snapshot() if rollback else None
        results: list[Any] = []
        names: dict[str, Any] = {}
        for index, operation in enumerate(operations):
            try:
                result = self._step(operation, names)
            except Refused as refused:
                if before is not None:
                    self.restore(before)
                return SeedReport(False, index, results, SeedFailure(index, refused.reason))
            results.append(result)
            if operation.save_as:
                names[operation.save_as] = result
        return SeedReport(True, len(results), results)

    def _step(self, operation: Operation, names: Mapping[str, Any]) -> Any:
        if operation.system == "clock":
            return set_clock(self.clock, {**operation.body, "op": operation.op})
        if operation.system not in self.vendors:
            raise Refused(f"no system {operation.system} here")
        body = _filled(operation.body, names)
        return self.act(operation.system, operation.op, operation.kind, body, str(_filled(operation.realm, names)))

    def snapshot(self) -> dict[str, Any]:
        """Vendors, clock, chance and what is planted; faults and the log stay out of it."""
        return {
            "vendors": {name: vendor.snapshot() for name, vendor in self.vendors.items()},
            "companions": {name: companion.snapshot() for name, companion in self.companions.items()},
            "clock": self.clock.snapshot(),
            "random": self.random.getstate(),
            "planted": list(self.planted),
            "scenario": dict(self.scenario),
            "memory": deepcopy(self.memory),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Back to what `snapshot` gave; it may be restored again. Faults, log and switches stay."""
        self._turns += 1
        for name, vendor in self.vendors.items():
            vendor.restore(snapshot["vendors"][name])
        for name, kept in snapshot.get("companions", {}).items():
            self.companions[name].restore(kept)
        self.clock.restore(snapshot["clock"])
        self.random.setstate(snapshot["random"])
        self.planted = list(snapshot["planted"])
        self.scenario = dict(snapshot["scenario"])
        self.memory = deepcopy(snapshot["memory"])

    def reset(self) -> None:
        """Back to nothing: both vendors, faults, log, what is planted. Clock and switches stay."""
        self._turns += 1
        for vendor in self.vendors.values():
            kept = {field.name: getattr(vendor.switches, field.name) for field in fields(vendor.switches)}
            vendor.reset()
            for name, value in kept.items():
                setattr(vendor.switches, name, value)
        for companion in self.companions.values():
            companion.reset()
        self.faults.clear()
        self.log.clear()
        self.planted = []
        self.scenario = {"scenario": "", "scale": 0, "seed": 0, "days": 0}
        self.memory = {}

    def get_switches(self) -> dict[str, dict[str, Any]]:
        """The switches of every vendor and companion, by name."""
        return {
            system: {name: getattr(part.switches, name) for name in settable(part.switches.__class__)}
            for system, part in self.parts.items()
        }

    def set_switches(self, system: str, values: Mapping[str, Any]) -> None:
        """Set a vendor's switches, all or none. Raises `Refused`."""
        switches = self.parts[system].switches
        try:
            good = checked(switches, values)
        except BadOrder as error:
            raise Refused(f"{system}: {error}") from error
        self._turns += 1
        for name, value in good.items():
            setattr(switches, name, value)


def _reason(error: Exception) -> Any:
    """What the vendor said: the body it would have answered, else its words."""
    body = getattr(error, "body", None)
    if callable(body):
        return body()
    code = getattr(error, "code", None)
    if code is not None:
        return {"errorCode": code, "message": str(error), "fields": getattr(error, "fields", [])}
    return str(error)


def set_clock(clock: VirtualClock, order: Mapping[str, Any]) -> dict[str, Any]:
    """Do one clock order (see `ClockOrder`) and say what time it is now. Raises `Refused`."""
    _turn(clock, order.get("op"), _instant(order.get("at")), _length(order))
    return {"now": clock.now(), "frozen": clock.frozen}


def _length(order: Mapping[str, Any]) -> timedelta:
    """The sum of days, hours, minutes and seconds. Raises `Refused`."""
    counts = {part: _count(order.get(part) or 0) for part in _PARTS}
    try:
        return timedelta(**counts)
    except (OverflowError, ValueError) as error:  # beyond a `timedelta`, or not a number
        raise Refused(f"the clock cannot go there: {error}") from error


def _count(value: Any) -> int | float:
    """A number of days, hours, minutes or seconds, however it was decoded. Raises `Refused`."""
    if isinstance(value, Decimal):
        return value.__float__()
    if not isinstance(value, int | float):
        raise Refused(f"the clock cannot go there: {value!r} is not a number")
    return value


def _after(now: datetime, by: timedelta) -> datetime:
    try:
        return now + by
    except OverflowError as error:
        raise Refused(f"the clock cannot go there: {error}") from error


def _turn(clock: VirtualClock, op: Any, at: datetime | None, by: timedelta) -> None:
    if op == "advance":
        _in_reach(_after(clock.now(), by))  # before the clock moves
    elif at is not None:
        _in_reach(at)
    if op == "freeze":
        clock.freeze(at)
    elif op == "run":
        clock.run()
    elif op == "set" and at is not None:
        clock.set(at)
    elif op == "advance" and by:
        clock.advance(by)
    else:
        raise Refused("say freeze, run, set with `at`, or advance by seconds, minutes, hours or days")


def _in_reach(at: datetime) -> None:
    if at.year not in YEARS:
        raise Refused(f"the clock only goes from {YEARS[0]} to {YEARS[-1]}")


def _instant(value: Any) -> datetime | None:
    """An instant in UTC from a `datetime` or RFC 3339 text."""
    if value is None:
        return None
    try:
        at = msgspec.convert(value, datetime)
    except msgspec.ValidationError as error:
        raise Refused(f"at is not an instant: {error}") from error
    if at.tzinfo is None:
        raise Refused("at needs a time zone, for example 2026-11-20T17:00:00Z")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:  # the first or the last hours of the calendar
        raise Refused(f"the clock cannot go there: {error}") from error


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    """`value` with every `${name}` and `${name.Field}` replaced by what that earlier operation gave."""
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _look(whole, names)
    return _REFERENCE.sub(lambda match: str(_look(match, names)), value)


def _look(match: re.Match[str], names: Mapping[str, Any]) -> Any:
    name, path = match.group(1), match.group(2) or "Id"
    if name not in names:
        raise Refused(f"${{{name}}} names no earlier operation; give that one save_as: {name}")
    value = names[name]
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            raise Refused(f"${{{name}.{path}}}: the record has no {part}")
        value = value[part]
    return value
