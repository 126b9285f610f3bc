"""What follows from an outcome or a look-up, case by case: nothing is sent again that is not surely missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from msgspec.structs import replace

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
from ml_connector.model.tasks import WRITE_WAITS, Task, Waiting
from support.digests import digest

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
    settled = after_sending(_open_write("create"), outcome, (), digest)
    assert settled is not None
    assert (settled.state, settled.outcome) == (state, kept)


def test_what_nobody_knows_stays_open() -> None:
    assert after_sending(_open_write("create"), Unsure("no answer"), (), digest) is None


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
    prepared = PreparedWrite(Task("orders", ORDER, 1, 0, NOTED), _open_write("create").write, b"{}", "")
    verdict = verdict_of(prepared, outcome, LATE, timedelta(seconds=9))
    assert (verdict.ending, verdict.next_at) == (ending, next_at)


def test_how_the_service_of_a_task_ends_that_was_refused() -> None:
    prepared = PreparedWrite(Task("orders", ORDER, 1, 0, NOTED), _open_write("create").write, b"{}", "")
    hold = Hold(code="H", links=(LinkDraft(Role.DECLARED_NEW, ORDER, ORDER),))
    held = refused_verdict(prepared, hold)
    assert (held.ending, held.next_at, held.links) == (hold, None, (Link(Role.DECLARED_NEW, ORDER, ORDER),))
    assert refused_verdict(prepared, Skip(reason=Reason.GONE)).ending is Reason.GONE


@pytest.mark.parametrize(
    ("sendings", "after", "step"),
    [
        (1, timedelta(days=2), StillOpen.SEND_AGAIN),
        (2, timedelta(days=2), StillOpen.SEND_AGAIN),
        (3, timedelta(hours=23), StillOpen.SEND_AGAIN),
        (3, timedelta(days=1), StillOpen.GIVE_UP),
        (9, timedelta(minutes=5), StillOpen.WAIT),
    ],
)
def test_a_new_record_that_never_comes_through_is_given_up_after_a_day(
    sendings: int, after: timedelta, step: StillOpen
) -> None:
    again = NOTED + max(timedelta(0), after - timedelta(hours=5))
    write = replace(_open_write("create"), sendings=sendings, first_noted_at=NOTED, noted_at=again)
    assert after_look_up(write, Missing(), NOTED + after, timedelta(minutes=2), ()) is step


def test_what_is_put_off_for_a_day_is_held_and_still_tried() -> None:
    prepared = PreparedWrite(Task("orders", ORDER, 1, 3, NOTED), _open_write("create").write, b"{}", "")
    now = NOTED + timedelta(days=1)
    verdict = verdict_of(prepared, Later("STORAGE_LIMIT_EXCEEDED", after=timedelta(hours=3)), now, timedelta(minutes=9))
    assert verdict.hold is not None
    assert (verdict.hold.code, verdict.hold.facts["message"]) == (WRITE_WAITS, "STORAGE_LIMIT_EXCEEDED")
    assert verdict.next_at == now + timedelta(hours=1)
