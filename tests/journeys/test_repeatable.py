"""The same seed gives the same story: what was written, held, posted and proved, to the letter."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.actions.holds import open_holds
from ml_connector.actions.reconcile import reconcile
from ml_connector.tieout import months_between
from support.world import Installation


async def story(folder: Path, seed: int) -> dict[str, Any]:
    """Two days at the tiny company, told by everything that can be compared."""
    home = Installation(folder, scenario="tiny", seed=seed)
    reports = [msgspec.to_builtins(await home.run())]
    client = home.state("quickbooks", "Customer")[0]
    home.clock.advance(timedelta(days=1))
    phone = {"FreeFormNumber": "(415) 555-0100"}
    home.emulation.act("quickbooks", "update", "Customer", {"Id": client["Id"], "PrimaryPhone": phone})
    reports.append(msgspec.to_builtins(await home.run()))
    today = home.app.connection.today(home.clock.now())
    proof = await reconcile(home.app, months_between(home.rules.start_date or today, today))
    return {
        "reports": reports,
        "holds": msgspec.to_builtins(open_holds(home.app)),
        "entries": home.state("quickbooks", "JournalEntry"),
        "opportunities": home.state("salesforce", "Opportunity"),
        "accounts": home.state("salesforce", "Account"),
        "tie_out": msgspec.to_builtins(proof),
        "calls": home.network.sent,
        "plans": [(row.id, row.hash) for row in home.store.plans(home.app.connection.id)],
    }


async def test_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    first, second = await story(tmp_path / "first", 7), await story(tmp_path / "second", 7)
    assert [name for name in first if first[name] != second[name]] == []
    assert first["entries"]
    assert "(415) 555-0100" in [row.get("Phone") for row in first["accounts"]]
