"""What waits for a moment wakes the drain alone, and together: a lock on many records costs what one does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.live import Living
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
