"""What a QuickBooks fault means for a read and for a write (reference section 12). Matched by code, never by text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer, ConnectorError, ReadRefused, SignInNeeded, Unreachable
from ml_connector.model.plans import Later, Outcome, Refused, Unsure
from ml_connector.systems import wire
from ml_connector.systems.http import Response, limit_reached
from ml_connector.systems.words import failure, first_words

THROTTLED = "3001"
STALE = "5010"
BUSINESS_RULE = "6000"
SYSTEM_FAILURE = "10000"
NO_PERMISSION = "5020"
_SIGN_IN = frozenset({"120", "3100", "3200"})
_ENDED = "6190"
THROTTLE_PAUSE = timedelta(seconds=60)
_SHORT_PAUSE = timedelta(minutes=5)
_ASKS_TO_WAIT = re.compile(r"try again|few minutes|later", re.IGNORECASE)
_LONGEST_TEXT = 500

RECONNECT = "Connect QuickBooks again:  ml-connector connect quickbooks  (waiting changes are kept)"


class Problem(msgspec.Struct, frozen=True):
    """One entry of a fault. `code` is without leading zeros, `element` names the field, where there is one."""

    code: str
    message: str = ""
    detail: str = ""
    element: str = ""

    @property
    def text(self) -> str:
        """What QuickBooks says; the detail often repeats the message."""
        parts = [self.detail] if self.detail.startswith(self.message) else [self.message, self.detail]
        return ": ".join(part for part in parts if part)[:_LONGEST_TEXT]


def problems_in(tree: Any) -> tuple[Problem, ...] | None:
    """The entries of a fault, None if the answer is none. The service spells it `Fault`, the gateway `fault`."""
    if not isinstance(tree, dict):
        return None
    fault = tree.get("Fault") or tree.get("fault")
    if not isinstance(fault, dict):
        return None
    entries = fault.get("Error") or fault.get("error") or []
    problems = tuple(_problem(entry) for entry in entries if isinstance(entry, dict))
    return problems or (Problem(code="", message=_text(fault.get("type"))),)


def _problem(entry: dict[str, Any]) -> Problem:
    def part(name: str) -> str:
        return _text(entry.get(name, entry.get(name.lower())))

    code = part("code")
    return Problem(code.lstrip("0") or code, part("Message"), part("Detail"), part("element"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def outcome_of(problems: Iterable[Problem]) -> Later | Refused | Unsure:
    """What a fault says about a write: surely not applied now (`Later`) or ever (`Refused`), or perhaps (`Unsure`)."""
    problems = tuple(problems)
    codes = {problem.code for problem in problems}
    if SYSTEM_FAILURE in codes or codes == {""}:
        return Unsure("QuickBooks reports a failure of its own")
    if STALE in codes:
        return Later("someone else changed it meanwhile", stale=True)
    if THROTTLED in codes:
        return Later("too many calls", after=THROTTLE_PAUSE)
    if codes & _SIGN_IN:
        return Later("QuickBooks does not accept the sign-in")
    if codes == {BUSINESS_RULE} and any(_ASKS_TO_WAIT.search(problem.text) for problem in problems):
        return Later("QuickBooks asks to wait", after=_SHORT_PAUSE)
    return Refused(
        code=problems[0].code,
        message="; ".join(dict.fromkeys(problem.text for problem in problems))[:_LONGEST_TEXT],
        fields=tuple(dict.fromkeys(problem.element for problem in problems if problem.element)),
        right=NO_PERMISSION in codes,
    )


def outcome_of_status(response: Response, wait: timedelta | None) -> Outcome | None:
    """What the status of an answer to a write says; None where the body must say it."""
    if response.status == 429:
        return Later("too many calls", after=wait if wait is not None else THROTTLE_PAUSE)
    if response.status == 401:
        return Later("QuickBooks does not accept the sign-in")
    if response.status >= 500 or response.status == 408:
        return Unsure(failure("QuickBooks", response.status, *_said(response)))
    return None


def _said(response: Response) -> tuple[str, str]:
    """Code and words of an answer that is a failure; a web page or a text has words only."""
    try:
        problems = problems_in(wire.loads(response.body, "a failure", strict=False)) or ()
    except BadAnswer:
        problems = ()
    words = "; ".join(dict.fromkeys(problem.text for problem in problems))
    return (problems[0].code if problems else "", first_words(words or response.body))


def failing_read(response: Response) -> ReadRefused:
    """The refusal that a failure of the vendor's own is, where it comes each time and other reads are answered."""
    code, words = _said(response)
    return ReadRefused(
        f"QuickBooks fails at a read each time (status {response.status}), and answers others.",
        "What it fails at is held; it is asked again by itself, less and less often.",
        code or f"status {response.status}",
        words,
    )


def readable(response: Response, what: str) -> Any:
    """The JSON of an answer to a read. Raises by what to do next; see `model/errors.py`."""
    if response.status == 401:
        raise sign_in_refused()
    if response.status >= 500:
        raise Unreachable(f"QuickBooks answered with status {response.status}.", "It is tried again later by itself.")
    try:
        tree = wire.loads(response.body, what, strict=False)
    except BadAnswer:
        if response.status == 200:
            raise
        tree = None
    problems = problems_in(tree)
    if problems is not None or response.status != 200:
        raise _error_of(response.status, problems or ())
    return tree


def _error_of(status: int, problems: tuple[Problem, ...]) -> ConnectorError:
    codes = {problem.code for problem in problems}
    if THROTTLED in codes:
        return limit_reached("QuickBooks")
    if _ENDED in codes:
        return SignInNeeded(
            "The QuickBooks subscription of this company has ended.",
            "Renew it in QuickBooks; waiting changes are kept and go on by themselves.",
        )
    if codes & _SIGN_IN or status == 403:
        return sign_in_refused()
    if SYSTEM_FAILURE in codes:
        return Unreachable("QuickBooks reports a failure of its own.", "It is tried again later by itself.")
    code = problems[0].code if problems else f"status {status}"
    words = "; ".join(dict.fromkeys(problem.text for problem in problems))[:_LONGEST_TEXT]
    return ReadRefused(
        f"QuickBooks refuses a read (code {code}).", "Report this with the time and the call id.", code, words
    )


def sign_in_refused() -> SignInNeeded:
    """The error where only a person can go on: by connecting anew."""
    return SignInNeeded("QuickBooks no longer accepts the connection's sign-in.", RECONNECT)
