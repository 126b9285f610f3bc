"""The gate: one request through faults, vendor and log. No sockets, no waiting; the caller waits or drops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec

from . import bodies, emulator_faults
from .faults import Fault, FaultBook, MeetsRecords
from .log import RequestLog, path_shape
from .wire import Cost, Request, Response, Vendor

DEFAULT_HANG = 130.0
FREE = Cost()


class Answer(msgspec.Struct, frozen=True):
    """Send `response` after `delay` seconds; with `cut`, break the connection half way through its body."""

    response: Response
    delay: float = 0.0
    cut: bool = False


class Dropped(msgspec.Struct, frozen=True):
    """No answer: the connection closes after `delay` seconds. `done` says whether the vendor did the work."""

    done: bool
    delay: float = 0.0


Outcome = Answer | Dropped


class Gate:
    """What all requests of a run pass: the faults in force, the vendor by name, the log. One for all vendors."""

    def __init__(
        self,
        vendors: Mapping[str, Vendor],
        faults: FaultBook,
        log: RequestLog,
        now: Callable[[], datetime],
    ) -> None:
        self.vendors = vendors
        self.faults = faults
        self.log = log
        self.now = now

    def serve(self, vendor: str, request: Request) -> Outcome:
        """Serve one request at `vendor` ("quickbooks" or "salesforce"). Raises `KeyError` for other names.

        An unexpected exception in the vendor's code is answered as a fault of the emulator.
        """
        served = self.vendors[vendor]
        started = perf_counter()
        at = self.now()
        try:
            outcome, cost, label = self._faulted(served, request)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a mistake of ours, and is told as one
            emulator_faults.report(error, f"{vendor} {request.method} {path_shape(request.path)}")
            outcome, cost, label = Answer(emulator_faults.response(error)), FREE, emulator_faults.LABEL
        status = outcome.response.status if isinstance(outcome, Answer) else 0
        spent = (perf_counter() - started) * 1000
        size = len(request.body)
        self.log.add(at, vendor, request.method, request.path, request.query, status, cost, label, spent, size)
        return outcome

    def _faulted(self, vendor: Vendor, request: Request) -> tuple[Outcome, Cost, str]:
        """The outcome with the faults that were ordered, what it costs, and the name of what struck."""
        asked = msgspec.structs.replace(request, method="GET") if request.method == "HEAD" else request
        delay, fault = self.faults.pick(vendor.name, asked)
        records = self.faults.at_records(vendor.name, asked)
        if fault is None and records and isinstance(vendor, MeetsRecords):
            response = vendor.handle_meeting(asked, records)
            return Answer(response, delay), vendor.cost(asked, response), _RECORD if records.struck else _slow(delay)
        outcome, cost = self._answer(vendor, asked, delay, fault)
        return outcome, cost, fault.kind if fault else _slow(delay)

    def _answer(self, vendor: Vendor, request: Request, delay: float, fault: Fault | None) -> tuple[Outcome, Cost]:
        if fault is None:
            response, cost = _do(vendor, request)
            return Answer(response, delay), cost
        if fault.kind in ("drop_before", "timeout_before"):
            return Dropped(False, delay + _hang(fault)), FREE
        if fault.kind in ("kill_session", "revoke_token"):
            if not _sever(vendor, fault.kind):
                return Answer(bodies.error(vendor.name, _GONE, self.now()), delay), FREE
            response, cost = _do(vendor, request)
            return Answer(response, delay), cost
        if fault.kind == "row_lock":
            return self._locked(vendor, request, delay)
        if fault.kind in _INSTEAD:
            cost = _do(vendor, request)[1] if fault.done else FREE
            return Answer(self._instead(vendor.name, fault), delay), cost
        response, cost = _do(vendor, request)
        if fault.kind == "malformed":
            return Answer(bodies.malformed(response, fault), delay), cost
        if fault.kind == "cut":
            return Answer(response, delay, cut=True), cost
        return Dropped(True, delay + _hang(fault)), cost

    def _locked(self, vendor: Vendor, request: Request, delay: float) -> tuple[Outcome, Cost]:
        """The first row that this request writes is locked by somebody else; nothing of it stays for later ones."""
        switches: Any = getattr(vendor, "switches")  # noqa: B009  # vendors without such a switch are not asked
        before = switches.lock_next
        switches.lock_next = before + 1
        response, cost = _do(vendor, request)
        switches.lock_next = min(before, switches.lock_next)
        return Answer(response, delay), cost

    def _instead(self, vendor: str, fault: Fault) -> Response:
        if fault.kind == "ok_with_fault":
            return bodies.ok_with_fault(fault, self.now())
        if fault.kind in ("html", "xml"):
            return bodies.page(fault)
        return bodies.error(vendor, fault, self.now())


_GONE = Fault("status", status=401)
_RECORD = "record"
"""What the request log names as the fault of a request that met one at a record."""


def _slow(delay: float) -> str:
    return "delay" if delay else ""


# Ending sessions and connections, in the words of each vendor's `act`.
_SEVER = {
    ("salesforce", "kill_session"): "kill_sessions",
    ("salesforce", "revoke_token"): "kill_sessions",
    ("quickbooks", "kill_session"): "kill_sessions",
    ("quickbooks", "revoke_token"): "disconnect",
}
_INSTEAD = frozenset({"status", "html", "xml", "ok_with_fault"})


def _do(vendor: Vendor, request: Request) -> tuple[Response, Cost]:
    response = vendor.handle(request)
    return response, vendor.cost(request, response)


def _sever(vendor: Vendor, kind: str) -> bool:
    """End sessions or the connection at the vendor, so that the request finds out; False: the vendor cannot."""
    op = _SEVER.get((vendor.name, kind))
    if op is None:
        return False
    vendor.act({"op": op, "kind": "", "body": {}})
    return True


def _hang(fault: Fault) -> float:
    return (fault.seconds or DEFAULT_HANG) if fault.kind.startswith("timeout") else 0.0
