"""How the event bus refuses, and what to do then: every code of salesforce reference 5.5, and statuses without one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from ml_connector.model.errors import BadAnswer, ConnectorError, LimitReached, SignInNeeded, Unreachable, WrongUse

PREFIX = "sfdc.platform.eventbus.grpc."
_CODE = re.compile(r"[a-z0-9.]{1,80}")
_SHOWN = 80


class Cause(Enum):
    """What to do about the end of a stream, or about a call that failed."""

    SESSION = "a new session, then the stream again from where it stood"
    AGAIN = "the stream again from where it stood, later and later"
    CROWDED = "as AGAIN, but not before some minutes are over: too many streams or calls"
    SETUP = "a person has to correct the set-up of the org or a right"
    SCHEMA = "the schema of an event cannot be had: a person has to look, the event is read by a sweep"
    POSITION = "the position is lost: a hole, and the stream anew"
    ALLOWANCE = "the org's deliveries of 24 hours are used up: a pause, sweeps take over"
    OURS = "what we asked was wrong: the stream anew, and it is reported"


_OURS = ("fetch.requested.events.invalid", "fetch.topic.mismatch", "fetch.request.invalid", "fetch.overflow")
_BY_CODE: Mapping[str, Cause] = {
    "service.auth.error": Cause.SESSION,
    "service.auth.headers.invalid": Cause.SETUP,
    "service.auth.refresh.invalid": Cause.SESSION,
    "service.tenant.license": Cause.SETUP,
    "service.unavailable": Cause.AGAIN,
    "subscription.internal.error": Cause.AGAIN,
    "topic.api.unavailable": Cause.AGAIN,
    "schema.api.unavailable": Cause.AGAIN,
    "service.protection.triggered": Cause.CROWDED,
    "service.protection.stream.limit.triggered": Cause.CROWDED,
    "concurrent.client.limit.exceeded": Cause.CROWDED,
    "topic.not.found": Cause.SETUP,
    "topic.validation.empty": Cause.SETUP,
    "subscription.topic.cannot.subscribe": Cause.SETUP,
    "topic.meta.permission": Cause.SETUP,
    "schema.meta.permission": Cause.SCHEMA,
    "schema.validation.failed": Cause.SCHEMA,
    "subscription.fetch.replayid.corrupted": Cause.POSITION,
    "subscription.fetch.replayid.validation.failed": Cause.POSITION,
    "subscription.fetch.replay.repeated": Cause.AGAIN,
    "subscription.limit.exceeded": Cause.ALLOWANCE,
    **{f"subscription.{name}": Cause.OURS for name in _OURS},
}
"""`service.auth.refresh.invalid`: of two sources one calls it fatal; a new session costs one call and tells."""
_BY_FAMILY = (("publish.", Cause.OURS), ("managed.subscription.", Cause.OURS))
"""What we never ask for; a stream that ends with it was asked wrongly."""
_BY_STATUS: Mapping[str, Cause] = {
    "UNAUTHENTICATED": Cause.SESSION,
    "PERMISSION_DENIED": Cause.SETUP,
    "NOT_FOUND": Cause.SETUP,
    "UNIMPLEMENTED": Cause.SETUP,
    "RESOURCE_EXHAUSTED": Cause.CROWDED,
}
"""Without a code, and with one that is new to us. Not INVALID_ARGUMENT: it does not mean a stale position by itself."""


class StreamEnded(Exception):
    """A stream or a call ended: what to do, the vendor's code without its prefix, the gRPC status by name."""

    def __init__(self, cause: Cause, code: str = "", status: str = "") -> None:
        super().__init__(f"{code or 'no code'} ({status or 'no status'})")
        self.cause = cause
        self.code = code
        self.status = status

    @property
    def error(self) -> ConnectorError:
        """The error for the health of the side, and for people."""
        return _error(self.cause, self.code or self.status or "without a reason")


def _error(cause: Cause, what: str) -> ConnectorError:
    again = "It is opened again by itself; sweeps find what changes meanwhile."
    match cause:
        case Cause.SESSION:
            remedy = "A new session is asked for. If it stays: the app must not lock sessions to an IP address."
            return SignInNeeded(f"The event bus of Salesforce refuses the session ({what}).", remedy)
        case Cause.SETUP:
            remedy = "Run  ml-connector setup salesforce  and see step 9 of setup-salesforce.md; sweeps go on."
            return WrongUse(f"Salesforce lets nobody listen to its change events here ({what}).", remedy)
        case Cause.ALLOWANCE:
            remedy = "The stream rests until old deliveries no longer count; sweeps take over."
            return LimitReached(f"Salesforce delivers no more events for now ({what}).", remedy)
        case Cause.SCHEMA | Cause.OURS:
            return BadAnswer(f"The event stream of Salesforce ended with {what}.", again)
        case Cause.POSITION:
            return BadAnswer(f"The position in the event stream is no longer valid ({what}).", again)
        case Cause.AGAIN | Cause.CROWDED:
            return Unreachable(f"The event stream of Salesforce ended ({what}).", again)


def cause_of(code: str, status: str) -> Cause:
    """By the vendor's code (without its prefix), else by the gRPC status."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    family = next((cause for beginning, cause in _BY_FAMILY if code.startswith(beginning)), None)
    return family or _BY_STATUS.get(status, Cause.AGAIN)


def ended(status: str, trailers: Iterable[tuple[object, object]]) -> StreamEnded:
    """From a gRPC status and trailers, whatever stands in them."""
    said = next((value for name, value in trailers if name == "error-code"), "")
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
    code = text[: _SHOWN + len(PREFIX)].removeprefix(PREFIX)
    code = code if _CODE.fullmatch(code) else ""
    return StreamEnded(cause_of(code, status), code, status)
