"""Faults that the control door (or a test) can put between a client and an emulated vendor.

A fault says which requests it strikes and what it does to them; the `FaultBook` picks, in order of adding,
with a seeded source of chance. `bodies.py` holds the bytes, `gate.py` applies them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from .wire import Request, Response

Kind = Literal[
    "delay",
    "drop_before",
    "drop_after",
    "timeout_before",
    "timeout_after",
    "status",
    "html",
    "xml",
    "ok_with_fault",
    "malformed",
    "cut",
    "kill_session",
    "revoke_token",
    "row_lock",
]
Shape = Literal["nan", "infinity", "huge_number", "duplicate_keys", "bad_utf8", "nul", "xml", "truncated", "empty"]

MAX_SECONDS = 600.0


class BadFault(ValueError):
    """The fault makes no sense; the message says what to change."""


On = Literal["read", "list", "write"]


class RecordMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of `kind`, by `id`, or by the values of its own fields (`where`, all of them).

    `on`: only where it is read by its id (`read`), is one of the answers to a question (`list`), or is written.
    """

    kind: str
    id: str = ""
    where: dict[str, Any] = {}
    on: Literal["any", "read", "list", "write"] = "any"

    def fits(self, on: On, kind: str, record: Mapping[str, Any]) -> bool:
        """Whether the record of that kind, as it is read or written, is meant."""
        if self.kind != kind or self.on not in ("any", on):
            return False
        if self.id and record.get("Id") != self.id:
            return False
        return all(record.get(name) == value for name, value in self.where.items())


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """One injectable fault.

    Match: `vendor` and `method` exactly (blank = any), `path` and `body` as regular expressions searched in
    `path?query` and in the request body. Of the matching requests the first `skip` pass, then each is struck
    with `probability`, at most `count` times.
    Effect: `seconds` waits (kinds delay, timeout_*), `status`, `code`, `message`, `element` shape error answers, `text`
    replaces the whole body, `retry_after` adds the header, `done` lets the vendor do the work before an error
    answer is sent (commit, then 429), `shape` says how an answer is malformed.
    With `record` a fault of kind `status` strikes where a request meets that record, as a refusal by the vendor:
    `whole` lets it take along all the rest of a batch.
    """

    kind: Kind
    vendor: str = ""
    method: str = ""
    path: str = ""
    body: str = ""
    probability: float = 1.0
    count: int | None = None
    skip: int = 0
    seconds: float = 0.0
    status: int = 0
    code: str = ""
    message: str = ""
    text: str | None = None
    retry_after: int | None = None
    done: bool = False
    shape: Shape = "truncated"
    record: RecordMatch | None = None
    element: str = ""
    whole: bool = False


class _Live:
    """A fault in force, with its compiled match and its counters."""

    def __init__(self, number: int, fault: Fault, random: Random) -> None:
        self.number = number
        self.fault = fault
        self.random = random
        self.path = re.compile(fault.path) if fault.path else None
        self.body = re.compile(fault.body.encode()) if fault.body else None
        self.seen = 0
        self.struck = 0

    def spent(self) -> bool:
        return self.fault.count is not None and self.struck >= self.fault.count

    def matches(self, vendor: str, request: Request) -> bool:
        fault = self.fault
        if fault.vendor and fault.vendor != vendor:
            return False
        if fault.method and fault.method.upper() != request.method:
            return False
        if self.path and not self.path.search(f"{request.path}?{request.query}"):
            return False
        return not (self.body and not self.body.search(request.body))

    def fits(self, on: On, kind: str, record: Mapping[str, Any]) -> bool:
        """Whether this is the record that is meant."""
        meant = self.fault.record
        return meant is not None and not self.spent() and meant.fits(on, kind, record)

    def strikes(self, vendor: str, request: Request) -> bool:
        return not self.spent() and self.matches(vendor, request) and self.chance()

    def chance(self) -> bool:
        self.seen += 1
        if self.seen <= self.fault.skip:
            return False
        if self.fault.probability < 1.0 and self.random.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True


class RecordFaults:
    """The faults at records that one request may meet; false when there is none.

    The vendor knows its records, the gate does not: the vendor asks `meet` at each record, before it answers with it
    or changes it, and refuses in its own manner.
    """

    def __init__(self, live: Iterable[_Live] = ()) -> None:
        self._live = tuple(live)
        self.struck = False

    def __bool__(self) -> bool:
        return bool(self._live)

    def meet(self, on: On, kind: str, *records: Mapping[str, Any], whole: bool | None = None) -> Fault | None:
        """The fault that strikes here, if any. `records` are forms of one record: as it is, as it shall be.

        `whole` asks only for faults that strike (or do not strike) a call as a whole.
        """
        for live in self._live:
            if whole is not None and live.fault.whole is not whole:
                continue
            if any(live.fits(on, kind, record) for record in records) and live.chance():
                self.struck = True
                return live.fault
        return None


