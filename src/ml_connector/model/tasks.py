"""What the worker has to look at, and how looking at it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from .flags import Flag
from .plans import Hold
from .reasons import Reason
from .refs import Link, Ref
from .triggers import Trigger

Knock = tuple[str, Ref]
"""A flow and the record it shall look at."""

PLAN_STALE = "H-PLAN-STALE"
"""The hold of a record whose write is no longer what was approved: the next plan must show it again."""


WRITE_FAILS = "WRITE-FAILS"
"""The hold of a record whose write never comes through; it is not sent again by itself."""
WRITE_WAITS = "WRITE-WAITS"
"""The hold of a record whose write the vendor puts off for more than a day; it is still tried."""


TAMPERED = "TAMPERED"
"""The hold of what rests on a row of the state that somebody without the key has changed."""
POSTINGS_STOPPED = "POSTINGS-STOPPED"
"""The hold of an approved entry while such a row is known."""


class Task(msgspec.Struct, frozen=True):
    """A due (flow, record). `noticed` is what is served when it ends well."""

    flow: str
    ref: Ref
    noticed: int
    attempts: int
    first_at: datetime


class Waiting(StrEnum):
    """What was decided but is not done yet. The values stand in the state; they never change."""

    APPROVAL = "PLANNED"
    """Its write waits for a person's approval."""
    CHANGED_MEANWHILE = "changed meanwhile"
    """Somebody else was faster; it is read and decided again at once."""
    LATER = "later"
    """The vendor did not do it, and may do it later."""
    BEING_CHECKED = "being checked"
    """Nobody knows yet whether the vendor did it."""
    NEXT_PLAN = "planned_next_time"
    """In a plan only: it rests on a record that the plan merely pretends to have made."""


Ending = Reason | Waiting | Hold
"""Skipped for a reason, waiting, or held."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How the service of a task ended. `next_at` set: not served, due again then.

    `links` were found to exist, `knocks` are tasks to be looked at because of what was found: on record with it.
    """

    task: Task
    ending: Ending
    flags: tuple[Flag, ...] = ()
    links: tuple[Link, ...] = ()
    knocks: tuple[Knock, ...] = ()
    waits_for: tuple[Trigger, ...] = ()
    next_at: datetime | None = None

    @property
    def hold(self) -> Hold | None:
        """The hold, where it ended in one."""
        return self.ending if isinstance(self.ending, Hold) else None

    @property
    def text(self) -> str:
        """The ending as it is kept and shown: the value of its reason, or `held <code>`."""
        return held_text(self.ending.code) if isinstance(self.ending, Hold) else self.ending.value


def held_text(code: str) -> str:
    """The ending of a held task as it is kept and shown."""
    return f"held {code}"


AWAITING_APPROVAL = (Waiting.APPROVAL.value, held_text(PLAN_STALE))
"""The endings of records that the next plan must show."""


WriteEnd = Literal["done", "refused", "dropped"]
"""Done, certainly not applied, or to be decided again."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an open write.

    What was dropped was surely not applied, unless `perhaps`: the record says something else by now.
    """

    id: str
    state: WriteEnd
    outcome: str = ""
    result: Ref | None = None
    links: tuple[Link, ...] = ()
    knocks: tuple[Knock, ...] = ()
    perhaps: bool = False
