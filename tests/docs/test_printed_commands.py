"""A newcomer who types nothing but what the commands print gets through a rehearsal: each printed command works."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from ml_connector.cli import entry

PROGRAM = (sys.executable, "-c", "from ml_connector.cli.entry import main; raise SystemExit(main())")
READY_WITHIN, DONE_WITHIN = 60.0, 400.0
PRINTED = re.compile(r"ml-connector ((?:(?!  |[.,:)](?:\s|$)| [.,]|[`)]).)+)")
FILLED_IN = re.compile(r"\b(?:ID|HEAD|FILE|PLAN|SYSTEM)\b")
OF_A_KIND = 3
"""Of the same command (`explain ...`) so many are tried."""
UNTIL_STOPPED = {"up": "Webhooks:", "sync": r"\d{4}-\d\d-\d\d \d\d:\d\d"}
"""How the first line begins by which commands that run until they are stopped show that they are at work."""
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


def ready_line(words: list[str]) -> str:
    """What a command that runs until it is stopped says when it is at work; empty for one that ends by itself."""
    if words[0] == "sync" and "--once" in words:
        return ""
    return UNTIL_STOPPED.get(words[0], "")


def ended_by_term(words: list[str]) -> tuple[int, str]:
    """The status, which is 0, and the lines of a command that was stopped as soon as it had said that it is ready."""
    ready = ready_line(words)
    with subprocess.Popen(
        [*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        silent = Timer(READY_WITHIN, process.kill)
        silent.start()
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line)
                if re.match(ready, line):
                    break
            process.terminate()
            lines.append(process.communicate()[0])
        finally:
            silent.cancel()
            process.kill()
    text = "".join(lines)
    assert process.returncode == 0, f"{words}\n{text}"
    return 0, text


class Newcomer:
    """Types commands, and takes note of those that are printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], of_a_kind: int = OF_A_KIND) -> None:
        self.capsys = capsys
        self.of_a_kind = of_a_kind
        self.typed: dict[str, int] = {}
        self.offered: list[str] = []

    def type(self, command: str) -> None:
        words = shlex.split(command)
        status, text = ended_by_term(words) if ready_line(words) else self.ended_by_itself(words)
        self.typed[command] = status
        assert status in (0, 1) or command.startswith(DECISIONS), f"{command}\n{text}"
        self.read(text)

    def ended_by_itself(self, words: list[str]) -> tuple[int, str]:
        """Its status, and what it has printed."""
        status = entry.main(words)
        printed = self.capsys.readouterr()
        return status, printed.out + printed.err

    def type_all(self) -> None:
        """What was offered, and what that offers, to the end."""
        while self.offered:
            self.type(self.offered.pop(0))

    def read(self, text: str) -> None:
        """Take note of the commands that were printed."""
        for line in text.splitlines():
            for command in PRINTED.findall(line):
                self.hear(command.strip())

    def hear(self, command: str) -> None:
        kind = [one for one in (*self.typed, *self.offered) if one.split()[0] == command.split()[0]]
        if command not in kind and len(kind) < self.of_a_kind and not FILLED_IN.search(command):
            self.offered.append(command)


def test_a_rehearsal_from_what_is_printed(
    emulators: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(emulators.parent)
    newcomer = Newcomer(capsys)
    newcomer.type("init --emulators emulators.json --home 'my rehearsal'")
    newcomer.type_all()
    names = {command.split()[0] for command in newcomer.typed}
    assert names >= {"init", "doctor", "sign-off", "plan", "apply", "holds", "explain", "up"}
    assert [command for command in newcomer.typed if "--home 'my rehearsal'" not in command] == []
    for command in ("status", "flags", "audit verify", "backup copy.db", "stop", "resume", "keys rotate", "conflicts"):
        newcomer.type(f"{command} --home 'my rehearsal'")
    newcomer.type_all()
    assert len(newcomer.typed) > 15
    assert newcomer.typed["status --home 'my rehearsal'"] == 0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """What a demo prints that stays when it is done: its emulators can still be asked."""
    words = [*PROGRAM, "demo", "--days", "0", "--serve", "--home", str(tmp_path / "demo")]
    printed = tmp_path / "printed.txt"
    with printed.open("w") as out, subprocess.Popen(words, stdout=out, stderr=out) as process:
        try:
            until = time.monotonic() + DONE_WITHIN
            while "Everything keeps running until" not in printed.read_text() and process.poll() is None:
                assert time.monotonic() < until, printed.read_text()
                time.sleep(0.05)
            yield printed.read_text()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def test_what_the_demo_prints_works(demo: str, capsys: pytest.CaptureFixture[str]) -> None:
    newcomer = Newcomer(capsys, of_a_kind=1)
    newcomer.read(demo)
    assert newcomer.offered
    newcomer.type_all()
    names = {command.split()[0] for command in newcomer.typed}
    assert names >= {"status", "holds", "explain"}
