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


NOT_TAKEN = (
    "R-refused-record",
    "R-refused-on-both-sides",
    "B11-write-that-fails",
    "B11-writes-that-are-refused",
    "E02-fields-not-open",
)
"""What is refused, fails, or is left out: records of either side, and fields."""


@pytest.mark.parametrize("name", NOT_TAKEN)
async def test_it_holds_as_well_where_states_and_countries_are_from_a_list(name: str, tmp_path: Path) -> None:
    begin, *rest = (FOLDER / f"{name}.toml").read_text().split("[[given]]", 1)
    file = tmp_path / f"{name}.toml"
    file.write_text(f"{begin}[[given]]\norg = {{ state_country_picklists = true }}\n[[given]]{rest[0]}")
    document = await run(file, quiet, in_process)
    assert [check for check in document["checks"] if not check["ok"]] == []
