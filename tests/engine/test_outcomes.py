"""What follows from an outcome or a look-up, case by case: nothing is sent again that is not surely missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from ml_connector.engine.outcomes import StillOpen, after_look_up, after_sending, refused_verdict, verdict_of
from ml_connector.engine.prepared import PreparedWrite
from ml_connector.model.plans import (
    Differs,
    Done,
    Foreign,
    Hold,
    Later,
    LookUp,
    Missing,
    OpenWrite,
    Outcome,
    Refused,
    Skip,
    Unsure,
    Write,
)
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Task, Waiting

NOTED = datetime(2026, 11, 21, 2, tzinfo=UTC)
PATIENCE = timedelta(minutes=2)
SOON, LATE = NOTED + timedelta(seconds=119), NOTED + timedelta(minutes=2)
THERE = Ref("books", "Entry", "7")
ORDER = Ref("sales", "Order", "1")


def _open_write(action: Literal["create", "update", "upsert"], sync_token: str = "") -> OpenWrite:
    write = Write(step="s", system="books", kind="Entry", action=action, body={}, key="k", sync_token=sync_token)
    return OpenWrite(
        id="1", flow="orders", source=ORDER, write=write, body=b"{}", request_id="r", batch_id="r", position=0,
        noted_at=NOTED,
    )  # fmt: skip


def _after(answer: LookUp, write: OpenWrite, now: datetime) -> tuple[str, str, bool] | StillOpen:
    step = after_look_up(write, answer, now, PATIENCE, ())
    return step if isinstance(step, StillOpen) else (step.state, step.outcome, step.perhaps)


@pytest.mark.parametrize(
    ("answer", "create", "upsert", "update"),
    [
        (Done(THERE), ("done", "", False), ("done", "", False), ("done", "", False)),
        (Unsure("?"), StillOpen.WAIT, StillOpen.WAIT, StillOpen.WAIT),
        (Missing(), StillOpen.SEND_AGAIN, StillOpen.SEND_AGAIN, ("dropped", "missing", False)),
        (Foreign(THERE, "taken"), StillOpen.SEND_AGAIN, StillOpen.SEND_AGAIN, ("dropped", "foreign", False)),
        (Differs(THERE), *[("dropped", "differs", True)] * 3),
    ],
)
def test_what_the_vendor_has_once_it_can_no_longer_be_at_work(
    answer: LookUp, create: Any, upsert: Any, update: Any
) -> None:
    assert _after(answer, _open_write("create"), LATE) == create
    assert _after(answer, _open_write("upsert"), LATE) == upsert
    assert _after(answer, _open_write("update"), LATE) == update


@pytest.mark.parametrize("answer", [Missing(), Foreign(THERE, "taken"), Differs(THERE)])
def test_before_that_nothing_is_concluded_but_from_a_guarded_update(answer: LookUp) -> None:
    for action in ("create", "upsert", "update"):
        assert _after(answer, _open_write(action), SOON) is StillOpen.WAIT
    guarded = _after(answer, _open_write("update", sync_token="3"), SOON)
    assert isinstance(guarded, tuple)
    assert guarded[0] == "dropped"


@pytest.mark.parametrize(
    ("outcome", "state", "kept"),
    [
        (Done(THERE), "done", ""),
        (Later("busy"), "dropped", "later"),
        (Refused("6140", "Jane Roe is not known"), "refused", "refused 6140"),
    ],
)
def test_how_a_write_ends_and_what_is_kept_of_it(outcome: Outcome, state: str, kept: str) -> None:
    settled = after_sending(_open_write("create"), outcome, ())
    assert settled is not None
    assert (settled.state, settled.outcome) == (state, kept)


def test_what_nobody_knows_stays_open() -> None:
    assert after_sending(_open_write("create"), Unsure("no answer"), ()) is None


@pytest.mark.parametrize(
    ("outcome", "ending", "next_at"),
    [
        (Unsure("no answer"), Waiting.BEING_CHECKED, LATE + timedelta(seconds=9)),
        (Later("edited", stale=True), Waiting.CHANGED_MEANWHILE, LATE),
        (Later("busy"), Waiting.LATER, LATE + timedelta(seconds=9)),
        (Later("busy", after=timedelta(seconds=60)), Waiting.LATER, LATE + timedelta(seconds=60)),
    ],
)
def test_how_the_service_of_a_task_ends_that_was_not_done(outcome: Any, ending: object, next_at: datetime) -> None:
    verdict = verdict_of(Task("orders", ORDER, 1, 0, NOTED), outcome, LATE, timedelta(seconds=9))
    assert (verdict.ending, verdict.next_at) == (ending, next_at)


def test_how_the_service_of_a_task_ends_that_was_refused() -> None:
    prepared = PreparedWrite(Task("orders", ORDER, 1, 0, NOTED), _open_write("create").write, b"{}", "")
    hold = Hold(code="H", links=(LinkDraft(Role.DECLARED_NEW, ORDER, ORDER),))
    held = refused_verdict(prepared, hold)
    assert (held.ending, held.next_at, held.links) == (hold, None, (Link(Role.DECLARED_NEW, ORDER, ORDER),))
    assert refused_verdict(prepared, Skip(reason=Reason.GONE)).ending is Reason.GONE