NO_RECORD_FAULTS = RecordFaults()


@runtime_checkable
class MeetsRecords(Protocol):
    """A vendor that lets its records meet faults."""

    def handle_meeting(self, request: Request, faults: RecordFaults) -> Response:
        """Answer one request; each record that it touches may meet one of `faults`."""


class FaultBook:
    """The faults in force. All delays that strike add up; of the others the first one strikes."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._live: list[_Live] = []
        self._next = 1

    def add(self, fault: Fault) -> int:
        """Put a fault in force; gives its number. Raises `BadFault`."""
        check(fault)
        live = _Live(self._next, fault, self._random)
        self._next += 1
        self._live.append(live)
        return live.number

    @staticmethod
    def check(faults: Iterable[Fault]) -> None:
        """Raise `BadFault` unless every one of them could be added."""
        for fault in faults:
            check(fault)

    def remove(self, number: int) -> bool:
        """Take a fault away by its number; False when there is no such fault."""
        before = len(self._live)
        self._live = [live for live in self._live if live.number != number]
        return len(self._live) < before

    def clear(self) -> None:
        """Take all faults away; numbers go on."""
        self._live = []

    def reseed(self, seed: int) -> None:
        """Start chance anew: the same faults then strike the same requests."""
        self._random.seed(seed)

    def list(self) -> list[dict[str, Any]]:
        """Every fault with its number, how often it matched (`seen`) and how often it struck."""
        return [
            {"number": x.number, "seen": x.seen, "struck": x.struck, "fault": msgspec.to_builtins(x.fault)}
            for x in self._live
        ]

    def pick(self, vendor: str, request: Request) -> tuple[float, Fault | None]:
        """Seconds of delay and the fault for this request, if any."""
        delay, first = 0.0, None
        for live in self._live:
            slow = live.fault.kind == "delay"
            if live.fault.record is None and (slow or first is None) and live.strikes(vendor, request):
                delay += live.fault.seconds if slow else 0.0
                first = first if slow else live.fault
        return delay, first

    def at_records(self, vendor: str, request: Request) -> RecordFaults:
        """The faults at records that this request may meet."""
        live_faults = [live for live in self._live if live.fault.record is not None and live.matches(vendor, request)]
        return RecordFaults(live_faults) if live_faults else NO_RECORD_FAULTS


def check(fault: Fault) -> None:
    """Raise `BadFault` with a remedy unless the fault can be applied."""
    _pattern("path", fault.path)
    _pattern("body", fault.body)
    if not 0.0 <= fault.probability <= 1.0:
        raise BadFault("probability must lie between 0 and 1")
    if fault.skip < 0 or (fault.count is not None and fault.count < 1):
        raise BadFault("skip must be 0 or more, and count 1 or more (leave count out for no limit)")
    if not 0.0 <= fault.seconds <= MAX_SECONDS:
        raise BadFault(f"seconds must lie between 0 and {MAX_SECONDS:g}")
    if fault.retry_after is not None and fault.retry_after < 0:
        raise BadFault("retry_after must be 0 or more")
    if fault.status and not 200 <= fault.status <= 599:
        raise BadFault("status must be an HTTP status from 200 to 599")
    if fault.kind == "status" and not fault.status:
        raise BadFault('kind "status" needs a status, for example 429')
    if fault.kind == "delay" and not fault.seconds:
        raise BadFault('kind "delay" needs seconds, for example 0.5')
    if fault.kind == "ok_with_fault" and fault.vendor not in ("", "quickbooks"):
        raise BadFault("only QuickBooks answers 200 with a Fault body; leave vendor out or say quickbooks")
    if fault.kind == "row_lock" and fault.vendor != "salesforce":
        raise BadFault("only Salesforce locks rows; say vendor salesforce")
    _check_record(fault)


def _check_record(fault: Fault) -> None:
    if fault.record is None:
        if fault.whole:
            raise BadFault('whole belongs to a fault at a record; add record, for example {"kind": "Invoice"}')
        return
    if fault.kind != "status" or not fault.vendor:
        raise BadFault('a fault at a record is of kind "status", and names its vendor')
    if fault.done or fault.retry_after is not None or fault.text is not None:
        raise BadFault("a record is refused in the vendor's own manner: without done, retry_after and text")
    if fault.status < 400:
        raise BadFault("a record is refused with a status from 400 on")


def _pattern(name: str, text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise BadFault(f"{name} is not a regular expression: {error}") from error
