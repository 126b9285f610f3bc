"""One QuickBooks company as the engine sees it: the `System` port over the Accounting API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import ReadRefused, SignInNeeded
from ml_connector.model.plans import Later, LookUp, OpenWrite, Outcome, Write
from ml_connector.model.reading import NOTHING, IdPage, Listed, Question, Reference, Resume, Sweep, Take
from ml_connector.model.refs import Change, Gone, Record
from ml_connector.systems.http import Caller
from ml_connector.systems.whose import names_its_errors

from . import arrivals, lookup, writing
from .calls import Calls
from .keeper import TokenKeeper
from .reading import TABLES, Reader
from .records import SYSTEM, CompanyInfo
from .writing import BATCH_SIZES, Sender


@names_its_errors
class QuickBooks:
    """Implements `engine.ports.System`. Every method may raise the errors of `model/errors.py`."""

    name = SYSTEM
    batch_sizes: Mapping[str, int] = BATCH_SIZES
    reference_kinds: Mapping[str, str] = {kind.KIND: name for name, kind in TABLES.items()} | {"Customer": "matching"}
    # The closing date and a day's rate are looked at before every posting.
    volatile: tuple[str, ...] = ("preferences", "rate:")
    # Intuit meters reads; Salesforce only counts them.
    read_cost = 2
    # The vendor ends a call after 120 seconds (reference section 10).
    settle_after = timedelta(seconds=120)

    def __init__(self, *, realm_id: str, base_url: str, caller: Caller, tokens: TokenKeeper, clock: Clock) -> None:
        """`base_url` is the scheme and host of the API; `caller` carries network, limits and repeats."""
        self.realm_id = realm_id
        self._tokens = tokens
        self._calls = Calls(realm_id, base_url, caller, tokens, clock)
        self._reader = Reader(self._calls)
        self._sender = Sender(self._calls, clock)

    async def check_company(self) -> CompanyInfo:
        """That the sign-in opens this company and no other. Raises `SignInNeeded` if not; gives its information."""
        try:
            company: CompanyInfo = (await self.reference("company")).value
        except ReadRefused as error:
            raise SignInNeeded(
                f"The sign-in does not open company {self.realm_id}.", "Connect again and choose that company."
            ) from error
        return company

    async def keep_signed_in(self) -> datetime:
        """See that there is a good access token; when to look again. Raises `SignInNeeded`, and what passes."""
        return await self._tokens.keep()

    async def sign_in_anew(self) -> None:
        """Have the sign-in renewed at once, whatever there is: it proves secret and refresh token. Raises as above."""
        await self._tokens.anew()

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """One metered read for each 1,000 ids."""
        return await self._reader.read(kind, ids)

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """Texts in any case, as QuickBooks compares. A metered read for each portion of values."""
        return await self._reader.find(kind, field, values)

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any] | ReadRefused]:
        """One after the other: each question is metered, in a batch too (reference 11)."""
        return await self._reader.ask(questions)

    async def listed(self, kind: str, *conditions: str) -> Listed:
        """All records of a kind that meet these conditions of the query language; one metered call a 1,000.

        Those that cannot be read stand in it by id. Raises `BadAnswer` where not even their ids can be listed.
        """
        return await self._reader.listed(kind, *conditions)

    async def reference(self, name: str) -> Reference:
        """One metered read for each 1,000 entries of the table."""
        return await self._reader.reference(name)

    async def look_up(self, writes: Sequence[OpenWrite]) -> list[LookUp]:
        """By number, name or id, never by `requestid`: see `lookup.py`."""
        return await lookup.look_up(self._calls, writes)

    async def apply(self, writes: Sequence[OpenWrite], before: Deadline | None = None) -> list[Outcome]:
        """Raises `WrongUse` and `UnsoundEntry` for what must not be sent, before anything is."""
        outcomes = await self._sender.apply(writes, before)
        for write, outcome in zip(writes, outcomes, strict=True):
            if isinstance(outcome, Later) and outcome.stale:
                self._reader.doubt(write.write.kind, write.write.target_id)
        return outcomes

    def encode(self, write: Write) -> bytes:
        """Raises `WrongUse` or `UnsoundEntry` for a write that must not be sent."""
        return writing.encode(write)

    def after(self, record: Record | Gone | None, write: Write, done: Any) -> Record:
        """The vendor's own answer where we have it; else the record with the body laid over it."""
        answer: Record = done.record if done.record is not None else writing.applied(record, write, done.ref)
        return answer

    def position_at(self, kinds: Sequence[str], at: datetime) -> str:
        """One instant for all kinds."""
        del kinds  # one instant for all
        return arrivals.Position(at).text()

    async def sweep(
        self,
        kinds: Sequence[str],
        position: str | None,
        now: datetime,
        take: Take | None = None,
        resume: Resume = NOTHING,
    ) -> Sweep:
        """One metered call for all kinds, up to 29 days back; a listing for each kind beyond that."""
        return await arrivals.sweep(self._calls, kinds, position, now, take, resume)

    async def ids(self, kind: str, position: str) -> IdPage | None:
        """A metered read for each 1,000 ids."""
        return await arrivals.ids(self._calls, kind, position)

    def pages(
        self, kinds: Sequence[str], since: datetime | None = None
    ) -> AsyncIterator[tuple[datetime, list[Change]]]:
        """The knocks of a backfill page by page, with the vendor's time of each page; for companies of any size."""
        return arrivals.pages(self._calls, kinds, since)
