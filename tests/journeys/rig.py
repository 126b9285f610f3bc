"""The real command line, and both emulated vendors as servers with their control door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ml_connector.cli.entry import main

SOURCE = Path(__file__).parents[2] / "src"
MAIN = "import sys; from ml_connector.cli.entry import main; sys.exit(main())"


class Ran(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The last line of stderr, which `--json` makes a document."""
        found: dict[str, Any] = json.loads(self.err.strip().splitlines()[-1])
        return found


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLC_")}
    return {**kept, "PYTHONPATH": str(SOURCE), **(more or {})}


def command(*words: str, home: Path, env: Mapping[str, str] | None = None) -> Ran:
    """`ml-connector WORDS --home HOME`, as somebody types it where no terminal is.

    It runs in this process with streams and an environment of its own: a new interpreter costs more than most commands.
    """
    out, err = StringIO(), StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        Path(os.devnull).open() as nothing,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "stdin", nothing)
        for name in [name for name in os.environ if name.startswith("MLC_")]:
            patch.delenv(name)
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        status = main([*words, "--home", str(home)])
    return Ran(status, out.getvalue(), err.getvalue())


def process(*words: str, home: Path, env: Mapping[str, str] | None = None) -> Ran:
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *words, "--home", str(home)],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class Servers:
    """Both emulators; `line` is what they printed when they were ready."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.line = line

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.line["control_url"] + path, content, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def fault(self, kind: str, **how: Any) -> None:
        self.ask("POST", "/faults", {"add": [{"kind": kind, **how}]})

    def no_faults(self) -> None:
        self.ask("POST", "/faults", {"clear": True})

    def switch(self, system: str, **switches: Any) -> None:
        self.ask("POST", "/switches", {system: switches})

    def records(self, system: str, kind: str) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/state/{system}/{kind}")["records"])

    def books(self) -> dict[str, Any]:
        """Everything both vendors hold, by system and kind."""
        return {
            f"{system} {kind}": self.records(system, kind)
            for system in ("quickbooks", "salesforce")
            for kind in self.ask("GET", f"/state/{system}")
        }


@contextmanager
def servers(*options: str) -> Iterator[Servers]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ml_emulators.server", "--json", "--watch-stdin", *options],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Servers(json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
