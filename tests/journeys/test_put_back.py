"""A backup that is put back where nobody notices it: nothing is posted twice, and nothing is made twice (P2).

The connector is not told, its writes are not stopped, and QuickBooks has forgotten every request id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.drain import drain
from ml_connector.actions.sync import sync
from support.tables import put_back, rows_of
from support.world import Installation

KINDS = {"quickbooks": ("Customer", "JournalEntry"), "salesforce": ("Account", "Contact", "Opportunity")}


@pytest.fixture
def home(tmp_path: Path, fresh_url: str) -> Iterator[Installation]:
    home = Installation(tmp_path, store_url=fresh_url)
    home.emulation.set_switches("quickbooks", {"requestid_retention": 0})
    yield home
    home.store.close()


def _made(home: Installation) -> dict[str, list[Any]]:
    return {kind: [row["Id"] for row in home.state(system, kind)] for system, kinds in KINDS.items() for kind in kinds}


@pytest.mark.parametrize("taken", ["before anything was written", "when all was approved", "in the middle"])
async def test_what_was_written_after_the_backup_is_found_and_not_written_again(taken: str, home: Installation) -> None:
    if taken == "before anything was written":
        backup = rows_of(home.store)
    await home.approve_all()
    if taken == "when all was approved":
        backup = rows_of(home.store)
    await drain(home.app)
    if taken == "in the middle":
        backup = rows_of(home.store)
    await home.run()
    made = _made(home)
    assert all(made.values())
    before = {row["Id"]: row for row in home.state("quickbooks", "JournalEntry")}
    put_back(home.store, backup)
    home.clock.advance(timedelta(days=3))
    home.app = home.process()
    await home.run()
    await sync(home.app)
    assert _made(home) == made
    assert {row["Id"]: row for row in home.state("quickbooks", "JournalEntry")} == before
