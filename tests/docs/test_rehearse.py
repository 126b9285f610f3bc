"""docs/rehearse.md for real: every command of the page, in order, in a shell."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import blocks, text_of

COMMANDS = [line for block in blocks(text_of("rehearse.md")) for line in block]
READY_WITHIN = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's folder as the page sees it: with a .venv."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path


@pytest.fixture
def emulators(folder: Path) -> Iterator[str]:
    """The first command of the page, in its terminal, until the rest is done."""
    first = COMMANDS[0]
    assert " emulators " in first
    with subprocess.Popen(f"exec {first}", shell=True, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            until = time.monotonic() + READY_WITHIN
            while not _ready(folder) and process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            yield first
        finally:
            process.terminate()
            process.communicate(timeout=20)


def _ready(folder: Path) -> bool:
    line = folder / "emulators.json"
    return line.exists() and line.read_text().endswith("\n")


def _run(command: str, folder: Path) -> str:
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_the_page_can_be_followed(folder: Path, emulators: str) -> None:
    plan, shown = "", {}
    for command in COMMANDS[1:]:
        output = _run(command.replace(" PLAN ", f" {plan} "), folder)
        shown[command.split()[1]] = output
        if found := re.search(r"^Next:  ml-connector apply (\S+) --home rehearsal$", output, re.MULTILINE):
            plan = found[1]
    assert list(shown) == ["init", "doctor", "sign-off", "plan", "apply", "status", "holds", "flags", "reconcile"]
    assert "FAIL" not in shown["doctor"]
    assert "Nothing has been written." in shown["plan"]
    assert "writes       live" in shown["status"]
    assert "H-DIM-AMBIGUOUS" in shown["holds"]
    assert "Everything adds up: unexplained 0.00, nothing open." in shown["reconcile"]
