"""What Salesforce says when something goes wrong, and what that means for a call and for a write.

A call fails with an array of `{"message", "errorCode", "fields"}`; an item of a collection with the same under
`statusCode` (salesforce reference 2.6). Only what is surely not applied is `Later` or `Refused`; the rest is `Unsure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from ml_connector.model.errors import (
    BadAnswer,
    ConnectorError,
    LimitReached,
    ReadRefused,
    SignInNeeded,
    Unreachable,
    WrongUse,
)
from ml_connector.model.plans import Done, Duplicates, Later, Outcome, Refused, Unsure
from ml_connector.model.refs import Ref
from ml_connector.systems.words import failure, first_words

from .records import SYSTEM, long_id

LOCKED = "UNABLE_TO_LOCK_ROW"
LIMIT = "REQUEST_LIMIT_EXCEEDED"
AWAY = "SERVER_UNAVAILABLE"
SESSION = "INVALID_SESSION_ID"

_LIMIT_WAIT = timedelta(minutes=15)
_LATER: Mapping[str, timedelta | None] = {
    LOCKED: None,
    LIMIT: _LIMIT_WAIT,
    SESSION: None,
    AWAY: timedelta(minutes=1),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": None,
    "PROCESSING_HALTED": None,
    # An approval process or a full disk: a person must act, and then the same request will do.
    "ENTITY_IS_LOCKED": timedelta(hours=1),
    "STORAGE_LIMIT_EXCEEDED": timedelta(hours=1),
}
_NO_API = ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED")
_PASSING = ("INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG", AWAY, LOCKED)
_LONGEST_TEXT = 500
_NO_RIGHT = "INSUFFICIENT_ACCESS"
_DRIFT = ("INVALID_FIELD", "INVALID_TYPE")


class Fault(msgspec.Struct, frozen=True):
    """One complaint. `duplicates` is what a duplicate rule found."""

    code: str
    message: str = ""
    fields: tuple[str, ...] = ()
    duplicates: Duplicates | None = None


def faults(body: Any) -> list[Fault]:
    """The complaints in a decoded body; empty when it has none that can be read."""
    rows = body if isinstance(body, list) else [body]
    complaints = [_fault(row) for row in rows if isinstance(row, Mapping)]
    return [fault for fault in complaints if fault is not None]


def _fault(row: Mapping[str, Any]) -> Fault | None:
    code = row.get("errorCode", row.get("statusCode"))
    if not isinstance(code, str) or not code:
        return None
    named = row.get("fields")
    fields = tuple(n for n in named if isinstance(n, str)) if isinstance(named, list) else ()
    message = row.get("message")
    return Fault(code, message if isinstance(message, str) else "", fields, _duplicates(row))


def _duplicates(row: Mapping[str, Any]) -> Duplicates | None:
    """The rule, and the records that it took for the same (the key is misspelt in some versions)."""
    result = row.get("duplicateResult", row.get("duplicateResut"))
    if not isinstance(result, Mapping):
        return None
    ids: dict[str, None] = {}
    for match in _list(result, "matchResults"):
        for entry in _list(match, "matchRecords"):
            record = entry.get("record") if isinstance(entry, Mapping) else None
            record_id = record.get("Id") if isinstance(record, Mapping) else None
            if isinstance(record_id, str):
                ids[record_id] = None
    rule = result.get("duplicateRule")
    return Duplicates(rule if isinstance(rule, str) else "", result.get("allowSave") is True, tuple(ids))


def _list(value: Any, name: str) -> list[Any]:
    inner = value.get(name) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, list) else []


def is_drift(error: ConnectorError) -> bool:
    """Is it the complaint that a field or an object is not there (any more)? Then describe has to be read again."""
    return isinstance(error, ReadRefused) and error.code in _DRIFT


def error_of(status: int, body: Any) -> ConnectorError:
    """The error to raise for a call that did not succeed. `body` is decoded JSON, or None where it was none."""
    fault = next(iter(faults(body)), Fault(""))
    if fault.code == LIMIT or status == 429:
        return limit_reached()
    if fault.code in _NO_API:
        return SignInNeeded(
            "Salesforce does not let this user call its API.",
            "Give the integration user the right API Enabled, and check that the edition of the org includes the API.",
        )
    if fault.code == "UNSUPPORTED_API_VERSION":
        return WrongUse("Salesforce has retired this API version.", "Set salesforce.api_version to a newer one.")
    if status == 401:
        return session_refused()
    if status >= 500 or status == 408 or fault.code in _PASSING:
        return Unreachable(f"Salesforce could not finish a call (HTTP {status}).", "It is tried again by itself.")
    if fault.code:
        return ReadRefused(
            f"Salesforce refused a call with {fault.code} (HTTP {status}).",
            "Run `ml-connector doctor`: mostly a field, an object or a right is missing.",
            fault.code,
            fault.message[:_LONGEST_TEXT],
        )
    return BadAnswer(f"Salesforce answered HTTP {status} without a readable reason.", "It is tried again by itself.")


def failing_read(status: int, body: Any, words: str) -> ReadRefused:
    """The refusal that a failure of the vendor's own is, where it comes each time and other reads are answered.

    `words` are the first of an answer that has no complaint which can be read.
    """
    fault = next(iter(faults(body)), Fault(""))
    return ReadRefused(
        f"Salesforce fails at a read each time (HTTP {status}), and answers others.",
        "What it fails at is held; it is asked again by itself, less and less often.",
        fault.code or f"HTTP {status}",
        first_words(fault.message) or words,
    )


def limit_reached() -> LimitReached:
    """The error after REQUEST_LIMIT_EXCEEDED or 429 (reference 3.1)."""
    return LimitReached(
        "Salesforce allows no more API calls for now (its limit counts the last 24 hours).",
        "Work goes on by itself. If it happens often, ask Salesforce for more calls or stop other heavy integrations.",
    )


def session_refused() -> SignInNeeded:
    """The error after 401 with a session that is new: signing in again would not help (reference 1.5)."""
    return SignInNeeded(
        "Salesforce refuses a session that it has just given out.",
        "Check that the app does not lock sessions to an IP address, then run `ml-connector connect salesforce`.",
    )


def outcome_of_item(item: Any, kind: str, action: str) -> Outcome:
    """The outcome of one item of a collection's answer."""
    if not isinstance(item, Mapping):
        return Unsure("Salesforce answered an item that cannot be read.")
    if item.get("success") is True:
        return _done(item, kind, action)
    complaints = faults(item.get("errors"))
    if item.get("success") is not False or not complaints:
        return Unsure("Salesforce answered an item without success and without a reason.")
    return outcome_of_fault(complaints)


