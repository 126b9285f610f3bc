"""The part of the corridor that live and dry runs share: read a page, decide one by one, round after round.

`take · finish open writes · read · decide · note · apply · settle` reads top to bottom in `worker.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import msgspec
import structlog

from ml_connector.clock import Ids, Timekeeper
from ml_connector.model.errors import BadAnswer, ConnectorError, ReadRefused, StateTampered
from ml_connector.model.plans import Decision, Digest, Done, Flow, Hold, Need, NotLoaded, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Link, LinkDraft, Ref
from ml_connector.model.rules import Rules
from ml_connector.model.tasks import TAMPERED, Knock, Task, Verdict
from ml_connector.store import Store

from .batches import chosen
from .context import DrainCache, PageContext, ReferenceCache, Unreadable
from .page_verdicts import PageVerdicts, tampered
from .ports import CrashPoint, Seal, System
from .prepared import PreparedWrite, prepare

PAGE = 1000
"""Tasks of a page: as many records as one metered read of QuickBooks brings."""
ROUNDS = 20
"""Whoever still has something to write then never comes to rest: the record is held, and its neighbours go on."""
UNREADABLE = "UNREADABLE"
READ_REFUSED = "READ-REFUSED"
UNANSWERED = (UNREADABLE, READ_REFUSED)
"""The holds of what is asked for again by itself, because a vendor gave no answer that could be used."""
FIRST_WAIT = timedelta(minutes=5)
"""Until it is asked for again; each time twice as long, up to 21 hours."""
LONGEST_WAIT = timedelta(minutes=15)
"""The longest pause before a task is tried again that the vendor has put off or not answered (`backoff`)."""
_log = structlog.get_logger("engine")


class Runtime(msgspec.Struct, frozen=True):
    """Everything a run needs that is not the connection itself."""

    store: Store
    systems: Mapping[str, System]
    flows: Sequence[Flow]
    clock: Timekeeper
    ids: Ids
    crash: CrashPoint
    tables: ReferenceCache
    seal: Seal
    digest: Digest


class Connection(msgspec.Struct, frozen=True):
    """The connection served, with the settings its rules read. `today` turns an instant into the company's day."""

    id: str
    settings: Rules
    zone: ZoneInfo

    def today(self, now: datetime) -> date:
        """The day at this instant in the company's time zone: accounting days are local, instants are UTC."""
        return now.astimezone(self.zone).date()


class RoundResult(msgspec.Struct):
    """What came out of one round of writes: records to decide again, and services that ended."""

    again: list[Task] = []
    verdicts: list[Verdict] = []
    links: list[Link] = []


