"""Two processes that call one company as fast as they can: together they keep its limits, at a real socket."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from journeys.rig import Servers, environment, servers

CALLS = 40
SECOND = timedelta(seconds=1)
HAMMER = """
import asyncio, sys
from pathlib import Path
from ml_connector.app import open_app

async def main():
    async with open_app(Path(sys.argv[1])) as app:
        await app.quickbooks.read("Customer", ["1"])
        print("ready", flush=True)
        sys.stdin.readline()
        reads = [app.quickbooks.read("Customer", [str(number)]) for number in range(1, int(sys.argv[2]) + 1)]
        await asyncio.gather(*reads)

asyncio.run(main())
"""
Json = dict[str, Any]


@pytest.fixture(scope="module")
def vendors() -> Iterator[Servers]:
    with servers("--scenario", "tiny", "--limits", "on") as found:
        yield found


def _home(folder: Path, line: Json) -> Path:
    emulators, home = folder / "emulators.json", folder / "home"
    emulators.write_text(json.dumps(line))
    words = ["init", "--emulators", str(emulators), "--home", str(home), "--json"]
    main = "import sys; from ml_connector.cli.entry import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", main, *words], env=environment(), check=True, capture_output=True)
    return home


@contextmanager
def _let_loose(homes: list[Path]) -> Iterator[list[subprocess.Popen[str]]]:
    """One process for each home, all from the same moment on."""
    made = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(home), str(CALLS)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for home in homes
    ]
    try:
        for process in made:
            assert process.stdout is not None
            assert "ready\n" in process.stdout
        for process in made:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield made
    finally:
        for process in made:
            process.kill()
            process.communicate()


def _calls(vendors: Servers, since: int = 0) -> list[Json]:
    found = vendors.ask("GET", f"/requests?vendor=quickbooks&limit=10000&since={since}")
    return [each for each in found["requests"] if each["path"].startswith("/v3/company/")]


def _busiest(calls: list[Json]) -> int:
    """The most calls in any second."""
    starts = [datetime.fromisoformat(each["at"]) for each in calls]
    return max(sum(start <= each < start + SECOND for each in starts) for start in starts)


def test_two_processes_on_one_state_keep_the_limits_of_their_company(vendors: Servers, tmp_path: Path) -> None:
    home = _home(tmp_path, vendors.line)
    mark = vendors.ask("GET", "/requests")["mark"]
    with _let_loose([home, home]) as processes:
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    calls = _calls(vendors, mark)

    assert len(calls) >= 2 * CALLS
    assert {each["status"] for each in calls} == {200}
    assert _busiest(calls) <= 10


def test_two_processes_on_states_of_their_own_are_refused(vendors: Servers, tmp_path: Path) -> None:
    """So the test above can fail."""
    home = _home(tmp_path, vendors.line)
    shutil.copytree(home, tmp_path / "other")
    mark = vendors.ask("GET", "/requests")["mark"]
    with _let_loose([home, tmp_path / "other"]) as processes:
        while any(process.poll() is None for process in processes):
            if 429 in {each["status"] for each in _calls(vendors, mark)}:
                return
    pytest.fail("nobody was refused")
