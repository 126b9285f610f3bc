"""Webhooks of QuickBooks: verified, on disk, then acknowledged (quickbooks reference 9; decision 0016).

A delivery is a knock and no data: a worker makes tasks of it later. What is answered 200 is on disk; whatever keeps it
from there is answered 503, and the vendor delivers again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from ml_connector.clock import Clock
from ml_connector.model.errors import BadAnswer, ConnectorError
from ml_connector.model.refs import Ref
from ml_connector.store.rows import HookCount
from ml_connector.systems.quickbooks import webhooks

_log = structlog.get_logger("ml_connector.hooks")

ANSWERED = 2.5
"""Seconds after which a delivery that is not on disk yet is answered 503: the vendor waits for 3 (reference 9.1)."""
LARGEST = 2 * 1024 * 1024
"""Bytes of a body. A delivery has up to 100 events and about 1 MB (reference 9.1)."""
KEPT = timedelta(seconds=30)
"""How long verifier tokens and companies are believed before they are looked up again."""
_AGAIN = timedelta(seconds=2)
"""A signature that does not fit, or a company that is unknown, may mean that ours are old; asked at most so often."""
_GATHERED = 500
"""Deliveries that are put down in one transaction, at most."""

DELIVERIES, KNOCKS, EMPTY, UNKNOWN_COMPANY, UNKNOWN_KIND, BROKEN = (
    *("deliveries", "knocks", "empty", "unknown company", "unknown kind", "broken"),
)
UNSIGNED, TOO_LARGE, NO_TOKEN, NOT_KEPT = "unsigned", "too large", "no verifier token", "not kept"
COUNTED = (DELIVERIES, KNOCKS, EMPTY, UNKNOWN_COMPANY, UNKNOWN_KIND, BROKEN)
"""What is counted in the state. `empty` were signed and named no record of any company."""
REFUSED = (UNSIGNED, TOO_LARGE, NO_TOKEN, NOT_KEPT)
"""What is counted in this process only: who is not proved to be the vendor makes us write nothing."""


class Answer(msgspec.Struct, frozen=True):
    """What the vendor is told: 200 only for what is on disk."""

    status: int
    text: str


TAKEN = Answer(200, "taken")
_NOT_SIGNED = Answer(403, "not signed with the verifier token of this app")
_TOO_LARGE = Answer(413, "longer than a delivery can be")
_LATER = Answer(503, "not taken; deliver again")
Waiting = tuple[Mapping[str, Sequence[Ref]], Counter[str]]


class Keeper(Protocol):
    """As much of the store as takes part."""

    def add_arrivals(
        self, arrivals: Sequence[tuple[str, str, Sequence[Ref]]], counts: Mapping[str, int], now: datetime
    ) -> None:
        """Keep deliveries. Raises `StateTrouble`."""

    def companies(self) -> dict[str, list[str]]:
        """The connections of each company (realm id)."""


class Hooks:
    """Takes deliveries. Those that wait at the same time are put down together: one sync to disk for all of them."""

    def __init__(
        self,
        store: Keeper,
        tokens: Callable[[], Sequence[str]],
        clock: Clock,
        arrived: Callable[[Collection[str]], None],
        answered: float = ANSWERED,
    ) -> None:
        """`tokens` gives the verifier tokens that count, `arrived` is told the connections that have got something.

        The two and the store are called in a thread of their own.
        """
        self.refused: Counter[str] = Counter(dict.fromkeys(REFUSED, 0))
        self._store, self._tokens, self._clock, self._arrived = store, tokens, clock, arrived
        self._answered = answered
        self._known: tuple[Sequence[str], Mapping[str, Sequence[str]]] = ((), {})
        self._known_at: datetime | None = None
        self._waiting: list[tuple[Waiting, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    async def take(self, body: bytes, signature: str) -> Answer:
        """Verify and keep a delivery. Nothing of it is looked at before its signature fits."""
        if len(body) > LARGEST:
            return self._refuse(TOO_LARGE, _TOO_LARGE)
        begun = self._clock.now()
        try:
            async with asyncio.timeout(self._answered):
                answer = await self._taken(body, signature)
        except (ConnectorError, TimeoutError) as error:
            _log.error("a delivery was not kept", why=type(error).__name__)
            return self._refuse(NOT_KEPT, _LATER)
        if answer is TAKEN:
            spent = (self._clock.now() - begun).total_seconds() * 1000
            _log.info("a delivery was taken", bytes=len(body), ms=round(spent, 1))
        return answer

    async def _taken(self, body: bytes, signature: str) -> Answer:
        await self._look_up(KEPT)
        if not self._is_signed(body, signature):
            await self._look_up(_AGAIN)
        if not self._known[0]:
            return self._refuse(NO_TOKEN, _LATER)
        if not self._is_signed(body, signature):
            return self._refuse(UNSIGNED, _NOT_SIGNED)
        await self._kept(await self._sorted(body))
        return TAKEN

    async def check(self) -> None:
        """Whether a delivery could be kept now: the state lets itself be written. Raises `StateTrouble`."""
        await asyncio.to_thread(self._store.add_arrivals, (), {}, self._clock.now())

    def too_large(self) -> Answer:
        """The answer to a body that was not even read to its end."""
        return self._refuse(TOO_LARGE, _TOO_LARGE)

    def _refuse(self, why: str, answer: Answer) -> Answer:
        self.refused[why] += 1
        if why != NOT_KEPT:
            _log.warning("a delivery was refused", why=why, count=self.refused[why])
        return answer

    def _is_signed(self, body: bytes, signature: str) -> bool:
        # All of them, whichever fits: how long it takes does not tell which.
        return any([webhooks.is_signed(body, signature, token) for token in self._known[0]])  # noqa: C419 - see above

    async def _look_up(self, older: timedelta) -> None:
        """Tokens and companies, if those we have are older than this; by one at a time."""
        if self._known_at is not None and self._clock.now() - self._known_at < older:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._looked_up())
            self._looking.add_done_callback(_seen)
        await asyncio.shield(self._looking)

    async def _looked_up(self) -> None:
        tokens, companies = await asyncio.to_thread(lambda: (tuple(self._tokens()), self._store.companies()))
        self._known, self._known_at = (tokens, companies), self._clock.now()

    async def _sorted(self, body: bytes) -> Waiting:
        """The records of a delivery by connection, and what is counted of it."""
        counts = Counter({DELIVERIES: 1})
        try:
            notices = webhooks.parse(body, self._clock.now())
        except BadAnswer:
            # To refuse it would have it repeated for ever, with everything behind it: sweeps find what it meant.
            notices = webhooks.Notices(changes={}, broken=1)
        if not notices.changes.keys() <= self._known[1].keys():
            await self._look_up(_AGAIN)
        refs: dict[str, Sequence[Ref]] = {}
        for realm, changes in notices.changes.items():
            connections = self._known[1].get(realm, ())
            counts[KNOCKS if connections else UNKNOWN_COMPANY] += len(changes)
            refs |= {connection: [change.ref for change in changes] for connection in connections}
        counts[UNKNOWN_KIND] += len(notices.unknown)
        counts[BROKEN] += notices.broken
        if not notices.changes:
            counts[EMPTY] += 1
        _tell(counts)
        return refs, +counts

    async def _kept(self, delivery: Waiting) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())
        await future

    async def _write(self) -> None:
        while self._waiting:
            gathered, self._waiting = self._waiting[:_GATHERED], self._waiting[_GATHERED:]
            try:
                await asyncio.to_thread(self._put_down, [delivery for delivery, _ in gathered])
            except Exception as error:  # noqa: BLE001 - whatever it is, each of them is told
                _fail(gathered, error)
            else:
                for _, future in gathered:
                    if not future.done():
                        future.set_result(None)

    def _put_down(self, deliveries: Sequence[Waiting]) -> None:
        counts: Counter[str] = Counter()
        for _, more in deliveries:
            counts.update(more)
        rows = [
            (connection, webhooks.SOURCE, refs)
            for by_connection, _ in deliveries
            for connection, refs in by_connection.items()
        ]
        self._store.add_arrivals(rows, counts, self._clock.now())
        if rows:
            self._arrived({connection for connection, _, _ in rows})


def says_nothing(counts: Mapping[str, HookCount]) -> bool:
    """Whether the last delivery that was signed named no record that is known: something has changed at the vendor."""
    empty, known = counts.get(EMPTY), counts.get(KNOCKS)
    return empty is not None and (known is None or known.last_at < empty.last_at)


def _seen(task: asyncio.Task[None]) -> None:
    """Its error is told to whoever waits for it; there may be nobody left."""
    if not task.cancelled():
        task.exception()


def _fail(gathered: Sequence[tuple[Waiting, asyncio.Future[None]]], error: Exception) -> None:
    for _, future in gathered:
        if not future.done():
            future.set_exception(error)


def _tell(counts: Mapping[str, int]) -> None:
    if counts[EMPTY]:
        _log.error("a signed delivery named no record that is known", broken=counts[BROKEN], kinds=counts[UNKNOWN_KIND])
    elif odd := {name: counts[name] for name in (UNKNOWN_COMPANY, UNKNOWN_KIND, BROKEN) if counts[name]}:
        _log.warning("a delivery was taken in part", **{name.replace(" ", "_"): count for name, count in odd.items()})
