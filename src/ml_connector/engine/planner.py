"""The dry run: the same corridor, with hands that only write down what would be done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.model.plans import Done, Flow, Hold, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Knock, Task, Verdict, Waiting

from .context import PLANNED, PageContext
from .corridor import PAGE, Connection, Corridor, RoundResult, Runtime, knocks_by, links_made
from .prepared import PreparedWrite


class PlannedWrite(msgspec.Struct, frozen=True):
    """One write of a plan. `body` is there only for journal entries: it is what an approver signs.

    Other bodies may hold personal data; the plan keeps the names of their fields.
    """

    flow: str
    record: str
    step: str
    system: str
    kind: str
    action: str
    key: str
    label: str
    body_hash: str
    fields: tuple[str, ...]
    why: tuple[str, ...]
    amount: Decimal | None
    currency: str
    body: Any = None


class PlannedHold(msgspec.Struct, frozen=True):
    """A record that would be held, and why. `amount` is what waits, in `currency`; None where it is not about money."""

    flow: str
    record: str
    code: str
    facts: dict[str, str]
    amount: Decimal | None
    currency: str


class Plan(msgspec.Struct):
    """Everything a drain would do now. `skipped` counts by flow and reason."""

    writes: list[PlannedWrite] = []
    holds: list[PlannedHold] = []
    skipped: dict[str, dict[str, int]] = {}

    def digest(self) -> str:
        """SHA-256 over the whole content."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def postings(self) -> list[PlannedWrite]:
        """The writes that need an approval."""
        return [write for write in self.writes if write.body is not None]


class Planner(Corridor):
    """Plans all that is due. Writes nothing: not to the vendors, not to the store."""

    def __init__(self, connection: Connection, runtime: Runtime) -> None:
        super().__init__(connection, runtime)
        self.plan = Plan()
        self._told: dict[str, dict[Ref, None]] = {}

    async def make(self) -> Plan:
        """Read and decide everything that is due, and what that sets in motion, flow after flow."""
        now = self.runtime.clock.now()
        for flow in self.flows:
            seen: set[Ref] = set()
            # By name, from a blank, which comes before every name: a plan serves nothing, so the oldest tasks would be
            # taken again and again.
            after = ""
            while tasks := self.due(flow, now, after=after or " ", planned=True):
                await self.serve(flow, tasks)
                seen.update(task.ref for task in tasks)
                after = str(tasks[-1].ref)
            while told := [ref for ref in self._told.pop(flow.name, {}) if ref not in seen]:
                for start in range(0, len(told), PAGE):
                    await self.serve(flow, [Task(flow.name, ref, 1, 0, now) for ref in told[start : start + PAGE]])
                seen.update(told)
        return self.plan

    def _tell(self, knocks: Iterable[Knock]) -> None:
        """These would be looked at next."""
        for name, ref in knocks:
            self._told.setdefault(name, {})[ref] = None

    async def carry_out(self, flow: Flow, writes: Sequence[PreparedWrite], page: PageContext) -> RoundResult:
        """Put the writes on the plan and pretend that they were done, so that what follows from them is planned too."""
        outcome = RoundResult()
        for prepared in writes:
            task, write = prepared.task, prepared.write
            if write.needs_approval and f'"{PLANNED}'.encode() in prepared.body:
                # Nobody can approve a body whose ids are not known yet; it is planned when they are.
                outcome.verdicts.append(Verdict(task=task, ending=Waiting.NEXT_PLAN))
                continue
            self.plan.writes.append(_planned(flow, prepared))
            made = _written(write)
            done = Done(made, created=made.id.startswith(PLANNED))
            links = links_made(write, done)
            self.cache.plan_links(links)
            self._tell(knocks_by(self.flows, links))
            self.cache.made[made] = self.runtime.systems[write.system].after(page.known(made), write, done)
            page.put(self.cache.made[made])
            page.settled(write, done, self.cache.made[made], links)
            outcome.links += links
            outcome.again.append(task)
        return outcome

    async def settle(self, flow: Flow, verdicts: Sequence[Verdict]) -> None:
        """Put these endings on the plan; what they would knock on is looked at next."""
        for verdict in verdicts:
            self.cache.plan_links(verdict.links)
            self._tell(verdict.knocks)
            if verdict.hold is not None:
                self.plan.holds.append(_held(flow, verdict, verdict.hold))
            else:
                counts = self.plan.skipped.setdefault(flow.name, {})
                counts[verdict.text] = counts.get(verdict.text, 0) + 1


def _written(write: Write) -> Ref:
    """The record that the write would change, as the vendor would find it by its id or key; else a new one."""
    if write.target_id:
        return Ref(write.system, write.kind, write.target_id)
    known = [draft.target for draft in write.links if draft.target is not None and draft.target.id]
    same = [ref for ref in known if (ref.system, ref.kind) == (write.system, write.kind)]
    return same[0] if same and write.action == "upsert" else Ref(write.system, write.kind, f"{PLANNED}{write.key}")


def _planned(flow: Flow, prepared: PreparedWrite) -> PlannedWrite:
    write = prepared.write
    return PlannedWrite(
        flow=flow.name,
        record=str(prepared.task.ref),
        step=write.step,
        system=write.system,
        kind=write.kind,
        action=write.action,
        key=write.key,
        label=write.label if write.needs_approval else "",
        body_hash=prepared.approval,
        fields=tuple(sorted(write.body)),
        why=write.why,
        amount=write.amount,
        currency=write.currency,
        body=write.body if write.needs_approval else None,
    )


def _held(flow: Flow, verdict: Verdict, hold: Hold) -> PlannedHold:
    return PlannedHold(
        flow=flow.name,
        record=str(verdict.task.ref),
        code=hold.code,
        facts=dict(hold.facts),
        amount=hold.amount,
        currency=hold.currency,
    )
