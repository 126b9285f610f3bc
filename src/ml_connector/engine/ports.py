"""What the engine asks of the outside: a system, a seal, the crash points of the simulator.

Time and chance are asked of `clock.py`; what systems are asked, and what they answer, stands in `model/reading.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from ml_connector.clock import Deadline
from ml_connector.model.errors import ReadRefused
from ml_connector.model.plans import LookUp, OpenWrite, Outcome, Write
from ml_connector.model.reading import NOTHING, IdPage, Question, Reference, Resume, Sweep, Take
from ml_connector.model.refs import Gone, Record

Seal = Callable[[bytes, str, str], bytes]
"""Seals a value for a connection under a name; it opens for the same two only."""


class System(Protocol):
    """One QuickBooks company or one Salesforce org. Every method may raise the errors of `model/errors.py`."""

    name: str
    batch_sizes: Mapping[str, int]
    """Most writes in one request, by `"<action> <kind>"`, `"<action>"` or `""`; 1 means one at a time."""
    reference_kinds: Mapping[str, str]
    """Kinds whose change means that a reference table must be read again: `{"Department": "departments"}`."""
    volatile: tuple[str, ...]
    """Beginnings of the names of reference tables that must be read anew in every drain."""
    read_cost: int
    """How much a read costs beside those of other systems. What is cheaper is asked first, so that the questions to the
    dearer ones come together."""
    settle_after: timedelta
    """How long an unanswered write may still take effect at the vendor; not sent again before that."""

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """Fresh records by id, in as few calls as the vendor allows. Every id asked for is in the answer."""

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """All records whose `field` equals one of `values`, grouped by the value asked for."""

    async def ask(self, questions: Sequence[Question]) -> Sequence[dict[str, Any] | ReadRefused]:
        """What `read` or `find` would answer to each, in as few calls as the vendor allows for all of them.

        A question that the vendor refuses has its refusal, and spoils no other.
        """

    async def reference(self, name: str) -> Reference:
        """A reference table, read afresh, with the version that says whether it is another (docs/contracts.md)."""

    async def look_up(self, writes: Sequence[OpenWrite]) -> list[LookUp]:
        """Does the vendor have these writes? One answer each, in order; in bulk where possible."""

    async def apply(self, writes: Sequence[OpenWrite], before: Deadline | None = None) -> list[Outcome]:
        """Send noted writes of one batch, exact bodies, in one request where possible; one outcome each, in order.

        Nothing leaves at or after the instant that `before` names when it could leave, however long a place or a
        sign-in was waited for: then it is `Later`. Raises nothing for what may have reached the vendor: that is
        `Unsure`.
        """

    def encode(self, write: Write) -> bytes:
        """The exact body of a write; the same for the same write, always."""

    def after(self, record: Record | Gone | None, write: Write, done: Any) -> Record:
        """The record as it must stand now, from what was read before, the write and the vendor's answer."""

    def position_at(self, kinds: Sequence[str], at: datetime) -> str:
        """The position of a sweep of these kinds that asks for what changed since an instant of ours."""

    async def sweep(
        self,
        kinds: Sequence[str],
        position: str | None,
        now: datetime,
        take: Take | None = None,
        resume: Resume = NOTHING,
    ) -> Sweep:
        """Knocks for all records of `kinds` changed since `position`; with None, everything there is (backfill).

        Long lists go to `take` page by page as they are read, and `changes` holds the rest; without `take`, all.
        `resume` says by kind how many of everything there is were listed before, and the last id of them.
        """

    async def ids(self, kind: str, position: str) -> IdPage | None:
        """The next page of the ids of all records of `kind`, inactive ones included, in one call; blank is the first.

        None where the user may not see the kind: that says nothing about its records. Raises `BadAnswer` where the
        vendor's order is none that we know.
        """


class CrashPoint(Protocol):
    """Called at every step of the corridor with its name; the simulator dies or freezes there."""

    async def __call__(self, name: str) -> None:
        """Returns at once in real life; raises in a simulation where the process dies at this step."""


async def no_crash(name: str) -> None:
    """The crash point of real life."""
    del name
