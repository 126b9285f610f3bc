"""What the engine asks of the outside: a system, the clock, identifiers, the crash points of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from ml_connector.model.plans import LookUp, OpenWrite, Outcome, Write
from ml_connector.model.refs import Change, Gone, Record

__all__ = ["Clock", "CrashPoint", "Ids", "OpenWrite", "Question", "Reference", "Seal", "Sweep", "System", "Take"]

Take = Callable[[Sequence[Change]], None]
"""Takes in a page of knocks at once, without the position of their source: that follows with the last of them."""

Seal = Callable[[bytes, str, str], bytes]
"""Seals a value for a connection under a name; it opens for the same two only."""


class Clock(Protocol):
    """The only source of time. `now` is an aware UTC instant."""

    def now(self) -> datetime: ...

    async def sleep(self, length: timedelta) -> None: ...


class Ids(Protocol):
    """The only source of chance."""

    def token(self) -> str:
        """A fresh random text of at least 128 bits."""

    def jitter(self) -> float:
        """0.0 to 1.0; spreads waiting times, never touches an amount."""


class Reference(msgspec.Struct, frozen=True):
    """A small table read whole. `version` is a digest that moves when its content does."""

    value: Any
    version: str


class Sweep(msgspec.Struct, frozen=True):
    """What changed since a position. `position` is where the next sweep starts; `covered_to` up to when it is complete.

    `truncated`: kinds whose list was cut off; they need a backfill from `since`.
    """

    changes: Sequence[Change]
    position: str
    covered_to: datetime
    truncated: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """Records of a kind whose `field` equals one of `values`; without a field, those with these ids."""

    kind: str
    field: str
    values: Sequence[str]


class System(Protocol):
    """One QuickBooks company or one Salesforce org. Every method may raise the errors of `model/errors.py`."""

    name: str
    batch_sizes: Mapping[str, int]
    """Most writes in one request, by `"<action> <kind>"`, `"<action>"` or `""`; 1 means one at a time."""
    reference_kinds: Mapping[str, str]
    """Kinds whose change means that a reference table must be read again: `{"Department": "departments"}`."""
    volatile: tuple[str, ...]
    """Beginnings of the names of reference tables that must be read anew in every drain."""
    dear: int
    """How dear a read is beside those of other systems. What is cheaper is asked first, so that the questions to the
    dearer ones come together."""
    settle_after: timedelta
    """How long an unanswered write may still take effect at the vendor; not sent again before that."""

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """Fresh records by id, in as few calls as the vendor allows. Every id asked for is in the answer."""

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """All records whose `field` equals one of `values`, grouped by the value asked for."""

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        """What `read` or `find` would answer to each, in as few calls as the vendor allows for all of them."""

    async def reference(self, name: str) -> Reference: ...

    async def look_up(self, writes: Sequence[OpenWrite]) -> list[LookUp]:
        """Does the vendor have these writes? One answer each, in order; in bulk where possible."""

    async def apply(self, writes: Sequence[OpenWrite], before: datetime | None = None) -> list[Outcome]:
        """Send noted writes of one batch, exact bodies, in one request where possible; one outcome each, in order.

        Nothing leaves at or after the instant `before`, however long a place or a sign-in was waited for: then it is
        `Later`. Raises nothing for what may have reached the vendor: that is `Unsure`.
        """

    def encode(self, write: Write) -> bytes:
        """The exact body of a write; the same for the same write, always."""

    def after(self, record: Record | Gone | None, write: Write, done: Any) -> Record:
        """The record as it must stand now, from what was read before, the write and the vendor's answer."""

    async def sweep(self, kinds: Sequence[str], position: str | None, now: datetime, take: Take | None = None) -> Sweep:
        """Knocks for all records of `kinds` changed since `position`; with None, everything there is (backfill).

        Long lists go to `take` page by page as they are read, and `changes` holds the rest; without `take`, all.
        """


class CrashPoint(Protocol):
    """Called at every step of the corridor with its name; the simulator dies or freezes there."""

    async def __call__(self, name: str) -> None: ...
