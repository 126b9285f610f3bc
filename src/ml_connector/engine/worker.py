"""The worker: take · finish open writes · read · decide · note · apply · settle.

Before anything is sent it is on record with its key and exact body. After a crash or a lost answer the open write is
looked up, and only what the vendor surely does not have is sent again; then the record is looked at anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from ml_connector.model.plans import (
    Digest,
    Done,
    Flow,
    Later,
    OpenWrite,
    Outcome,
    Refused,
    Reread,
    Unsure,
    Without,
    Write,
)
from ml_connector.model.refs import Link, Ref
from ml_connector.model.tasks import TAMPERED, WRITE_FAILS, Task, Verdict
from ml_connector.model.triggers import table_changed
from ml_connector.store.rows import StrangeWrite

from .batches import ONE_BY_ONE, batch_id, claimed, grouped, identity, request_id, smaller
from .conflicts import set_aside
from .context import PageContext
from .corridor import LONGEST_WAIT, UNANSWERED, Connection, Corridor, RoundResult, Runtime, backoff, knocks_on
from .dispatcher import Dispatcher, with_trouble
from .gate import Gate, GateAnswer, approve_small, is_small
from .gate_verdicts import awaiting_approval, stale, stopped
from .lease import Lease
from .outcomes import (
    A_DAY,
    LONGEST_PATIENCE,
    Meaning,
    after_sending,
    being_checked,
    decided_again,
    failing,
    refused_verdict,
    settled_as_refused,
    verdict_of,
)
from .page_verdicts import held_verdict, tampered
from .prepared import PreparedWrite
from .tampering import TamperWatch


class DrainReport(msgspec.Struct):
    """What a drain did: created and updated by flow and step, the rest by flow.

    `unreadable` of the held ones because the vendor's answer about them made no sense, or was a refusal.
    `unlisted`: kinds of which a vendor refuses to say what changed, in words.
    """

    created: dict[str, int] = {}
    updated: dict[str, int] = {}
    held: dict[str, int] = {}
    skipped: dict[str, dict[str, int]] = {}
    unreadable: int = 0
    unlisted: list[str] = []
    written: int = 0
    pages: int = 0

    def add(self, counts: dict[str, int], name: str) -> None:
        """Count one more under `name`."""
        counts[name] = counts.get(name, 0) + 1

    def count(self, flow: Flow, write: Write, done: Done) -> None:
        """Count a write that was done: by flow and step, made or changed."""
        self.written += 1
        self.add(self.created if done.created else self.updated, f"{flow.name} {write.step}")


class Worker(Corridor):
    """Serves all that is due of one connection, both directions, and owns it meanwhile."""

    def __init__(
        self, connection: Connection, runtime: Runtime, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> None:
        super().__init__(connection, runtime)
        self._progress = progress
        self.report = DrainReport()
        self._lease = Lease(self.store, connection.id, runtime.clock)
        self._watch = TamperWatch(self.store, connection.id, runtime.clock)
        self._dispatcher = Dispatcher(connection, runtime, self.flows, self._lease, self._watch)
        self._reread: set[tuple[str, Ref]] = set()
        """Flows and records for which tables were read anew after a refusal."""
        self._relayed: set[str] = set()
        """Flows whose tasks of other kinds are done; what comes later takes its turn."""
        self._fired = 0
        # One for the whole drain: what failed together comes back together, and is read together.
        self._jitter = runtime.ids.jitter()

    async def drain(self) -> DrainReport:
        """Serve until nothing is due. Raises `Stopped` (`Busy`, `LeaseLost`, `SleptTooLong`) and vendor errors."""
        served = 0
        with self._lease.held(self.runtime.ids.token()), self._lease.kept_alive():
            noted_before = self._watch.begin()
            # Before anything new: an older request that arrives late would win over what is written now, and what it
            # made would never be linked (docs/proof.md, without finishing open writes).
            await self._dispatcher.finish_open(noted_before)
            self._watch.put_down()
            while page := self._take():
                total = served + sum(self.store.unserved(self.connection.id).values())
                self._progress("Records looked at", served, total)
                await self.serve(*page)
                served += len(page[1])
                self.report.pages += 1
        return self.report

    def _take(self) -> tuple[Flow, list[Task]] | None:
        """The next page: of the flow with the lowest rank that has anything due.

        Asked anew after each page, so that a customer that was knocked on meanwhile comes before the next invoices.
        """
        now = self.runtime.clock.now()
        # The mark comes before the page is read: what fires from now on may concern a hold that is not on record yet.
        self._fired, due, live = self.store.flows_due(self.connection.id, [flow.name for flow in self.flows], now)
        for flow in self.flows:
            if flow.name in due and (tasks := self._tasks_of(flow, now, live)):
                return flow, tasks
        return None

    def _tasks_of(self, flow: Flow, now: datetime, live: bool) -> list[Task]:
        """A page of due tasks. Other kinds come alone, and first: what they knock on is then looked at once."""
        if flow.name not in self._relayed:
            own = (flow.system, flow.kind)
            if others := self.due(flow, now, other_kinds_than=own, live=live):
                return others
            self._relayed.add(flow.name)
        tasks = self.due(flow, now, live=live)
        # Those that came since come alone as well: what they knock on is looked at once, after them.
        return [task for task in tasks if task.ref.kind != flow.kind] or tasks

    # --- note, apply, settle

    async def carry_out(self, flow: Flow, writes: Sequence[PreparedWrite], page: PageContext) -> RoundResult:
        """Note, send and settle, batch after batch. Raises `Stopped` where the lease is no longer this drain's."""
        result = RoundResult()
        going = self._not_given_up(flow, writes, result)
        # Before the gate: what is not believed stops the postings of this very round.
        strange = self._strange(going)
        ready = self._unclaimed(self._through_gate(going, result), strange, result)
        # One batch after the other, each settled before the next is noted: a crash leaves at most one of them open.
        sizes = {name: system.batch_sizes for name, system in self.runtime.systems.items()}
        for batch in self._taken_apart(flow, grouped(ready, sizes)):
            # Sealed before it is noted: what people wrote and we overwrite never lies open on a disk.
            composed = self._compose(flow, batch)
            noted, lost = set_aside(composed, self.connection.id, self.runtime.seal, self.runtime.digest)
            await self.runtime.crash("composed")
            self._dispatcher.note(noted, lost)
            await self.runtime.crash("noted")
            answers = await self._dispatcher.apply(noted)
            await self.runtime.crash("applied")
            self._settle_batch(flow, list(zip(batch, noted, answers, strict=True)), page, result)
            await self.runtime.crash("writes settled")
        return result

    def _taken_apart(self, flow: Flow, batches: Sequence[list[PreparedWrite]]) -> Iterator[list[PreparedWrite]]:
        """The batches; what failed twice, and was dropped and decided anew, goes in smaller ones or alone."""
        for batch in batches:
            failures = [self._failures(flow, prepared) for prepared in batch]
            whole = [prepared for prepared, count in zip(batch, failures, strict=True) if count < ONE_BY_ONE]
            if whole:
                yield whole
            weak = [prepared for prepared, count in zip(batch, failures, strict=True) if count >= ONE_BY_ONE]
            size = smaller(len(weak), max(failures))
            for start in range(0, len(weak), size or 1):
                yield weak[start : start + size]

    def _failures(self, flow: Flow, prepared: PreparedWrite) -> int:
        name = (flow.name, str(prepared.task.ref), prepared.write.key)
        return prepared.task.attempts if name in self._dispatcher.dropped else 0

    def _not_given_up(
        self, flow: Flow, writes: Sequence[PreparedWrite], result: RoundResult
    ) -> Sequence[PreparedWrite]:
        """What failed again and again is held in the drain that gave it up; a change of the record tries it anew."""
        given_up, going, now = self._dispatcher.given_up, list[PreparedWrite](), self.runtime.clock.now()
        for prepared in writes:
            task, write = prepared.task, prepared.write
            name = (flow.name, str(task.ref), write.key)
            words = given_up.get(name)
            # A missing update is dropped and decided anew each time: no open write of it grows old, its task does.
            if words is None and task.attempts > ONE_BY_ONE and now >= task.first_at + A_DAY:
                words = self._dispatcher.dropped.get(name)
            if words is None:
                going.append(prepared)
            else:
                result.verdicts.append(held_verdict(task, failing(WRITE_FAILS, task, write, words), write.flags))
        return going

    def met(self, row: str) -> None:
        """Postings stop from the next batch on, not from the next page: see `Corridor`."""
        self._watch.met(row)

    def _strange(self, writes: Sequence[PreparedWrite]) -> Sequence[StrangeWrite]:
        """The writes on record that are not believed: those that are open, and others under the keys of these."""
        strange = self.store.strange_writes(self.connection.id, [prepared.write.key for prepared in writes])
        for row in strange:
            self.met(row.row)
        return strange

    def _unclaimed(
        self, writes: Sequence[PreparedWrite], strange: Sequence[StrangeWrite], result: RoundResult
    ) -> Sequence[PreparedWrite]:
        """What an open write claims waits for it: nobody knows yet how that record stands.

        Only these wait. The drain goes on with their neighbours, or one lost answer would stop a company for minutes.
        """
        under_way = [open_write.write for open_write in self.store.open_writes(self.connection.id)]
        if not under_way and not strange:
            return writes
        free, busy = claimed(writes, under_way, [write.claim for write in strange])
        now = self.runtime.clock.now()
        result.verdicts += [being_checked(prepared.task, now + self._backoff(prepared.task)) for prepared in busy]
        return free

    def _through_gate(self, writes: Sequence[PreparedWrite], result: RoundResult) -> list[PreparedWrite]:
        keys = [prepared.write.key for prepared in writes if prepared.write.needs_approval]
        gate = Gate(self.store.approvals(self.connection.id, keys) if keys else {})
        ready, waiting = [], []
        for prepared in writes:
            # Decided afresh and compared with what was approved: an approved body that was kept and sent would go out
            # although its sources have moved (decision 0005).
            answer = gate.check(prepared)
            match answer:
                case GateAnswer.GO:
                    ready.append(prepared)
                case GateAnswer.WAIT:
                    waiting.append(prepared)
                case GateAnswer.STALE:
                    result.verdicts.append(stale(prepared))
                case GateAnswer.DISTRUST:
                    hold = tampered(prepared.task, f"approval {prepared.write.key}")
                    result.verdicts.append(held_verdict(prepared.task, hold, prepared.write.flags))
                case _:
                    assert_never(answer)
        self._note_tampered(result.verdicts)
        return self._unless_stopped(ready + self._without_a_click(waiting, result), result)

    def _unless_stopped(self, writes: Sequence[PreparedWrite], result: RoundResult) -> list[PreparedWrite]:
        """Nothing is posted while a row of the state is not believed; what needs no approval goes on."""
        if not self._watch.rows:
            return list(writes)
        kept_back = [prepared for prepared in writes if prepared.write.needs_approval]
        result.verdicts += [stopped(prepared, self._watch.rows) for prepared in kept_back]
        return [prepared for prepared in writes if not prepared.write.needs_approval]

    def _note_tampered(self, verdicts: Iterable[Verdict]) -> None:
        """The rows that these rest on stand among the holds from now on."""
        for verdict in verdicts:
            if verdict.hold is not None and verdict.hold.code == TAMPERED:
                self._watch.met(verdict.hold.facts["row"])
        self._watch.put_down()

    def _without_a_click(self, waiting: Sequence[PreparedWrite], result: RoundResult) -> list[PreparedWrite]:
        """Those that nobody approved but that are small enough; the others wait for a person."""
        now = self.runtime.clock.now()
        small = [prepared for prepared in waiting if is_small(prepared.write) and not self._watch.rows]
        if approve_small(self.store, self.connection.id, self._lease.fencing_token, small, now):
            self._lease.renewed(now)
            waiting = [prepared for prepared in waiting if not is_small(prepared.write)]
        else:
            small = []
        result.verdicts += [awaiting_approval(prepared) for prepared in waiting]
        return small

    def _compose(self, flow: Flow, batch: Sequence[PreparedWrite]) -> list[OpenWrite]:
        now = self.runtime.clock.now()
        # After a final refusal the vendor would answer the same key with the same refusal: it takes the next one. An
        # update needs none, its key is made of its body.
        created = [prepared.write.key for prepared in batch if prepared.write.action == "create"]
        refusals = self.store.refusals(self.connection.id, created) if created else {}
        texts = [_key_text(prepared, refusals, self.runtime.digest) for prepared in batch]
        together = batch_id(texts)
        return [
            OpenWrite(
                id=self.runtime.ids.token(),
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
        result: RoundResult,
    ) -> None:
        """Prepared, noted and answered: each is settled, or stays open; then its task is decided again, or ends."""
        # Settled together: one transaction and one sync to disk for the whole batch (decision 0008).
        settled = []
        for prepared, open_write, answer in answered:
            if isinstance(answer, Refused):
                meant = flow.refused(prepared.write, answer, self.runtime.digest)
                settled.append(settled_as_refused(open_write, answer, meant))
                verdict = self._refused(flow, prepared, meant)
                held = answer.right and verdict.hold is not None
                result.verdicts.append(self._again_later(verdict) if held else verdict)
                continue
            end = after_sending(open_write, answer, self.flows, self.runtime.digest)
            if end is not None:
                settled.append(end)
            match answer:
                case Done():
                    # Not served yet: with its new link the record may need another write, its contact role for example.
                    links = end.links if end is not None else ()
                    result.again.append(prepared.task)
                    result.links += links
                    self._keep(page, prepared.write, answer, links)
                    self.report.count(flow, prepared.write, answer)
                case Later() | Unsure():
                    most = LONGEST_PATIENCE if isinstance(answer, Unsure) else LONGEST_WAIT
                    now, wait = self.runtime.clock.now(), self._backoff(prepared.task, most)
                    result.verdicts.append(verdict_of(prepared, answer, now, wait))
                case _:
                    assert_never(answer)
        self._dispatcher.settle(settled)
        unsure = [with_trouble(open_write, answer) for _, open_write, answer in answered if isinstance(answer, Unsure)]
        self._dispatcher.unanswered(unsure)

    def _refused(self, flow: Flow, prepared: PreparedWrite, meant: Meaning) -> Verdict:
        """Once in a drain a record may have what it rests on read anew; after that its refusal is final."""
        place = (flow.name, prepared.task.ref)
        if isinstance(meant, Without):
            return decided_again(prepared.task, self.runtime.clock.now())
        if isinstance(meant, Reread) and place not in self._reread:
            self._reread.add(place)
            self.cache.forget(prepared.write.system, meant.tables)
            return decided_again(prepared.task, self.runtime.clock.now())
        return refused_verdict(prepared, meant.otherwise if isinstance(meant, Reread) else meant)

    def _keep(self, page: PageContext, write: Write, done: Done, links: Sequence[Link]) -> None:
        record = self.runtime.systems[write.system].after(page.known(done.ref), write, done)
        page.settled(write, done, record, links)

    def _backoff(self, task: Task, most: timedelta = LONGEST_WAIT) -> timedelta:
        return backoff(task.attempts, self._jitter, most)

    async def settle(self, flow: Flow, verdicts: Sequence[Verdict]) -> None:
        """Serve or put off the tasks, with holds, links and knocks, in one transaction. Raises `LeaseLost`."""
        self._note_tampered(verdicts)
        for verdict in verdicts:
            if verdict.hold is not None:
                self.report.add(self.report.held, flow.name)
                self.report.unreadable += verdict.hold.code in UNANSWERED
            elif verdict.next_at is None:
                self.report.add(self.report.skipped.setdefault(flow.name, {}), verdict.text)
        knocked = [_knocked(self.flows, verdict) for verdict in verdicts]
        await self.runtime.crash("deciding done")
        now = self.runtime.clock.now()
        self.store.settle(self.connection.id, self._lease.fencing_token, knocked, now, self._fired)
        self._lease.renewed(now)
        # After the holds: killed in between, an older version stays on record, and they are looked at once too often.
        self.store.changed_references(self.connection.id, self._seen(verdicts))
        await self.runtime.crash("tasks settled")

    def _seen(self, verdicts: Sequence[Verdict]) -> dict[tuple[str, str], str]:
        """The tables that holds wait for, as they were when it was decided: only another version releases them."""
        awaited = {trigger for verdict in verdicts for trigger in verdict.waits_for}
        return {key: at for key, at in self.cache.versions.items() if table_changed(key[1], key[0]) in awaited}


def _knocked(flows: Sequence[Flow], verdict: Verdict) -> Verdict:
    """A hold's knocks become tasks of the flows that listen to those records."""
    if verdict.hold is None or not verdict.hold.knocks:
        return verdict
    return msgspec.structs.replace(verdict, knocks=verdict.knocks + knocks_on(flows, verdict.hold.knocks))


def _key_text(prepared: PreparedWrite, refusals: Mapping[str, int], digest: Digest) -> tuple[str, int]:
    """The text behind its idempotency key, and its generation: one more after each final refusal of a new record."""
    text = identity(prepared.write, prepared.body, digest)
    return text, 1 + (refusals.get(prepared.write.key, 0) if prepared.write.action == "create" else 0)


__all__ = ["Connection", "DrainReport", "Runtime", "Worker"]
