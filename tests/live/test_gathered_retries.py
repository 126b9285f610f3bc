"""What waits for a moment wakes the drain alone, and together: a lock on many records costs what one does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from ml_connector.actions.sweep import sweep_all
from ml_connector.model.refs import Ref
from ml_connector.store import schema
from support.in_step import in_step
from support.live import Living, another_phone, phone
from support.market import Market

MANY = 120
HOUR = timedelta(hours=1)


async def test_records_that_are_locked_for_hours_cost_a_handful_of_reads(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.add_pairs(MANY)
    await market.in_step()
    living = Living(market.home)
    await living.live_for(timedelta(minutes=20))
    market.home.emulation.set_switches("salesforce", {"locked_ids": [account for _, account in market.pairs]})
    for customer, _ in market.pairs:
        market.quickbooks("update", "Customer", Id=customer, BillAddr={"Line1": f"{customer} New St", "City": "Boston"})

    reads = []
    for _ in range(2):
        before = living.reads()
        await living.live_for(HOUR)
        reads.append(living.reads() - before)
    assert living.unserved == MANY
    assert reads[0] <= 20, "four sweeps, and retries that come further and further apart"
    assert reads[1] <= 12

    market.home.emulation.set_switches("salesforce", {"locked_ids": []})
    await living.live_for(timedelta(minutes=20))
    assert living.unserved == 0


async def test_a_task_that_nobody_serves_wakes_no_drain_after_the_other(tmp_path: Path) -> None:
    """As one of a flow that a newer version had."""
    home = in_step(tmp_path)
    living = Living(home)
    home.store.intake(living.connection, [("a flow of tomorrow", Ref("quickbooks", "Vendor", "1"))], "test", living.now)
    await living.live_for(HOUR)
    assert len(living.reports) <= 30
    another_phone(home, 42)
    await living.live_for(HOUR / 2)
    assert phone(home) == "(617) 555-0142"


async def test_a_pause_that_a_clock_ahead_has_named_is_not_believed(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    living = Living(home)
    await living.live_for(HOUR)
    another_phone(home, 43)
    await sweep_all(home.app)
    with home.store.begin() as tx:
        tx.execute(update(schema.task).values(next_at=int((living.now + 480 * HOUR).timestamp() * 1000)))
    await living.live_for(timedelta(minutes=3))
    assert phone(home) == "(617) 555-0143"
