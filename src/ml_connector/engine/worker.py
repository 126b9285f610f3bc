"""The worker: take · finish open writes · read · decide · note · apply · settle.

Before anything is sent it is on record with its key and exact body. After a crash or a lost answer the open write is
looked up, and only what the vendor surely does not have is sent again; then the record is looked at anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import assert_never

import msgspec

from ml_connector.model.plans import Done, Flow, Hold, Later, OpenWrite, Outcome, Refused, Unsure, Write
from ml_connector.model.refs import Link
from ml_connector.model.tasks import PLAN_STALE, Task, Verdict, Waiting
from ml_connector.model.triggers import table_changed

from .batches import batch_id, claimed, grouped, identity, request_id
from .conflicts import set_aside
from .context import PageContext
from .corridor import PAGE, UNREADABLE, Connection, Corridor, Outside, Round, backoff, knocks_on
from .gate import Gate, GateAnswer, approve_small, is_small, waits_for
from .lease import Lease
from .outbox import Outbox
from .outcomes import after_sending, being_checked, verdict_of
from .prepared import PreparedWrite
from .served import held_verdict


class DrainReport(msgspec.Struct):
    """What a drain did: created and updated by flow and step, the rest by flow.

    `unreadable` of the held ones because the vendor's answer about them made no sense.
    """

    created: dict[str, int] = {}
    updated: dict[str, int] = {}
    held: dict[str, int] = {}
    skipped: dict[str, dict[str, int]] = {}
    unreadable: int = 0
    written: int = 0
    pages: int = 0

    def add(self, counts: dict[str, int], name: str) -> None:
        counts[name] = counts.get(name, 0) + 1

    def count(self, flow: Flow, write: Write, done: Done) -> None:
        """A write was done."""
        self.written += 1
        self.add(self.created if done.created else self.updated, f"{flow.name} {write.step}")


class Worker(Corridor):
    """Serves all that is due of one connection, both directions, and owns it meanwhile."""

    def __init__(
        self, connection: Connection, outside: Outside, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> None:
        super().__init__(connection, outside)
        self._progress = progress
        self.report = DrainReport()
        self._lease = Lease(self.store, connection.id, outside.clock)
        self._outbox = Outbox(connection, outside, self.flows, self._lease)
        self._relayed: set[str] = set()
        """Flows whose tasks of other kinds are done; what comes later takes its turn."""
        self._fired = 0

    async def drain(self) -> DrainReport:
        """Serve until nothing is due. Raises `Stopped` (`Busy`, `LeaseLost`, `SleptTooLong`) and vendor errors."""
        self._lease.take(self.outside.ids.token())
        served = 0
        try:
            await self._outbox.finish_open()
            while page := self._take():
                total = served + sum(self.store.unserved(self.connection.id).values())
                self._progress("Records looked at", served, total)
                await self.serve(*page)
                served += len(page[1])
                self.report.pages += 1
        finally:
            self._lease.give_back()
        return self.report

    def _take(self) -> tuple[Flow, list[Task]] | None:
        now = self.outside.clock.now()
        self._fired, due = self.store.flows_due(self.connection.id, [flow.name for flow in self.flows], now)
        for flow in (each for each in self.flows if each.name in due):
            own = "" if flow.name in self._relayed else f"{flow.system}:{flow.kind}:"
            if tasks := self.store.due(self.connection.id, flow.name, now, PAGE, own=own):
                # Those of other kinds alone, and first: what they knock on is then looked at once.
                others = [task for task in tasks if task.ref.kind != flow.kind]
                if not others:
                    self._relayed.add(flow.name)
                return flow, others or tasks
        return None

    # --- note, apply, settle

    async def carry_out(self, flow: Flow, writes: Sequence[PreparedWrite], page: PageContext) -> Round:
        result = Round()
        ready = self._unclaimed(self._through_gate(writes, result), result)
        sizes = {name: system.batch_sizes for name, system in self.outside.systems.items()}
        for batch in grouped(ready, sizes):
            noted, lost = set_aside(self._compose(flow, batch), self.connection.id, self.outside.seal)
            await self.outside.crash("composed")
            self._outbox.note(noted, lost)
            await self.outside.crash("noted")
            answers = await self._outbox.apply(noted)
            await self.outside.crash("applied")
            self._settle_batch(flow, list(zip(batch, noted, answers, strict=True)), page, result)
            await self.outside.crash("writes settled")
        return result

    def _unclaimed(self, writes: Sequence[PreparedWrite], result: Round) -> Sequence[PreparedWrite]:
        """What an open write claims waits for it: nobody knows yet how that record stands."""
        under_way = [open_write.write for open_write in self.store.open_writes(self.connection.id)]
        if not under_way:
            return writes
        free, busy = claimed(writes, under_way)
        now = self.outside.clock.now()
        result.verdicts += [being_checked(prepared.task, now + self._backoff(prepared.task)) for prepared in busy]
        return free

    def _through_gate(self, writes: Sequence[PreparedWrite], result: Round) -> list[PreparedWrite]:
        keys = [prepared.write.key for prepared in writes if prepared.write.needs_approval]
        gate = Gate(self.store.approvals(self.connection.id, keys) if keys else {})
        ready, waiting = [], []
        for prepared in writes:
            answer = gate.check(prepared)
            match answer:
                case GateAnswer.GO:
                    ready.append(prepared)
                case GateAnswer.WAIT:
                    waiting.append(prepared)
                case GateAnswer.STALE:
                    result.verdicts.append(_stale(prepared))
                case _:
                    assert_never(answer)
        return ready + self._without_a_click(waiting, result)

    def _without_a_click(self, waiting: Sequence[PreparedWrite], result: Round) -> list[PreparedWrite]:
        """Those that nobody approved but that are small enough; the others wait for a person."""
        now = self.outside.clock.now()
        small = [prepared for prepared in waiting if is_small(prepared.write)]
        if approve_small(self.store, self.connection.id, self._lease.fencing_token, small, now):
            self._lease.renewed(now)
            waiting = [prepared for prepared in waiting if not is_small(prepared.write)]
        else:
            small = []
        result.verdicts += [_awaiting_approval(prepared) for prepared in waiting]
        return small

    def _compose(self, flow: Flow, batch: Sequence[PreparedWrite]) -> list[OpenWrite]:
        now = self.outside.clock.now()
        created = [prepared.write.key for prepared in batch if prepared.write.action == "create"]
        refusals = self.store.refusals(self.connection.id, created) if created else {}
        texts = [_key_text(prepared, refusals) for prepared in batch]
        together = batch_id(texts)
        return [
            OpenWrite(
                id=self.outside.ids.token(),
                flow=flow.name,
                source=prepared.task.ref,
                write=prepared.write,
                body=prepared.body,
                request_id=request_id(*text),
                batch_id=together,
                position=position,
                generation=text[1],
                noted_at=now,
                sent_at=now,
            )
            for position, (prepared, text) in enumerate(zip(batch, texts, strict=True))
        ]

    def _settle_batch(
        self,
        flow: Flow,
        answered: Sequence[tuple[PreparedWrite, OpenWrite, Outcome]],
        page: PageContext,
        result: Round,
    ) -> None:
        """Prepared, noted and answered: each is settled, or stays open; then its task is decided again, or ends."""
        settled = []
        for prepared, open_write, answer in answered:
            end = after_sending(open_write, answer, self.flows)
            if end is not None:
                settled.append(end)
            match answer:
                case Done():
                    links = end.links if end is not None else ()
                    result.again.append(prepared.task)
                    result.links += links
                    self._keep(page, prepared.write, answer, links)
                    self.report.count(flow, prepared.write, answer)
                case Later() | Refused() | Unsure():
                    now, wait = self.outside.clock.now(), self._backoff(prepared.task)
                    result.verdicts.append(verdict_of(flow, prepared, answer, now, wait))
                case _:
                    assert_never(answer)
        self._outbox.settle(settled)

    def _keep(self, page: PageContext, write: Write, done: Done, links: Sequence[Link]) -> None:
        record = self.outside.systems[write.system].after(page.known(done.ref), write, done)
        page.settled(write, done, record, links)

    def _backoff(self, task: Task) -> timedelta:
        return backoff(task.attempts, self.outside.ids.jitter())

    async def settle(self, flow: Flow, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.hold is not None:
                self.report.add(self.report.held, flow.name)
                self.report.unreadable += verdict.hold.code == UNREADABLE
            elif verdict.next_at is None:
                self.report.add(self.report.skipped.setdefault(flow.name, {}), verdict.text)
        knocks = [_knocked(self.flows, verdict) for verdict in verdicts]
        await self.outside.crash("deciding done")
        now = self.outside.clock.now()
        self.store.settle(self.connection.id, self._lease.fencing_token, knocks, now, self._fired)
        self._lease.renewed(now)
        self.store.changed_references(self.connection.id, self._seen(verdicts))
        await self.outside.crash("tasks settled")

    def _seen(self, verdicts: Sequence[Verdict]) -> dict[tuple[str, str], str]:
        """The tables that holds wait for, as they were when it was decided: only another version releases them."""
        awaited = {trigger for verdict in verdicts for trigger in verdict.waits_for}
        return {key: at for key, at in self.shelf.versions.items() if table_changed(key[1], key[0]) in awaited}


def _knocked(flows: Sequence[Flow], verdict: Verdict) -> Verdict:
    """A hold's knocks become tasks of the flows that listen to those records."""
    if verdict.hold is None or not verdict.hold.knocks:
        return verdict
    return msgspec.structs.replace(verdict, knocks=verdict.knocks + knocks_on(flows, verdict.hold.knocks))


def _key_text(prepared: PreparedWrite, refusals: Mapping[str, int]) -> tuple[str, int]:
    """The text behind its idempotency key, and its generation: one more after each final refusal of a new record."""
    text = identity(prepared.write, prepared.body)
    return text, 1 + (refusals.get(prepared.write.key, 0) if prepared.write.action == "create" else 0)


def _awaiting_approval(prepared: PreparedWrite) -> Verdict:
    write = prepared.write
    return Verdict(task=prepared.task, ending=Waiting.APPROVAL, flags=write.flags, waits_for=waits_for(write))


def _stale(prepared: PreparedWrite) -> Verdict:
    task, write = prepared.task, prepared.write
    facts = {"number": write.label, "record": str(task.ref), **(write.together.facts if write.together else {})}
    hold = Hold(code=PLAN_STALE, facts=facts, amount=write.waiting, currency=write.currency)
    return held_verdict(task, hold, write.flags)


__all__ = ["Connection", "DrainReport", "Outside", "Worker"]