def _done(item: Mapping[str, Any], kind: str, action: str) -> Outcome:
    try:
        ref = Ref(SYSTEM, kind, long_id(item["id"]))
    except (KeyError, TypeError, WrongUse):
        return Unsure("Salesforce said done, but not for which record.")
    return Done(ref, created=item.get("created", action == "create") is True)


def outcome_of_fault(complaints: list[Fault]) -> Later | Refused:
    """The outcome of a write that Salesforce surely did not apply."""
    for fault in complaints:
        # Customer automation wraps a lock in its own code and text.
        if LOCKED in fault.message:
            return Later(LOCKED)
        if fault.code in _LATER:
            return Later(fault.code, _LATER[fault.code])
    first = complaints[0]
    right = first.code.startswith(_NO_RIGHT)
    return Refused(first.code, first.message, first.fields, first.duplicates, right)


def outcome_of_call(status: int, body: Any, words: str = "") -> Outcome:
    """The outcome of every write in a request that failed as a whole. `words`: as for `failing_read`."""
    complaints = faults(body)
    if status == 429 or (complaints and complaints[0].code == LIMIT):
        return Later(LIMIT, _LIMIT_WAIT)
    if 400 <= status < 500 and status != 408 and complaints:
        return outcome_of_fault(complaints)
    # Also SERVER_UNAVAILABLE: nobody promises that a gateway which gave up had not handed the request on.
    code, said = (complaints[0].code, first_words(complaints[0].message)) if complaints else ("", words)
    return Unsure(failure("Salesforce", status, code, said))
