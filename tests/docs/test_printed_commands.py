"""A newcomer who types nothing but what the commands print gets through a rehearsal: each printed command works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.cli import entry

READY_WITHIN = 60.0
PRINTED = re.compile(r"ml-connector ((?:(?!  |[.,:)](?:\s|$)| [.,]|[`)]).)+)")
FILLED_IN = re.compile(r"\b(?:ID|HEAD|FILE|PLAN|SYSTEM)\b")
OF_A_KIND = 3
"""Of the same command (`explain ...`) so many are tried."""
DECISIONS = ("match",)
"""Once one is taken, the other one that was offered is refused."""


@pytest.fixture
def emulators(tmp_path: Path) -> Iterator[Path]:
    line = tmp_path / "emulators.json"
    words = [
        sys.executable,
        "-m",
        "ml_emulators.server",
        "--json",
        "--watch-stdin",
        "--scenario",
        "sample",
        "--seed",
        "7",
    ]
    with line.open("w") as out, subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out) as process:
        try:
            until = time.monotonic() + READY_WITHIN
            while not line.read_text().endswith("\n") and process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            yield line
        finally:
            process.communicate(timeout=20)


class Newcomer:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.typed: dict[str, int] = {}
        self.offered: list[str] = []

    def type(self, command: str) -> None:
        status = entry.main(shlex.split(command))
        printed = self.capsys.readouterr()
        self.typed[command] = status
        text = printed.out + printed.err
        assert status in (0, 1) or command.startswith(DECISIONS), f"{command}\n{text}"
        for line in text.splitlines():
            for found in PRINTED.findall(line):
                self.hear(found.strip())

    def hear(self, command: str) -> None:
        kind = [one for one in (*self.typed, *self.offered) if one.split()[0] == command.split()[0]]
        if command not in kind and len(kind) < OF_A_KIND and not FILLED_IN.search(command):
            self.offered.append(command)


def test_a_rehearsal_from_what_is_printed(
    emulators: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(emulators.parent)
    newcomer = Newcomer(capsys)
    newcomer.type("init --emulators emulators.json --home 'my rehearsal'")
    while newcomer.offered:
        newcomer.type(newcomer.offered.pop(0))
    names = {command.split()[0] for command in newcomer.typed}
    assert names >= {"init", "doctor", "sign-off", "plan", "apply", "holds", "explain"}
    assert [command for command in newcomer.typed if "--home 'my rehearsal'" not in command] == []
    for command in ("status", "flags", "audit verify", "backup copy.db", "stop", "resume", "keys rotate", "conflicts"):
        newcomer.type(f"{command} --home 'my rehearsal'")
    while newcomer.offered:
        newcomer.type(newcomer.offered.pop(0))
    assert len(newcomer.typed) > 15
    assert newcomer.typed["status --home 'my rehearsal'"] == 0
