"""The pages about the house show the tree as it is: every module they name is there, every room is drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import DOCS, ROOT, blocks

SOURCE = ROOT / "src"
PAGES = [ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
ROOTS = (ROOT, SOURCE, SOURCE / "ml_connector", SOURCE / "ml_emulators")
_MODULE = re.compile(r"(?<![\w/.])((?:\w+/)*)(\w+\.py)\b")


def missing_modules(text: str) -> list[str]:
    """Modules named in a text that are not there: `room/file.py` by its path, a bare `file.py` anywhere."""
    return [
        folder + file
        for folder, file in _MODULE.findall(text)
        if not any((root / folder / file).is_file() for root in ROOTS) and (folder or not any(SOURCE.rglob(file)))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    assert missing_modules(page.read_text("utf-8")) == []


def test_a_module_that_is_not_there_is_missed() -> None:
    assert missing_modules("`engine/worker.py` and `engine/gone.py`, gone.py") == ["engine/gone.py", "gone.py"]


def test_the_house_is_drawn_whole() -> None:
    drawing = "\n".join(line for block in blocks((ROOT / "CONTRIBUTING.md").read_text("utf-8")) for line in block)
    rooms = {path.name for path in (SOURCE / "ml_connector").iterdir() if (path / "__init__.py").is_file()}
    wiring = {path.name for path in (SOURCE / "ml_connector").glob("*.py")} - {"__init__.py"}
    assert {room for room in rooms if f"{room}/" not in drawing} == set()
    assert {module for module in wiring if module not in drawing} == set()
    to_come = set(re.findall(r"^  (\w+)/.*\(to come\)", drawing, re.MULTILINE))
    assert to_come & rooms == set()
