"""What the emulators alone need is an extra of the package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ml_connector.model.errors import WrongUse
from ml_connector.rehearsal import emulators

ROOT = Path(__file__).parents[2]
MODULES = {"lark": "lark", "trustme": "trustme"}


def _names(file: str) -> set[str]:
    return {line for line in (ROOT / "requirements" / file).read_text().splitlines() if not line.startswith("-")}


def _imported(package: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "src" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_the_connector_needs_nothing_of_the_extra() -> None:
    assert _names("emulators.in") == MODULES.keys()
    assert not _names("emulators.in") & _names("base.in")
    assert not set(MODULES.values()) & _imported("ml_connector")
    assert set(MODULES.values()) <= _imported("ml_emulators")


def test_where_the_extra_is_missing_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    emulators.check_installed()
    monkeypatch.setattr(emulators, "find_spec", lambda name: None if name == "lark" else object())
    with pytest.raises(WrongUse, match="not installed") as error:
        emulators.check_installed()
    assert "ml-connector[emulators]" in error.value.remedy