class Corridor(ABC):
    """Serves pages of tasks of one connection."""

    def __init__(self, connection: Connection, runtime: Runtime) -> None:
        self.connection = connection
        self.runtime = runtime
        self.store = runtime.store
        self.cache = DrainCache(runtime.tables)
        self.flows = sorted(runtime.flows, key=lambda flow: flow.rank)

    @abstractmethod
    async def carry_out(self, flow: Flow, writes: Sequence[PreparedWrite], page: PageContext) -> RoundResult:
        """Send the writes (or pretend to)."""

    @abstractmethod
    async def settle(self, flow: Flow, verdicts: Sequence[Verdict]) -> None:
        """Put the end of these services on record (or on the plan)."""

    def due(self, flow: Flow, now: datetime, **which: Any) -> list[Task]:
        """A page of due tasks. One that is about no record of this flow was not put there by us: it goes, by name."""
        while tasks := self.store.due(self.connection.id, flow.name, now, PAGE, **which):
            strange = [task.ref for task in tasks if not flow.serves(task.ref)]
            if not strange:
                break
            self.store.drop_tasks(self.connection.id, flow.name, strange, now)
        return tasks

    def met(self, row: str) -> None:
        """A decision rests on this row of the state, which is not believed. A run that writes posts nothing then."""
        del row

    async def serve(self, flow: Flow, tasks: Sequence[Task]) -> None:
        """One page of one flow, from reading to settling."""
        # One instant for all of it: a page that is decided over midnight has one day.
        now = self.runtime.clock.now()
        today = self.connection.today(now)
        page = PageContext(self.connection.settings, today, now, self.cache, self.runtime.digest)
        await page.read(self.runtime.systems, [task.ref for task in tasks])
        await self.runtime.crash("read")
        verdicts = await self._rounds(flow, tasks, page)
        await self.settle(flow, [self._read_again_later(verdict) for verdict in verdicts])

    async def _rounds(self, flow: Flow, tasks: Sequence[Task], page: PageContext) -> list[Verdict]:
        page_verdicts, waiting, left = PageVerdicts(), list(tasks), ROUNDS
        while waiting and left:
            # One write for each record, then all are decided again with their links: so batches stay full, and after a
            # crash there is nothing to resume (decision 0004).
            writes, again = self._sort_decisions(await self._decide(flow, waiting, page), page, page_verdicts)
            sent, later = chosen(writes)
            # The parts of a long entry are many rounds, but they come to an end.
            left -= not any(prepared.write.together for prepared in sent)
            waiting = [prepared.task for prepared in later] + again
            if sent:
                outcome = await self.carry_out(flow, sent, page)
                page_verdicts.ended += outcome.verdicts
                waiting += outcome.again + page_verdicts.released(outcome.links)
        return page_verdicts.verdicts(waiting)

    def _sort_decisions(
        self, decided: Iterable[tuple[Task, Decision]], page: PageContext, page_verdicts: PageVerdicts
    ) -> tuple[list[PreparedWrite], list[Task]]:
        """The writes, and those that are decided again because of what was found out; the others are served or held."""
        writes: list[PreparedWrite] = []
        again: list[Task] = []
        for task, decision in decided:
            ready = self._prepared(task, decision) if isinstance(decision, Write) else decision
            match ready:
                case PreparedWrite():
                    writes.append(ready)
                    page_verdicts.write(task, ready.write)
                case Hold():
                    if ready.code == TAMPERED:
                        self.met(ready.facts["row"])
                    links = page.learn(links_found(ready), task.ref)
                    page_verdicts.learn(task.ref, links, knocks_by(self.flows, links))
                    page_verdicts.hold(task, ready)
                case Skip():
                    if self._is_news(task, ready, page, page_verdicts):
                        again.append(task)
                    else:
                        page_verdicts.skip(task, ready)
                case _:
                    assert_never(ready)
        return writes, again

    def _is_news(self, task: Task, decision: Skip, page: PageContext, page_verdicts: PageVerdicts) -> bool:
        """Whether it found links that nobody knew; they and its knocks are kept for the verdict."""
        links = page.learn(links_found(decision), task.ref)
        page_verdicts.learn(task.ref, links, knocks_on(self.flows, decision.knocks) + knocks_by(self.flows, links))
        return bool(links)

    async def _decide(self, flow: Flow, tasks: Sequence[Task], page: PageContext) -> list[tuple[Task, Decision]]:
        """Every task decided; facts that are missing are fetched for all of them together."""
        decided: list[tuple[Task, Decision]] = []
        todo, asking = list(tasks), list[tuple[Task, Sequence[Need]]]()
        while todo or asking:
            for task in todo:
                try:
                    decided.append((task, _decide_one(flow, task, page)))
                except NotLoaded as question:
                    asking.append((task, question.needs))
            needs = [need for _, wanted in asking for need in wanted]
            await page.load(needs, self.connection.id, self.store, self.runtime.systems)
            # Whose facts are all there goes on to its next question. The others wait, so that what they ask of the
            # dearer system comes together (decision 0003).
            still = [(task, wanted) for task, wanted in asking if not all(map(page.knows, wanted))]
            waiting = {task.ref for task, _ in still}
            todo, asking = [task for task, _ in asking if task.ref not in waiting], still
        return decided

    def _prepared(self, task: Task, write: Write) -> PreparedWrite | Hold:
        """A body that must never be sent is found before anything is noted; it holds its own record only."""
        try:
            return prepare(task, write, self.runtime.systems[write.system])
        except ConnectorError as error:
            return Hold(code="UNEXPECTED", facts={"record": str(task.ref), "what": error.sentence})

    def _read_again_later(self, verdict: Verdict) -> Verdict:
        """An answer that cannot be read may be a mishap on the way: it is asked for again, less and less often."""
        if verdict.hold is None or verdict.hold.code not in UNANSWERED:
            return verdict
        return self._again_later(verdict)

    def _again_later(self, verdict: Verdict) -> Verdict:
        """Held, and tried again by itself, less and less often."""
        wait = FIRST_WAIT * 2 ** min(verdict.task.attempts, 8)
        return msgspec.structs.replace(verdict, next_at=self.runtime.clock.now() + wait)


