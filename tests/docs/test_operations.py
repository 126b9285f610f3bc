"""docs/operations.md for real: the service is started, copied while it runs, and put back from the copy."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from docs.pages import blocks, text_of
from journeys.rig import Servers, command, environment, servers
from ml_connector.web.server import Told, opened

PAGE = text_of("operations.md")
(START,), (COPY, KEYS), BACK, UPDATE = [[*block] for block in blocks(PAGE)]


@pytest.fixture(scope="module")
def vendors() -> Iterator[Servers]:
    with servers("--scenario", "tiny") as found:
        yield found


@pytest.fixture
def folder(vendors: Servers, tmp_path: Path) -> Path:
    """The folder of the page, with the home `rehearsal` in it, connected and in step."""
    (tmp_path / "line.json").write_text(json.dumps(vendors.line))
    for words in (("init", "--emulators", str(tmp_path / "line.json")), ("sync", "--once")):
        assert command(*words, home=tmp_path / "rehearsal").status == 0
    return tmp_path


def run(line: str, folder: Path, *allowed: int) -> str:
    where = {**environment(), "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"}
    done = subprocess.run(line, shell=True, cwd=folder, env=where, capture_output=True, text=True, timeout=120)
    assert done.returncode in (allowed or (0,)), f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_service_is_copied_while_it_runs_and_put_back(folder: Path) -> None:
    running = subprocess.Popen(
        f"exec {START.replace('--port 8722', '--port 0')}", shell=True, cwd=folder, text=True,
        env={**environment(), "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert running.stdout is not None
    try:
        assert "Pages:" in running.stdout.readline()
        head = re.search(r"\b\d+:[0-9a-f]{8,}", run(COPY, folder))
        run(KEYS, folder)
        for words in ("stop", "resume"):  # what the copy does not know of
            run(f"ml-connector {words} --home rehearsal", folder)
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
        running.stdout.close()
    assert head is not None
    before = run("ml-connector explain quickbooks:Invoice:1 --home rehearsal", folder)
    (folder / "rehearsal" / "state.db").write_bytes(b"")
    said = [run(line.replace("HEAD", head[0]), folder, 0, 1, 3) for line in BACK]
    assert "stopped" in said[-2]
    assert run("ml-connector explain quickbooks:Invoice:1 --home rehearsal", folder) == before
    assert json.loads(run("ml-connector sync --once --json --home rehearsal", folder, 0, 1))["written"] == 0
    for line in UPDATE:
        run(line, folder)


def test_every_figure_is_explained(folder: Path) -> None:
    with opened(folder / "rehearsal", "127.0.0.1", 0, Told()) as door:
        browser = requests.Session()
        browser.get(door.one_time_link, timeout=30)
        text = browser.get(f"{door.address}/metrics", timeout=30).text
    shown = set(re.findall(r"^(mlc_\w+)", text, re.MULTILINE))
    named = set(re.findall(r"^# TYPE (mlc_\w+)", text, re.MULTILINE))
    explained = set(re.findall(r"^\| `(mlc_\w+)`", PAGE, re.MULTILINE))
    assert shown <= explained
    assert explained == named
