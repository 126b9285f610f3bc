"""How the service of a task ends whose write the gate keeps back."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.model.plans import Hold
from ml_connector.model.tasks import PLAN_STALE, POSTINGS_STOPPED, Verdict, Waiting
from ml_connector.model.triggers import STATE

from .gate import waits_for
from .page_verdicts import held_verdict
from .prepared import PreparedWrite


def awaiting_approval(prepared: PreparedWrite) -> Verdict:
    """It waits for a person, or for what lets it go out without one."""
    write = prepared.write
    return Verdict(task=prepared.task, ending=Waiting.APPROVAL, flags=write.flags, waits_for=waits_for(write))


def stale(prepared: PreparedWrite) -> Verdict:
    """Another body was approved: what it rests on has moved since."""
    task, write = prepared.task, prepared.write
    facts = {"number": write.label, "record": str(task.ref), **(write.together.facts if write.together else {})}
    hold = Hold(code=PLAN_STALE, facts=facts, amount=write.waiting, currency=write.currency)
    return held_verdict(task, hold, write.flags)


def stopped(prepared: PreparedWrite, rows: Sequence[str]) -> Verdict:
    """Nothing is posted while these rows of the state are not believed."""
    task, write = prepared.task, prepared.write
    facts = {"number": write.label, "record": str(task.ref), "row": rows[0]}
    hold = Hold(code=POSTINGS_STOPPED, facts=facts, waits_for=(STATE,), amount=write.waiting, currency=write.currency)
    return held_verdict(task, hold, write.flags)
