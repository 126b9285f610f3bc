"""Whatever is missed is a hole on record, and is closed by itself, with its proof (DESIGN idea 6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ml_connector.model.continuity import BEGINNING, Cause, Hole, contradictions, gaps
from ml_connector.service.continuity import open_hole, open_holes
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.live import Living

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGUN = datetime(2026, 11, 21, 3, tzinfo=UTC)


def closed(living: Living, source: str) -> list[Hole]:
    holes = living.home.store.all_holes(living.home.app.connection.id)
    return [hole for hole in holes if hole.source == source and hole.closed_at]


def told_of_once(living: Living) -> None:
    """All time since the first reading is covered or a hole, and nothing is both.

    What flows are about was listed from the beginning; what else is swept was a table that was read whole before.
    """
    lines = living.home.store.lines(living.home.app.connection.id)
    assert sum(line.spans()[0].since == BEGINNING for line in lines.values()) >= 6
    for line in lines.values():
        assert not contradictions(line)
        assert not gaps(line)
        assert line.spans()[0].since <= BEGUN


async def test_the_first_days_are_one_interval(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(2 * HOUR)
    told_of_once(living)
    lines = living.home.store.lines(living.home.app.connection.id)
    assert {source for source, _ in lines} == {"quickbooks", "salesforce"}
    assert all(len(line.covered) == 1 and not line.holes for line in lines.values())
    assert all(living.now - line.covered[0].span.until < HOUR / 2 for line in lines.values())


async def test_31_days_of_absence_are_a_hole_that_a_comparison_closes(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(HOUR)
    invoices = living.home.state("quickbooks", "Invoice")
    payments = {line["TxnId"] for p in living.home.state("quickbooks", "Payment") for row in p["Line"]
                for line in row["LinkedTxn"]}  # fmt: skip
    victim = next(row["Id"] for row in invoices if row["Id"] not in payments)
    living.home.emulation.act("quickbooks", "delete", "Invoice", {"Id": victim})
    living.home.clock.advance(31 * DAY)
    again = Living(living.home, living.home.process())
    await again.live_for(timedelta(minutes=2))
    told_of_once(again)
    await again.live_for(HOUR)
    assert open_holes(living.home.app) == []
    hole = next(hole for hole in closed(again, "quickbooks") if hole.kind == "Invoice")
    assert hole.cause is Cause.DELETIONS
    assert "comparison of" in hole.proof
    assert "1 gone" in hole.proof
    told_of_once(again)


@pytest.mark.parametrize("cause", [Cause.REPLAY_LOST, Cause.OVERFLOW, Cause.UNNAMED])
async def test_what_a_stream_lost_is_read_again(tmp_path: Path, cause: Cause) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(HOUR)
    before = living.reads()
    # The sweeps are stopped, as where a stream brings the changes: only the bounded backfill can close it.
    living.live.jobs._entries.pop("sweep salesforce")
    open_hole(living.home.app, "salesforce", ["Account", "Order"], living.now - 3 * HOUR, living.now, cause)
    await living.live_for(timedelta(minutes=12))
    assert open_holes(living.home.app) == []
    assert [hole.proof.split()[0] for hole in closed(living, "salesforce")] == ["backfill", "backfill"]
    assert living.reads() - before <= 1, "the other side is not read for it"
    told_of_once(living)


async def test_a_refused_feed_is_a_hole_until_ids_are_compared(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(HOUR)
    refuse: dict[str, Any] = {"kind": "status", "status": 400, "vendor": "quickbooks", "path": "/cdc", "count": 1}
    living.home.emulation.faults.add(Fault(**refuse))
    await living.live_for(HOUR)
    assert {hole.cause for hole in closed(living, "quickbooks")} == {Cause.DELETIONS}
    assert open_holes(living.home.app) == []
    told_of_once(living)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_all_time_is_told_of_once(tmp_path: Path, seed: int) -> None:
    random, living = Random(seed), Living(in_step(tmp_path))
    for _ in range(6):
        await living.live_for(timedelta(minutes=random.randrange(5, 90)))
        match random.randrange(4):
            case 0:
                living.home.clock.advance(timedelta(days=random.choice([1, 3, 16, 31])))
                living = Living(living.home, living.home.process())
            case 1:
                vendor = random.choice(["quickbooks", "salesforce"])
                living.home.emulation.faults.add(Fault(kind="drop_before", vendor=vendor, count=random.randrange(1, 9)))
            case 2:
                since = living.now - timedelta(hours=random.randrange(1, 100))
                cause = random.choice([Cause.REPLAY_LOST, Cause.OVERFLOW])
                open_hole(living.home.app, "salesforce", ["Account", "Opportunity"], since, living.now, cause)
            case _:
                living.home.emulation.faults.add(
                    Fault(kind="status", status=400, vendor="quickbooks", path="/cdc", count=1)
                )
        told_of_once(living)
    living.home.emulation.faults.clear()
    await living.live_for(3 * HOUR)
    told_of_once(living)
    assert open_holes(living.home.app) == []


async def test_a_list_of_everything_can_be_gone_on_with(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    accounts = sorted(row["Id"] for row in home.state("salesforce", "Account"))
    half = accounts[len(accounts) // 2]
    found = await home.app.salesforce.sweep(["Account"], None, home.clock.now(), None, {"Account": (3, half)})
    assert [change.ref.id for change in found.changes] == [key for key in accounts if key > half]
    invoices = {row["Id"] for row in home.state("quickbooks", "Invoice")}
    swept = await home.app.quickbooks.sweep(["Invoice"], None, home.clock.now(), None, {"Invoice": (52, "9")})
    left = {change.ref.id for change in swept.changes}
    assert left < invoices
    assert len(invoices) - len(left) == 2, "fifty are listed again"
