"""Without months the tie-out is of all from the start date to today."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.sweep import sweep_all
from ml_connector.model.errors import WrongUse
from support.world import Installation


async def test_the_months_since_the_start(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await sweep_all(home.app)
    await home.run()
    proof = await reconcile(home.app)
    assert (list(proof.months), proof.agrees) == (["2026-10", "2026-11"], True)
    assert list((await reconcile(home.app, ["2026-11"])).months) == ["2026-11"]
    with pytest.raises(WrongUse, match="is not a month"):
        await reconcile(home.app, ["2026-13"])
