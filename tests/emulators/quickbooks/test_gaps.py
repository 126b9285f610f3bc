"""GAPS.md keeps to the truth: every test it names is there, every difference and every switch is told."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import ml_emulators.quickbooks
from ml_emulators.quickbooks import Switches

from .test_recorded_xml import SENT
from .test_recordings import OPEN

HERE = Path(__file__).parent
GAPS = (Path(ml_emulators.quickbooks.__file__).parent / "GAPS.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:\w+/)?test_\w+)::(\w+)`", GAPS)))
ROWS = [line.strip("| ").split(" | ") for line in GAPS.splitlines() if line.startswith("| ") and "---" not in line]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_named_test_is_there(file: str, name: str) -> None:
    text = (HERE.parent / (f"{file}.py" if file.startswith("kit/") else f"quickbooks/{file}.py")).read_text()
    assert re.search(rf"^(async )?def {name}\(|^{name} = ", text, re.MULTILINE)


def test_each_line_that_is_done_names_a_test() -> None:
    done = [row for row in ROWS if len(row) > 1 and row[1].startswith(("done", "switch", "control door"))]
    assert len(done) > 80
    assert [row[0] for row in done if "::test_" not in row[-1] and "::Test" not in row[-1]] == []


def test_each_line_that_is_not_imitated_says_why() -> None:
    gaps = [row[1] for row in ROWS if len(row) > 1 and row[1].startswith("not imitated")]
    assert len(gaps) > 15
    assert [told for told in gaps if not re.match(r"not imitated: .{10,}", told)] == []


@pytest.mark.parametrize("key", [*OPEN, *SENT])
def test_each_difference_to_the_recordings_is_told(key: str) -> None:
    assert f"`{key}`" in GAPS


@pytest.mark.parametrize("name", [field.name for field in fields(Switches)])
def test_each_switch_is_told(name: str) -> None:
    assert f"`{name}`" in GAPS
