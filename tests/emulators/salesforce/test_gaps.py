"""GAPS.md tells the truth: every test that it names is there, and what it calls done names one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ml_emulators.salesforce
from ml_emulators.salesforce import Org, Switches

PAGE = (Path(ml_emulators.salesforce.__file__).parent / "GAPS.md").read_text()
TESTS = Path(__file__).parents[1]
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
CHECKS = [
    (cells[-3].strip(), cells[-2].strip(), cells[-1]) for cells in ROWS if cells[-1].strip() not in ("Shown by", "")
]
NAMED = sorted(set(re.findall(r"`((?:\w+/)*test_\w+::\w+)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    own, other = TESTS / f"salesforce/{file}.py", TESTS / f"{file}.py"
    tree = ast.parse((own if own.exists() else other).read_text())
    known = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    known |= {target.id for node in tree.body if isinstance(node, ast.Assign) for target in _names(node)}
    assert function in known


def _names(node: ast.Assign) -> list[ast.Name]:
    return [target for target in node.targets if isinstance(target, ast.Name)]


def test_what_is_done_is_shown() -> None:
    assert len(CHECKS) > 50
    unproved = [point for point, state, shown in CHECKS if state.startswith("done") and "::" not in shown]
    assert unproved == []
    silent = [cells for cells in ROWS if len(cells) >= 3 and not cells[-1].strip() and "not imitated" not in cells[-2]]
    assert silent == []


def test_switches_that_it_names_are_there() -> None:
    known = set(Switches.__dataclass_fields__) | set(Org.__dataclass_fields__)
    named = set(re.findall(r"switch(?:es)? ((?:`\w+`(?: \([^)]*\))?(?:, )?)+)", PAGE))
    words = {word for part in named for word in re.findall(r"`(\w+)`", part)}
    assert len(words) > 20
    assert words <= known
