"""Every scenario file of the repository holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.progress import quiet
from ml_connector.rehearsal.scenario import run

from .in_process import in_process

FOLDER = Path(__file__).parents[3] / "scenarios"
FILES = sorted(FOLDER.rglob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_scenario_holds(file: Path) -> None:
    document = await run(file, quiet, in_process)
    assert [check for check in document["checks"] if not check["ok"]] == []
    assert document["passed"]