def _decide_one(flow: Flow, task: Task, page: PageContext) -> Decision:
    record = page.known(task.ref)
    try:
        match record:
            case Unreadable():
                return _unreadable(task, record.error)
            case _ if task.ref.kind != flow.kind:
                return Skip(reason=Reason.RELAYED, knocks=_differing(flow, task.ref.kind, record, page))
            case Gone():
                return flow.gone(record, page)
            case _:
                return flow.decide(record, page)
    except NotLoaded:
        raise
    except BadAnswer as error:
        return _unreadable(task, error)
    except StateTampered as error:
        return tampered(task, error.row)
    except Exception as error:  # noqa: BLE001 - one bad record must never stop its neighbours
        _log.exception("decision failed", flow=flow.name, ref=str(task.ref))
        return Hold(code="UNEXPECTED", facts={"record": str(task.ref), "what": type(error).__name__})


def _differing(flow: Flow, kind: str, record: Any, page: PageContext) -> tuple[Ref, ...]:
    """The records that differ because this one, of another kind, has changed."""
    return () if isinstance(record, Gone) else tuple(flow.changed_by[kind](record, page))


def _unreadable(task: Task, error: BadAnswer) -> Hold:
    if isinstance(error, ReadRefused):
        return Hold(code=READ_REFUSED, facts={"record": str(task.ref), "code": error.code, "message": error.words})
    return Hold(code=UNREADABLE, facts={"record": str(task.ref), "what": error.sentence})


def knocks_on(flows: Iterable[Flow], refs: Iterable[Ref]) -> tuple[Knock, ...]:
    """The tasks of the flows whose records these are."""
    return tuple(
        (flow.name, ref) for ref in refs for flow in flows if (flow.system, flow.kind) == (ref.system, ref.kind)
    )


def knocks_by(flows: Iterable[Flow], links: Sequence[Link]) -> tuple[Knock, ...]:
    """The tasks of the flows that look at a record when it is linked in this role."""
    if not links:
        return ()
    return tuple(
        (flow.name, ref)
        for flow in flows
        for link in links
        if link.role in flow.linked_by
        for ref in (link.source, link.target)
        if (flow.system, flow.kind) == (ref.system, ref.kind)
    )


def links_found(decision: Skip | Hold) -> list[Link]:
    """Links that a decision makes without writing anything: what it found belongs together."""
    return [link for draft in decision.links if (link := finished(draft, None))]


def finished(draft: LinkDraft, made: Ref | None, version: str = "") -> Link | None:
    """The link of a draft, its blanks filled with the record that was made; None while a blank stays."""
    source = made if not draft.source.id else draft.source
    target = draft.target if draft.target is not None and draft.target.id else made
    if source is None or target is None:
        return None
    return Link(draft.role, source, target, draft.agreed, draft.exclusive, draft.source_version, version)


def links_made(write: Write, done: Done) -> list[Link]:
    """The links of a write that was done: blanks are the record it made, `done.version` is the version of that."""
    return [link for draft in write.links if (link := finished(draft, done.ref, done.version))]


def backoff(attempts: int, jitter: float, most: timedelta = LONGEST_WAIT) -> timedelta:
    """Seconds 5, 10, 20, ... up to `most`, spread by up to half. `jitter` is between 0 and 1."""
    seconds = min(most.total_seconds(), 5.0 * 2 ** min(attempts, 12))
    return timedelta(seconds=seconds * (0.5 + jitter / 2))
