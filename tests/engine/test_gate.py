"""What may go out, what waits for a person, and what an approval binds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ml_connector.engine.gate import Gate, GateAnswer, is_small, waits_for
from ml_connector.engine.prepared import PreparedWrite, approval_of
from ml_connector.model.plans import Together, Unattended, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task
from ml_connector.model.triggers import SETTINGS
from ml_connector.store.rows import Approved

TASK = Task("orders", Ref("s", "Order", "1"), 1, 0, datetime(2026, 11, 21, tzinfo=UTC))


def _write(followers: str = "", *, within: bool | None = None, needs_approval: bool = True) -> Write:
    return Write(
        step="journal", system="q", kind="JournalEntry", action="create", body={}, key="k",
        needs_approval=needs_approval,
        together=Together(followers=followers, waiting=Decimal(2)) if followers else None,
        unattended=None if within is None else Unattended(within=within, waits_for=(SETTINGS,)),
    )  # fmt: skip


def test_an_approval_binds_the_body_and_what_follows() -> None:
    one, other, alone = (approval_of(_write(followers), b"{}") for followers in ("a", "b", ""))
    assert len({one, other, alone, approval_of(_write("a"), b"[]")}) == 4
    assert alone == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "SHA-256 of the body"


@pytest.mark.parametrize(
    ("needs_approval", "approved", "answer"),
    [
        (True, {"k": Approved("this")}, GateAnswer.GO),
        (True, {"k": Approved("another")}, GateAnswer.STALE),
        (True, {"j": Approved("this")}, GateAnswer.WAIT),
        (True, {"k": Approved("this", proved=False)}, GateAnswer.DISTRUST),
        (False, {"k": Approved("another")}, GateAnswer.GO),
    ],
)
def test_only_what_was_approved_goes_out(
    needs_approval: bool, approved: dict[str, Approved], answer: GateAnswer
) -> None:
    write = PreparedWrite(TASK, _write(needs_approval=needs_approval), b"{}", "this")
    assert Gate(approved).check(write) is answer


@pytest.mark.parametrize(
    ("within", "small", "waits"),
    [(None, False, ()), (False, False, ("settings",)), (True, True, ("settings", "clean postings"))],
)
def test_what_a_write_without_approval_waits_for(within: bool | None, small: bool, waits: tuple[str, ...]) -> None:
    write = _write(within=within)
    assert (is_small(write), waits_for(write)) == (small, waits)
