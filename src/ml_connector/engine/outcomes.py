"""What follows from an outcome or a look-up. Pure, and closed: whoever adds a case is told here that it is missing.

Nothing is sent again because it fell through: only a new record that the vendor surely does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import assert_never

import msgspec

from ml_connector.model.plans import (
    Differs,
    Digest,
    Done,
    Flow,
    Foreign,
    Hold,
    Later,
    LookUp,
    Missing,
    OpenWrite,
    Outcome,
    Refused,
    Reread,
    Skip,
    Unsure,
    Without,
    Write,
)
from ml_connector.model.tasks import WRITE_WAITS, Settled, Task, Verdict, Waiting
from ml_connector.model.triggers import SETTINGS
from ml_connector.store.rows import Approved

from .batches import ONE_BY_ONE
from .corridor import finished, knocks_by, links_found, links_made
from .page_verdicts import held_verdict, skipped
from .prepared import PreparedWrite, approval_of

A_DAY = timedelta(days=1)
"""For so long a write is tried before a person is told."""
LONGEST_PATIENCE = timedelta(hours=4)
"""Patience doubles with each sending, up to this: what is lost again and again is not sent every few minutes."""
OFTEN = 3
"""So many times at least it was tried in that day: a connector that was switched off has tried nothing."""
_HOURLY = timedelta(hours=1)


class StillOpen(Enum):
    """What happens to an open write that a look-up does not settle."""

    WAIT = "wait"
    """Nobody can know yet; it is looked up again later."""
    SEND_AGAIN = "send again"
    """The vendor does not have it and can no longer be working on it: the same request, under the same key."""
    GIVE_UP = "give up"
    """It went out again and again for a day, alone too, and the vendor does not have it: its record is held."""


def after_look_up(
    write: OpenWrite, answer: LookUp, now: datetime, patience: timedelta, flows: Sequence[Flow]
) -> Settled | StillOpen:
    """What follows from what the vendor has. `patience` is how long it may still be working on the request."""
    match answer:
        case Done():
            return settled_as_done(write, answer, flows)
        case Unsure():
            return StillOpen.WAIT
        case Missing() | Foreign() | Differs() if may_still_come(write, now, patience):
            return StillOpen.WAIT
        case Missing() if write.sendings > ONE_BY_ONE and now >= (write.first_noted_at or write.noted_at) + A_DAY:
            return StillOpen.GIVE_UP
        case Missing():
            return _of_missing(write, "missing")
        case Foreign():
            # A stranger has taken the number meanwhile. His record is not ours, so ours is still missing: it is sent as
            # it was approved, and a vendor that minds the number refuses it (accounting-rules B.11, S10).
            return _of_missing(write, "foreign")
        case Differs():
            # Perhaps it was done, and people have changed the record since: sent again, it would undo their edit.
            return Settled(id=write.id, state="dropped", outcome="differs", perhaps=True)
        case _:
            assert_never(answer)


def _of_missing(write: OpenWrite, outcome: str) -> Settled | StillOpen:
    match write.write.action:
        case "update":
            # The record may have moved on since it was decided: what to write is decided anew.
            return Settled(id=write.id, state="dropped", outcome=outcome)
        case "create" | "upsert":
            return StillOpen.SEND_AGAIN
        case _:
            assert_never(write.write.action)


def may_still_come(write: OpenWrite, now: datetime, patience: timedelta) -> bool:
    """Whether the vendor may yet do it, over whatever is written meanwhile.

    An update with a version token cannot come late: once anything else was written, the vendor refuses it.
    """
    guarded = write.write.action == "update" and write.write.sync_token
    # The 12 only keeps the power small: four hours are reached before.
    return not guarded and now < write.noted_at + min(patience * 2 ** (min(write.sendings, 12) - 1), LONGEST_PATIENCE)


Meaning = Hold | Skip | Reread | Without
"""What a flow makes of a refusal."""


def after_sending(write: OpenWrite, outcome: Outcome, flows: Sequence[Flow], digest: Digest) -> Settled | None:
    """The end of a write that was just sent; None while nobody knows: it stays open, and is looked up later."""
    match outcome:
        case Done():
            return settled_as_done(write, outcome, flows)
        case Later():
            return Settled(id=write.id, state="dropped", outcome="later")
        case Refused():
            ours = (flow for flow in flows if flow.name == write.flow)
            return settled_as_refused(write, outcome, *(flow.refused(write.write, outcome, digest) for flow in ours))
        case Unsure():
            return None
        case _:
            assert_never(outcome)


def settled_as_refused(write: OpenWrite, refusal: Refused, *meant: Meaning) -> Settled:
    """With what is remembered of it, so that the next decision leaves that out. `meant`: what its flow makes of it."""
    drafts = [draft for answer in meant if isinstance(answer, Without) for draft in answer.links]
    links = tuple(link for draft in drafts if (link := finished(draft, None)))
    # The vendor's text may hold personal data: its code does.
    return Settled(id=write.id, state="refused", outcome=f"refused {refusal.code}", links=links)


def settled_as_done(write: OpenWrite, done: Done, flows: Sequence[Flow]) -> Settled:
    """With its links, and knocks on the flows that must look at a new record or a new link."""
    created = write.write.action == "create"
    # A flow that no sweep tells of records waits for what becomes of them later, not for their being made.
    ours = [flow for flow in flows if flow.swept and (flow.system, flow.kind) == (done.ref.system, done.ref.kind)]
    listening = ours if created else []
    links = tuple(links_made(write.write, done))
    knocks = (*((flow.name, done.ref) for flow in listening), *knocks_by(flows, links))
    return Settled(id=write.id, state="done", result=done.ref, links=links, knocks=knocks)


def verdict_of(prepared: PreparedWrite, outcome: Later | Unsure, now: datetime, wait: timedelta) -> Verdict:
    """How the service of a task ends whose write was not done. `wait`: until the next try, where nobody says."""
    task, write = prepared.task, prepared.write
    match outcome:
        case Unsure():
            return being_checked(task, now + wait)
        case Later(stale=True):
            return decided_again(task, now)
        case Later(after=after) if task.attempts >= OFTEN and now >= task.first_at + A_DAY:
            # A full disk, an approval process: a person must act and has to know. It is tried all the same.
            hold = failing(WRITE_WAITS, task, write, outcome.reason)
            return msgspec.structs.replace(
                held_verdict(task, hold, write.flags), next_at=now + min(after or wait, _HOURLY)
            )
        case Later(after=after):
            return Verdict(task=task, ending=Waiting.LATER, next_at=now + (wait if after is None else after))
        case _:
            assert_never(outcome)


def refused_verdict(prepared: PreparedWrite, decision: Hold | Skip) -> Verdict:
    """How the service of a task ends whose write was refused for good, by what its flow makes of that."""
    task, write = prepared.task, prepared.write
    match decision:
        case Hold():
            verdict = held_verdict(task, decision, write.flags)
            return msgspec.structs.replace(verdict, links=tuple(links_found(decision)))
        case Skip():
            return skipped(task, decision, write.flags, ())
        case _:
            assert_never(decision)


def approved_as_noted(write: OpenWrite, approved: Approved | None) -> bool:
    """Whether exactly what stands in the outbox was approved, by an approval that was given here."""
    return approved == Approved(approval_of(write.write, write.body))


def decided_again(task: Task, now: datetime) -> Verdict:
    """What it rests on is another by now: it is read and decided again at once."""
    return Verdict(task=task, ending=Waiting.CHANGED_MEANWHILE, next_at=now)


def failing(code: str, task: Task, write: Write, words: str) -> Hold:
    """The hold of a record whose write does not come through. `words`: what the vendor says, or what we saw of it."""
    facts = {"record": str(task.ref), "system": write.system.capitalize(), "message": words or "nothing"}
    return Hold(code=code, facts=facts, waits_for=(SETTINGS,), amount=write.waiting, currency=write.currency)


def being_checked(task: Task, until: datetime) -> Verdict:
    """It is not known yet whether the vendor did it, or did what it waits for."""
    return Verdict(task=task, ending=Waiting.BEING_CHECKED, next_at=until)
