"""The writes of one drain on their way out: noted before they are sent, settled afterwards.

What another drain has left open is finished first: looked up, and sent again only where the vendor surely does not
have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from ml_connector.model.plans import Flow, LookUp, OpenWrite, Outcome, Unsure
from ml_connector.model.reading import apart
from ml_connector.model.tasks import Settled
from ml_connector.store.rows import LostValue

from .batches import ONE_BY_ONE, in_batches, smaller
from .corridor import Connection, Runtime
from .lease import Lease
from .outcomes import StillOpen, after_look_up, after_sending
from .ports import System
from .tampering import TamperWatch

SOON = timedelta(seconds=30)
"""The earliest next look at an open write."""


class Dispatcher:
    """Every transaction of it renews the lease, and is undone where the lease is lost."""

    def __init__(
        self, connection: Connection, runtime: Runtime, flows: Sequence[Flow], lease: Lease, watch: TamperWatch
    ) -> None:
        self._connection = connection.id
        self._runtime = runtime
        self._store = runtime.store
        self._flows = flows
        self._lease = lease
        self._watch = watch
        self.given_up: dict[tuple[str, str, str], str] = {}
        """What came back for writes that are not sent again by themselves, by flow, record and key."""
        self.dropped: dict[tuple[str, str, str], str] = {}
        """What came back for writes to records that do not stand so, and are decided anew."""

    def note(self, writes: Sequence[OpenWrite], lost: Sequence[LostValue]) -> None:
        """Put them on record as sent, before the first byte leaves: what is not noted could not be looked up."""
        now = self._runtime.clock.now()
        self._store.note(self._connection, self._lease.fencing_token, writes, now, lost)
        self._lease.renewed(now)

    async def apply(self, writes: Sequence[OpenWrite]) -> list[Outcome]:
        """Send noted writes of one batch. Raises `SleptTooLong` or `LeaseLost` before anything is sent."""
        # A process that slept between noting and sending would do once more what another has done meanwhile. The end of
        # the lease goes along, because a request may yet wait for its place or for a sign-in, and sleep there.
        self._lease.check()
        return await self._runtime.systems[writes[0].write.system].apply(writes, self._lease.end)

    def settle(self, settled: Sequence[Settled]) -> None:
        """Outcomes, links and knocks, in one transaction. Raises `LeaseLost` where another is at work; then none."""
        if settled:
            now = self._runtime.clock.now()
            self._store.settle_writes(self._connection, self._lease.fencing_token, settled, now)
            self._lease.renewed(now)

    # --- finish what was begun

    async def finish_open(self, writes: Sequence[OpenWrite]) -> None:
        """Settle what was noted by an earlier drain, whatever became of that one."""
        for name in dict.fromkeys(write.write.system for write in writes):
            await self._finish(name, [write for write in writes if write.write.system == name])

    async def _finish(self, name: str, writes: Sequence[OpenWrite]) -> None:
        system = self._runtime.systems[name]
        # Before it is asked: what the vendor did after it had looked must not count as surely missing.
        asked, patience = self._runtime.clock.now(), system.settle_after
        answers = await _looked_up(system, writes)
        await self._runtime.crash("looked up")
        now = self._runtime.clock.now()
        resting = self._store.resting(self._connection, {(write.flow, write.source) for write in writes}, now)
        settled, again, waiting = [], [], []
        for write, answer in zip(writes, answers, strict=True):
            step = after_look_up(write, answer, asked, patience, self._flows)
            match step:
                case Settled(state="dropped") if (write.flow, write.source) in resting:
                    # Dropped now it would be forgotten by the time its record is decided anew: what came back,
                    # and that it must go alone. The other side of the record would try the same meanwhile.
                    continue
                case Settled():
                    settled.append(step)
                    if step.state == "dropped":
                        self.dropped[_name(write)] = write.trouble
                case StillOpen.WAIT:
                    waiting.append(write)
                case StillOpen.SEND_AGAIN:
                    again.append(write)
                case StillOpen.GIVE_UP:
                    settled.append(self._give_up(write, now))
                case _:
                    assert_never(step)
        allowed = self._watch.may_go_again(again)
        waiting += [write for write in again if write not in allowed]
        # What is known comes first: sending again may take minutes, and whoever is killed in them need not ask anew.
        self.settle(settled)
        self._wait(waiting, patience)
        await self._send_all_again(allowed, writes)

    def _give_up(self, write: OpenWrite, now: datetime) -> Settled:
        """The vendor surely does not have it. Its record is looked at in this drain, and held."""
        self.given_up[_name(write)] = write.trouble
        task = [(write.flow, write.source)]
        self._store.delay(self._connection, self._lease.fencing_token, task, now, now)
        return Settled(id=write.id, state="refused", outcome="given up")

    def unanswered(self, writes: Sequence[OpenWrite]) -> None:
        """Keep what came back for writes that stay open."""
        if writes:
            now = self._runtime.clock.now()
            self._store.note_trouble(self._connection, self._lease.fencing_token, writes, now)
            self._lease.renewed(now)

    async def _send_all_again(self, again: Sequence[OpenWrite], looked_up: Sequence[OpenWrite]) -> None:
        """The identical batch where all of it is missing, so that the vendor knows its key; else one by one.

        One by one too after a second failure, each under its own key: one of them may spoil the others.
        """
        for batch in in_batches(again):
            # Its key stands for exactly these writes: nobody says what a vendor answers under a key that is used with
            # another body (quickbooks reference 2.1).
            whole = len(batch) == sum(write.batch_id == batch[0].batch_id for write in looked_up)
            failures = max(write.sendings for write in batch)
            if whole and failures < ONE_BY_ONE:
                await self._send_again(batch)
                continue
            size = smaller(len(batch), failures) if whole else 1
            for start in range(0, len(batch), size):
                await self._send_again(_by_themselves(batch[start : start + size]))

    async def _send_again(self, writes: Sequence[OpenWrite]) -> None:
        now = self._runtime.clock.now()
        noted = [_once_more(write, now) for write in writes]
        self._store.note_again(self._connection, self._lease.fencing_token, noted, now)
        self._lease.renewed(now)
        for write, outcome in zip(noted, await self.apply(noted), strict=True):
            settled = after_sending(write, outcome, self._flows, self._runtime.digest)
            if settled is None:
                self.unanswered([with_trouble(write, outcome)])
                self._wait([write], SOON)
            else:
                self.settle([settled])

    def _wait(self, writes: Sequence[OpenWrite], patience: timedelta) -> None:
        """Look at the records of these open writes no sooner than the vendor may have made up its mind."""
        if writes:
            now = self._runtime.clock.now()
            # The youngest counts: a drain that came earlier would look up for a metered read, and have to `WAIT` again.
            until = max(now + SOON, max(write.noted_at for write in writes) + patience)
            tasks = [(write.flow, write.source) for write in writes]
            self._store.delay(self._connection, self._lease.fencing_token, tasks, until, now)
            self._lease.renewed(now)


async def _looked_up(system: System, writes: Sequence[OpenWrite]) -> list[LookUp]:
    """One answer each, in order. What the vendor refuses to be asked stays open, and the others are settled."""
    by_id = {write.id: write for write in writes}

    async def ask(ids: Sequence[str]) -> dict[str, LookUp]:
        return dict(zip(ids, await system.look_up([by_id[id_] for id_ in ids]), strict=True))

    answers, refused = await apart(ask, list(by_id))
    return [answers[id_] if id_ in answers else Unsure(refused[id_].sentence) for id_ in by_id]


def _once_more(write: OpenWrite, now: datetime) -> OpenWrite:
    # Patience counts from the last sending, giving up from the first.
    first = write.first_noted_at or write.noted_at
    return msgspec.structs.replace(write, noted_at=now, sent_at=now, sendings=write.sendings + 1, first_noted_at=first)


def with_trouble(write: OpenWrite, outcome: Outcome) -> OpenWrite:
    """The open write with what came back for it."""
    return msgspec.structs.replace(write, trouble=outcome.reason) if isinstance(outcome, Unsure) else write


def _name(write: OpenWrite) -> tuple[str, str, str]:
    return write.flow, str(write.source), write.write.key


def _by_themselves(writes: Sequence[OpenWrite]) -> list[OpenWrite]:
    """Under a key of their own: the key of a batch stands for exactly the writes that it was made of."""
    key = writes[0].request_id
    return [msgspec.structs.replace(write, batch_id=key, position=place) for place, write in enumerate(writes)]
