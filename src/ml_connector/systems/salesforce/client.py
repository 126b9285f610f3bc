"""One Salesforce org as the engine sees it: the `System` port over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import ReadRefused
from ml_connector.model.plans import Done, LookUp, OpenWrite, Outcome, Write
from ml_connector.model.reading import NOTHING, IdPage, Listed, Question, Reference, Resume, Sweep, Take
from ml_connector.model.refs import Gone, Record
from ml_connector.systems import wire
from ml_connector.systems.http import Caller
from ml_connector.systems.whose import names_its_errors

from . import arrivals, channels, fitness, lookup
from .auth import Session
from .calls import Calls
from .catalog import Catalog
from .fitness import Finding
from .keeper import SessionKeeper
from .reading import Reader
from .records import SYSTEM, SObject
from .usage import Usage
from .writing import BATCH, Item, Sender, record_of


@names_its_errors
class Salesforce:
    """Implements `engine.ports.System`. Every method may raise the errors of `model/errors.py`."""

    name = SYSTEM
    # Five collections of 200 in one composite call. The vendor runs its triggers once for each 200. Children of one
    # parent in two batches at the same time lock each other out (UNABLE_TO_LOCK_ROW); a connection has one drain, so
    # its batches go out one after the other.
    batch_sizes: Mapping[str, int] = {"upsert": BATCH, "create": BATCH, "update": BATCH}
    # Stages, currencies and rights are not swept: the engine compares their digests when somebody waits for them.
    reference_kinds: Mapping[str, str] = {"Account": "matching"}
    volatile: tuple[str, ...] = ()
    read_cost = 1
    # The vendor ends a call that is no query after ten minutes (salesforce reference 3.1).
    settle_after = timedelta(minutes=10)

    def __init__(self, *, caller: Caller, sessions: SessionKeeper, clock: Clock, reserve: int = 0) -> None:
        """`reserve`: API calls of the org's rolling 24 hours that are left for its other users."""
        self.usage = Usage(reserve)
        self._sessions = sessions
        self._calls = Calls(caller, sessions, clock, self.usage)
        self._catalog = Catalog(self._calls, clock)
        self._reader = Reader(self._calls, self._catalog)
        self._sender = Sender(self._calls)

    async def session(self) -> Session:
        """The session in use: for the org's id, and for the event stream, which needs the token."""
        return await self._sessions.session()

    async def keep_signed_in(self) -> datetime:
        """See that there is a session; when to look again. Raises `SignInNeeded`, and what waits for a while."""
        return await self._sessions.keep()

    async def new_session(self, stale: Session) -> Session:
        """A session other than `stale`, which was refused."""
        return await self._sessions.renew(stale)

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """Up to 2,000 ids a call (reference 2.8); merged records say into which."""
        return await self._reader.read(kind, ids)

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """Texts as the org compares them. Several statements in one composite call."""
        return await self._reader.find(kind, field, values)

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any] | ReadRefused]:
        """All questions in as few composite calls as hold them."""
        return await self._reader.ask(questions)

    async def listed(self, kind: str, fields: Sequence[str], where: Callable[[frozenset[str]], str]) -> Listed:
        """Those of these fields that the user may see, of all records of a kind that meet a condition.

        `where` makes the SOQL condition from the names of the fields that may be seen; blank: nothing is asked. Those
        that cannot be read stand in it by id. Raises `BadAnswer` where nothing can be listed.
        """
        return await self._reader.listed(kind, fields, where)

    async def reference(self, name: str) -> Reference:
        """A table of the org, or what this user may see of an object (docs/contracts.md)."""
        return await self._reader.reference(name)

    async def look_up(self, writes: Sequence[OpenWrite]) -> list[LookUp]:
        """By external id, id or pair: see `lookup.py`."""
        return await lookup.look_up(self._calls, self._catalog, [open_write.write for open_write in writes])

    async def apply(self, writes: Sequence[OpenWrite], before: Deadline | None = None) -> list[Outcome]:
        """Collections of 200, up to five in one composite call (reference 2.8)."""
        return await self._sender.apply([Item(open_write.write, open_write.body) for open_write in writes], before)

    def encode(self, write: Write) -> bytes:
        """The record as it stands in a collection, key or id included."""
        return wire.encode(record_of(write))

    def after(self, record: Record | Gone | None, write: Write, done: Any) -> Record:
        """What was read before, with what was written. Its version is blank: the org does not tell the new one."""
        if isinstance(done, Done) and isinstance(done.record, SObject):
            return done.record
        before = record.fields if isinstance(record, SObject) else {}
        key = {write.key_field: write.external_id} if write.key_field else {}
        own = {"Id": done.ref.id, "SystemModstamp": None}
        return SObject(write.kind, done.ref.id, before).merged({**write.body, **key, **own})

    def position_at(self, kinds: Sequence[str], at: datetime) -> str:
        """The instant for each of the kinds; lines of orders come with their orders."""
        return arrivals.Position(dict.fromkeys(arrivals.with_lines(kinds), at)).text()

    async def sweep(
        self,
        kinds: Sequence[str],
        position: str | None,
        now: datetime,
        take: Take | None = None,
        resume: Resume = NOTHING,
    ) -> Sweep:
        """By SystemModstamp, deleted ones from the Recycle Bin."""
        return await arrivals.sweep(self._calls, self._catalog, kinds, position, now, take, resume)

    async def ids(self, kind: str, position: str) -> IdPage | None:
        """Up to 2,000 ids a call, in the order of their bytes."""
        return await arrivals.ids(self._calls, self._catalog, kind, position)

    async def channel_members(self, channel: str) -> frozenset[str] | None:
        """The kinds that a channel of change events tells of; None where the user may not see that."""
        return await channels.members(self._calls, channel)

    async def make_channel(self, channel: str, kinds: Sequence[str]) -> ReadRefused | None:
        """Select these kinds on a channel of their own, which is made where it is not there; else why not."""
        return await channels.make(self._calls, channel, kinds)

    async def deliveries(self) -> tuple[int, int] | None:
        """Events that the org may deliver in 24 hours, and how many are left; None where it does not say."""
        return await channels.deliveries(self._calls)

    async def fit(self) -> list[Finding]:
        """What the doctor should say about the org, worst things included; raises only when it cannot sign in."""
        return await fitness.fit(self._calls, self._catalog, self._reader)
