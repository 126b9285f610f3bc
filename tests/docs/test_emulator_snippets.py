"""The pieces of docs/emulators.md that connect a client, run as they stand against emulators with and without TLS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.pages import blocks, text_of

PYTHON = ["\n".join(block) for block in blocks(text_of("emulators.md"), "python")]
SHELL = ["\n".join(block) for block in blocks(text_of("emulators.md"), "sh")]
ONLY_TLS = ("intuitlib", "simple_salesforce", "AbstractResolver")


@contextmanager
def _running(folder: Path, *more: str) -> Iterator[Path]:
    command = [sys.executable, "-m", "ml_emulators.server", "--scenario", "tiny", "--json", "--watch-stdin", *more]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        (folder / "emulators.json").write_bytes(process.stdout.readline())
        yield folder
    process.wait(10)


@pytest.fixture(scope="module", params=["plain", "tls"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the line of running emulators."""
    more = ["--tls"] if request.param == "tls" else []
    with _running(tmp_path_factory.mktemp("client"), *more) as ready:
        yield ready


def _run(folder: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _speaks_tls(folder: Path) -> bool:
    return bool(json.loads((folder / "emulators.json").read_text())["ca_file"])


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_python(folder: Path, number: int) -> None:
    if any(word in PYTHON[number] for word in ONLY_TLS) and not _speaks_tls(folder):
        pytest.skip("for https only, as the page says")
    assert _run(folder, sys.executable, "-W", "ignore", "-c", PYTHON[number]) != ""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.parametrize("number", range(len(SHELL)))
def test_curl(folder: Path, number: int) -> None:
    assert '"totalSize":2' in _run(folder, "sh", "-ec", SHELL[number])


def test_there_is_something_to_run() -> None:
    assert (len(PYTHON), len(SHELL)) == (5, 1)
