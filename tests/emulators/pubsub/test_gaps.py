"""GAPS.md tells the truth: every test that it names is there, and what it calls done names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ml_emulators.pubsub

PAGE = (Path(ml_emulators.pubsub.__file__).parent / "GAPS.md").read_text()
TESTS = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")] for line in PAGE.splitlines() if line.startswith("| 1")
]
NAMED = sorted(set(re.findall(r"`((?:\w+/)?test_\w+::\w+)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    path = TESTS / (f"{file}.py" if "/" in file else f"pubsub/{file}.py")
    found = f"def {function}(" in path.read_text() or f"\n{function} = " in path.read_text()
    assert found


def test_what_is_done_is_shown() -> None:
    assert len(ROWS) > 30
    assert [row for row in ROWS if row[2].startswith("done") and "::" not in row[-1]] == []
