"""Errors, named by what to do next. Each carries a sentence and a remedy, both in plain words.

    ConnectorError            exit 1
    +-- WrongUse              exit 2   correct the command, the setting or the file
    |   +-- NoPosition                 the state does not say up to where a system was read
    +-- NotProved             exit 2   who acts must prove to be a person who may do this
    +-- BadAnswer             exit 1   a vendor answered something that cannot be read; nothing was changed by it
    |   +-- ReadRefused                it refuses to answer what was asked
    +-- Unreachable           exit 3   try again later; the connection or a limit stopped us
    +-- SignInNeeded          exit 3   a person must reconnect
    +-- LimitReached          exit 3   a vendor's limit; goes on by itself
    +-- Stopped               exit 3   nothing was lost; whoever stopped it, or the next run, lets it go on
    |   +-- Busy                       another run is at work on the connection
    |   +-- LeaseLost                  another run has taken the connection over
    |   +-- SleptTooLong               the machine slept, and another run may have taken over
    |   +-- Paused                     an operator has stopped all writes
    |   +-- DryRun                     no plan was applied yet
    |   +-- Interrupted                somebody pressed Ctrl+C
    +-- StateTrouble          exit 3   our own database or key file cannot be used; nothing is acknowledged
    +-- StateTampered         exit 1   a row of our own state was written by somebody without the key

No message may hold a secret, a token or a personal datum.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """A problem with a remedy. `sentence` says what is the case, `remedy` what to do now."""

    exit_status = 1

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy
        self.system = ""
        """The side that it is about, set by that vendor's client; blank where it is about neither."""


class WrongUse(ConnectorError):
    """A wrong option, setting, file or name."""

    exit_status = 2


class NoPosition(WrongUse):
    """The stored position of a sweep is none: everything is listed anew."""


class NotProved(ConnectorError):
    """Nobody has proved to be a person who may do this, or not by the right password or token."""

    exit_status = 2


class BadAnswer(ConnectorError):
    """A vendor's answer that breaks its own format: not JSON, wrong types, an amount that is none, a missing part."""


class ReadRefused(BadAnswer):
    """A read that a vendor refuses for what it asks, or for a record in its answer: the same question fails again.

    `code` and `words` are the vendor's. The words may hold personal data: they stand in holds, never in a log. `kinds`
    are those of which nothing is listed, where that is what is refused.
    """

    def __init__(
        self, sentence: str, remedy: str, code: str = "", words: str = "", kinds: tuple[str, ...] = ()
    ) -> None:
        super().__init__(sentence, remedy)
        self.code = code
        self.words = words
        self.kinds = kinds


class Unreachable(ConnectorError):
    """No connection, no answer in time, or a server error that stays."""

    exit_status = 3


class SignInNeeded(ConnectorError):
    """The vendor no longer accepts our credentials. The knocks are kept; work resumes where it stood."""

    exit_status = 3


class LimitReached(ConnectorError):
    """A vendor's rate or allocation is used up."""

    exit_status = 3


class Stopped(ConnectorError):
    """Work was stopped before its end, and nothing of it is lost."""

    exit_status = 3


class Busy(Stopped):
    """Another run holds the lease of this connection, and is at work on it."""


class LeaseLost(Stopped):
    """Another run has taken this connection over; this one changes nothing any more."""


class SleptTooLong(Stopped):
    """This run stood still for longer than its lease, so that another one may have taken over; nothing was sent."""


class Paused(Stopped):
    """An operator has stopped all writes; reading goes on."""


class DryRun(Stopped):
    """No plan was applied yet, so nothing may be written."""


class Interrupted(Stopped):
    """The user ended the command."""


class StateTrouble(ConnectorError):
    """Disk full, read-only, damaged, or a key that opens nothing."""

    exit_status = 3


class StateTampered(ConnectorError):
    """A row of the state that leads to a write does not fit its mark: nothing is done because of it.

    `row` names it, by table and key.
    """

    def __init__(self, sentence: str, remedy: str, row: str = "") -> None:
        super().__init__(sentence, remedy)
        self.row = row

    @classmethod
    def of(cls, row: str) -> StateTampered:
        """The error about a row, in words."""
        return cls(
            f"Row {row!r} of the state was changed by something that does not have the key.",
            "Find out who writes the database; then see  ml-connector tampered list  and the runbook, TAMPERED",
            row,
        )
