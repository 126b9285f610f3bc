"""The worker: take · finish open writes · read · decide · note · apply · settle.

Before anything is sent it is on record with its key and exact body. After a crash or a lost answer the open write is
looked up, and only what the vendor surely does not have is sent again; then the record is looked at anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from ml_connector.model.errors import Stopped
from ml_connector.model.plans import (
    Differs,
    Done,
    Flow,
    Hold,
    Later,
    LookUp,
    OpenWrite,
    Outcome,
    Refused,
    Unsure,
    Write,
)
from ml_connector.model.refs import Link
from ml_connector.model.tasks import PLAN_STALE, Settled, Task, Verdict, Waiting, WriteEnd
from ml_connector.model.triggers import table_changed

from .batches import batch_id, claimed, grouped, identity, in_batches, request_id
from .conflicts import set_aside
from .context import PageContext
from .corridor import (
    PAGE,
    UNREADABLE,
    Connection,
    Corridor,
    Outside,
    Round,
    backoff,
    knocks_by,
    knocks_on,
    lease_end,
    links_made,
)
from .gate import Gate, approval_of, approve_small, is_small, waits_for
from .served import held_verdict, skipped

SOON = timedelta(seconds=30)


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


class Worker(Corridor):
    """Serves all that is due of one connection, both directions, and owns it meanwhile."""

    def __init__(
        self, connection: Connection, outside: Outside, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> None:
        super().__init__(connection, outside)
        self._progress = progress
        self.report = DrainReport()
        self._token = 0
        self._relayed: set[str] = set()
        """Flows whose tasks of other kinds are done; what comes later takes its turn."""
        self._fired = 0
        self._lease: datetime = outside.clock.now()

    async def drain(self) -> DrainReport:
        """Serve until nothing is due. Raises `Stopped` when another run owns the connection, and vendor errors."""
        token = self.store.take_run(self.connection.id, self.outside.ids.token(), self.outside.clock.now())
        if token is None:
            raise Stopped("Another run is at work on this connection.", "Wait for it to end, or stop it first.")
        self._token = token
        self._renewed()
        served = 0
        try:
            await self._finish_open_writes()
            while page := self._take():
                self._progress(
                    "Records looked at", served, served + sum(self.store.unserved(self.connection.id).values())
                )
                await self.serve(*page)
                served += len(page[1])
                self.report.pages += 1
        finally:
            self.store.release_run(self.connection.id, token)
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

    # --- finish what was begun

    async def _finish_open_writes(self) -> None:
        writes = self.store.open_writes(self.connection.id)
        for name in dict.fromkeys(write.write.system for write in writes):
            await self._finish(name, [write for write in writes if write.write.system == name])

    async def _finish(self, system: str, writes: Sequence[OpenWrite]) -> None:
        answers = await self.outside.systems[system].look_up(writes)
        await self.outside.crash("looked up")
        now = self.outside.clock.now()
        patience = self.outside.systems[system].settle_after
        settled, again, unsettled = [], [], []
        for write, answer in zip(writes, answers, strict=True):
            if isinstance(answer, Done):
                settled.append(self._done(write, answer))
            elif isinstance(answer, Unsure) or _may_still_come(write, now, patience):
                unsettled.append(write)
            elif isinstance(answer, Differs) or write.write.action == "update":
                perhaps = isinstance(answer, Differs)
                settled.append(Settled(id=write.id, state="dropped", outcome=_word(answer), perhaps=perhaps))
            else:
                again.append(write)
        self._settle_writes(settled)
        self._wait(unsettled, patience)
        for batch in in_batches(again):
            whole = len(batch) == sum(w.batch_id == batch[0].batch_id for w in writes)
            for part in [batch] if whole else [[write] for write in batch]:
                await self._send_again(part, whole=whole)

    async def _send_again(self, writes: Sequence[OpenWrite], *, whole: bool) -> None:
        """The identical batch where all of it is missing; else one by one, each under its own key."""
        now = self.outside.clock.now()
        noted = [
            msgspec.structs.replace(
                write,
                batch_id=write.batch_id if whole else write.request_id,
                position=write.position if whole else 0,
                noted_at=now,
                sent_at=now,
            )
            for write in writes
        ]
        self.store.note_again(self.connection.id, self._token, noted, now)
        self._renewed()
        for write, outcome in zip(noted, await self._apply(noted), strict=True):
            self._settle_again(write, outcome)

    def _settle_again(self, write: OpenWrite, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self._settle_writes([self._done(write, outcome)])
        elif isinstance(outcome, Unsure):
            self._wait([write], SOON)
        else:
            self._settle_writes([_not_applied(write, outcome)])

    def _wait(self, writes: Sequence[OpenWrite], patience: timedelta) -> None:
        """Look at the records of these open writes no sooner than the vendor may have made up its mind."""
        if writes:
            now = self.outside.clock.now()
            until = max(now + SOON, max(write.noted_at for write in writes) + patience)
            self.store.delay(self.connection.id, self._token, [(w.flow, w.source) for w in writes], until, now)
            self._renewed()

    # --- note, apply, settle

    async def carry_out(self, flow: Flow, writes: Sequence[tuple[Task, Write]], page: PageContext) -> Round:
        outcome = Round()
        ready = self._unclaimed(self._through_gate(writes, outcome), outcome)
        sizes = {name: system.batch_sizes for name, system in self.outside.systems.items()}
        for batch in grouped(ready, sizes):
            noted, lost = set_aside(self._compose(flow, batch), self.connection.id, self.outside.seal)
            await self.outside.crash("composed")
            self.store.note(self.connection.id, self._token, noted, self.outside.clock.now(), lost)
            self._renewed()
            await self.outside.crash("noted")
            answers = await self._apply(noted)
            await self.outside.crash("applied")
            self._settle_batch(flow, batch, noted, answers, page, outcome)
            await self.outside.crash("writes settled")
        return outcome

    def _unclaimed(self, writes: Sequence[tuple[Task, Write]], outcome: Round) -> list[tuple[Task, Write]]:
        """What an open write claims waits for it: nobody knows yet how that record stands."""
        under_way = [each.write for each in self.store.open_writes(self.connection.id)]
        if not under_way:
            return list(writes)
        free, busy = claimed(writes, under_way)
        outcome.verdicts += [self._unsettled(task) for task in busy]
        return free

    def _through_gate(self, writes: Sequence[tuple[Task, Write]], outcome: Round) -> list[tuple[Task, Write]]:
        keys = [write.key for _, write in writes if write.needs_approval]
        gate = Gate(self.store.approvals(self.connection.id, keys) if keys else {})
        ready, waiting = [], []
        for task, write in writes:
            if not write.needs_approval:
                ready.append((task, write))
                continue
            approval = approval_of(write, self.outside.systems[write.system].encode(write))
            verdict = gate.check(write, approval)
            if verdict == "go":
                ready.append((task, write))
            elif verdict == "wait":
                waiting.append((task, write, approval))
            else:
                outcome.verdicts.append(_stale(task, write))
        return ready + self._without_a_click(waiting, outcome)

    def _without_a_click(self, waiting: Sequence[tuple[Task, Write, str]], outcome: Round) -> list[tuple[Task, Write]]:
        """Those that nobody approved but that are small enough; the others wait for a person."""
        small = [each for each in waiting if is_small(each[1])]
        if approve_small(self.store, self.connection.id, self._token, small, self.outside.clock.now()):
            self._renewed()
            waiting = [each for each in waiting if not is_small(each[1])]
        else:
            small = []
        outcome.verdicts += [
            Verdict(task=task, ending=Waiting.APPROVAL, flags=write.flags, waits_for=waits_for(write))
            for task, write, _ in waiting
        ]
        return [(task, write) for task, write, _ in small]

    def _compose(self, flow: Flow, batch: Sequence[tuple[Task, Write]]) -> list[OpenWrite]:
        now = self.outside.clock.now()
        system = self.outside.systems[batch[0][1].system]
        created = [write.key for _, write in batch if write.action == "create"]
        refusals = self.store.refusals(self.connection.id, created) if created else {}
        bodies = [system.encode(write) for _, write in batch]
        texts = [
            (identity(write, body), 1 + refusals.get(write.key, 0) if write.action == "create" else 1)
            for (_, write), body in zip(batch, bodies, strict=True)
        ]
        together = batch_id(texts)
        return [
            OpenWrite(
                id=self.outside.ids.token(),
                flow=flow.name,
                source=task.ref,
                write=write,
                body=body,
                request_id=request_id(*text),
                batch_id=together,
                position=position,
                generation=text[1],
                noted_at=now,
                sent_at=now,
            )
            for position, ((task, write), body, text) in enumerate(zip(batch, bodies, texts, strict=True))
        ]

    async def _apply(self, writes: Sequence[OpenWrite]) -> list[Outcome]:
        if self.outside.clock.now() >= self._lease:
            raise Stopped("This run was asleep for too long.", "Nothing was sent; the next run goes on.")
        return await self.outside.systems[writes[0].write.system].apply(writes, self._lease)

    def _settle_batch(
        self,
        flow: Flow,
        batch: Sequence[tuple[Task, Write]],
        noted: Sequence[OpenWrite],
        answers: Sequence[Outcome],
        page: PageContext,
        outcome: Round,
    ) -> None:
        settled = []
        for (task, write), open_write, answer in zip(batch, noted, answers, strict=True):
            if isinstance(answer, Done):
                done = self._done(open_write, answer)
                settled.append(done)
                outcome.again.append(task)
                outcome.links += done.links
                self._keep(page, write, answer, done.links)
                self.report.written += 1
                self.report.add(
                    self.report.created if answer.created else self.report.updated, f"{flow.name} {write.step}"
                )
            else:
                if not isinstance(answer, Unsure):
                    settled.append(_not_applied(open_write, answer))
                outcome.verdicts.append(self._not_done(flow, task, write, answer))
        self._settle_writes(settled)

    def _keep(self, page: PageContext, write: Write, done: Done, links: Sequence[Link]) -> None:
        record = self.outside.systems[write.system].after(page.known(done.ref), write, done)
        page.settled(write, done, record, links)

    def _not_done(self, flow: Flow, task: Task, write: Write, outcome: Later | Refused | Unsure) -> Verdict:
        now = self.outside.clock.now()
        if isinstance(outcome, Refused):
            decision = flow.refused(write, outcome)
            if isinstance(decision, Hold):
                return held_verdict(task, decision, write.flags)
            return skipped(task, decision, write.flags, ())
        if isinstance(outcome, Unsure):
            return self._unsettled(task)
        if outcome.stale:
            return Verdict(task=task, ending=Waiting.CHANGED_MEANWHILE, next_at=now)
        wait = backoff(task.attempts, self.outside.ids.jitter()) if outcome.after is None else outcome.after
        return Verdict(task=task, ending=Waiting.LATER, next_at=now + wait)

    def _unsettled(self, task: Task) -> Verdict:
        until = self.outside.clock.now() + backoff(task.attempts, self.outside.ids.jitter())
        return Verdict(task=task, ending=Waiting.BEING_CHECKED, next_at=until)

    def _done(self, write: OpenWrite, done: Done) -> Settled:
        knocks = [
            (flow.name, done.ref)
            for flow in self.flows
            if write.write.action == "create" and (flow.system, flow.kind) == (done.ref.system, done.ref.kind)
        ]
        links = tuple(links_made(write.write, done))
        told = (*knocks, *knocks_by(self.flows, links))
        return Settled(id=write.id, state="done", result=done.ref, links=links, knocks=told)

    def _settle_writes(self, settled: Sequence[Settled]) -> None:
        if settled:
            self.store.settle_writes(self.connection.id, self._token, settled, self.outside.clock.now())
            self._renewed()

    async def settle(self, flow: Flow, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.hold is not None:
                self.report.add(self.report.held, flow.name)
                self.report.unreadable += verdict.hold.code == UNREADABLE
            elif verdict.next_at is None:
                self.report.add(self.report.skipped.setdefault(flow.name, {}), verdict.text)
        knocks = [_knocked(self.flows, verdict) for verdict in verdicts]
        await self.outside.crash("deciding done")
        self.store.settle(self.connection.id, self._token, knocks, self.outside.clock.now(), self._fired)
        self._renewed()
        self.store.changed_references(self.connection.id, self._seen(verdicts))
        await self.outside.crash("tasks settled")

    def _seen(self, verdicts: Sequence[Verdict]) -> dict[tuple[str, str], str]:
        """The tables that holds wait for, as they were when it was decided: only another version releases them."""
        awaited = {trigger for verdict in verdicts for trigger in verdict.waits_for}
        return {key: at for key, at in self.shelf.versions.items() if table_changed(key[1], key[0]) in awaited}

    def _renewed(self) -> None:
        self._lease = lease_end(self.outside.clock.now())


def _knocked(flows: Sequence[Flow], verdict: Verdict) -> Verdict:
    """A hold's knocks become tasks of the flows that listen to those records."""
    if verdict.hold is None or not verdict.hold.knocks:
        return verdict
    return msgspec.structs.replace(verdict, knocks=verdict.knocks + knocks_on(flows, verdict.hold.knocks))


def _may_still_come(write: OpenWrite, now: datetime, patience: timedelta) -> bool:
    """Whether the vendor may yet do it, over whatever is written meanwhile. A guarded update would be refused then."""
    guarded = write.write.action == "update" and write.write.sync_token
    return not guarded and now < write.noted_at + patience


def _not_applied(write: OpenWrite, outcome: Later | Refused) -> Settled:
    """The end of a write that was certainly not applied."""
    state: WriteEnd = "refused" if isinstance(outcome, Refused) else "dropped"
    return Settled(id=write.id, state=state, outcome=_word(outcome))


def _stale(task: Task, write: Write) -> Verdict:
    facts = {"number": write.label, "record": str(task.ref), **(write.together.facts if write.together else {})}
    hold = Hold(code=PLAN_STALE, facts=facts, amount=write.waiting, currency=write.currency)
    return held_verdict(task, hold, write.flags)


def _word(outcome: Outcome | LookUp) -> str:
    """An outcome as kept on record: codes and kinds, no vendor text (it may hold personal data)."""
    if isinstance(outcome, Refused):
        return f"refused {outcome.code}"
    return type(outcome).__name__.lower()


__all__ = ["Connection", "DrainReport", "Outside", "Worker"]
