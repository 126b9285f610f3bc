"""The command as people and scripts run it: a real process, its two streams and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml_connector.cli import entry
from ml_connector.cli.catalog import COMMANDS
from ml_connector.cli.output import Screen
from ml_connector.cli.progress import steps
from ml_connector.model.errors import LimitReached
from ml_connector.settings import write_settings

HEAVY = ("cyclopts", "rich", "msgspec", "aiohttp", "sqlalchemy", "alembic", "cryptography", "structlog", "asyncio")


def run(*words: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys; from ml_connector.cli.entry import main; sys.exit(main())", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "", **(env or {})},
        cwd=cwd,
        check=False,
        timeout=60,
    )


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from ml_connector.cli.entry import main; status = main(['--help']);"
        f"print([m for m in {HEAVY!r} if m in sys.modules]); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("[]\n")
    assert all(f"  {command.name} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", [command.name for command in COMMANDS if command.name != "emulators"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Usage: ml-connector {command}" in shown
    assert "--home PATH:" in shown
    assert "--json:" in shown


def test_version() -> None:
    assert run("--version").stdout.startswith("ml-connector ")


@pytest.mark.parametrize(
    ("words", "sentence", "remedy"),
    [
        (["dmo"], "There is no command dmo.", "Did you mean demo?"),
        (["--json", "status"], "The command comes first, its options after it.", "status --json"),
        (["keys", "rotat"], "There is no command keys rotat.", "Did you mean keys rotate?"),
        (["plan", "--hoem", "x"], "plan has no option --hoem.", "Did you mean --home?"),
        (["plan", "--client-secret=hunter2"], "plan has no option --client-secret.", "See  ml-connector plan --help"),
        (["apply"], "apply needs PLAN.", "See  ml-connector apply --help"),
        (["demo", "--scale", "hunter2"], "The value of --scale is not of the kind that demo takes.", "demo --help"),
        (["status", "hunter2"], "status takes fewer words than were given.", "status --help"),
        (["reconcile", "--month", "11/2026"], "--month is no month.", "--month 2026-11"),
        (["scenario", "run", "none.json"], "There is no file none.json.", "docs/scenarios.md"),
        (["init", "--emulators", "none.json"], "none.json does not hold the line", "emulators --json"),
        (["status", "--home", "none"], "There is no settings.toml", "ml-connector init"),
    ],
)
def test_wrong_use_is_told_in_words(
    words: list[str], sentence: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert remedy in err
    assert "hunter2" not in err


def test_a_wrong_setting_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[rules]\nmax_line = 5\n", "utf-8")
    done = run("status", "--home", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        "settings.toml, line 2: [rules] max_line is not a setting.\n"
        "Did you mean max_lines? All settings are in docs/settings.md.\n"
    )


def test_with_json_errors_are_documents_on_stderr(tmp_path: Path) -> None:
    done = run("status", "--json", "--home", str(tmp_path))
    told = json.loads(done.stderr)
    assert (done.stdout, done.returncode, told["exit_status"]) == ("", 2, 2)
    assert told["schema"] == "ml-connector/error/1"
    assert {"sentence", "remedy", "kind"} <= told.keys()


def test_a_home_without_its_key_is_a_dead_connection(tmp_path: Path) -> None:
    write_settings(tmp_path, {})
    done = run("status", "--home", str(tmp_path))
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_fault_is_one_sentence_without_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr("ml_connector.cli.entry.build", broken)
    monkeypatch.chdir(tmp_path)
    shown = run_inside(monkeypatch, ["status"])
    assert shown[0] == 1
    assert "ZeroDivisionError" in shown[1]
    assert "hunter2" not in shown[1]
    assert "Traceback" not in shown[1]


@pytest.mark.parametrize(
    ("error", "status"), [(LimitReached("Enough for today.", "It goes on."), 3), (KeyboardInterrupt(), 3)]
)
def test_what_stops_a_command_ends_with_3(error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise error

    monkeypatch.setattr("ml_connector.cli.entry.build", stopped)
    assert run_inside(monkeypatch, ["sync"])[0] == status


def run_inside(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> tuple[int, str]:
    import io

    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    return entry.main(words), err.getvalue()


def test_the_home_is_the_folder_here_if_there_is_one(tmp_path: Path) -> None:
    (tmp_path / ".ml-connector").mkdir()
    assert str(tmp_path / ".ml-connector") in run("status", cwd=tmp_path).stderr
    elsewhere = run("status", cwd=tmp_path / ".ml-connector", env={"XDG_DATA_HOME": str(tmp_path / "data")})
    assert str(tmp_path / "data" / "ml-connector") in elsewhere.stderr


def test_a_reader_that_goes_away_is_no_fault() -> None:
    code = "import sys; from ml_connector.cli.entry import main; sys.exit(main(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_an_ascii_terminal_shows_foreign_letters_as_codes(tmp_path: Path) -> None:
    home = tmp_path / "Ä"
    done = run("status", "--home", str(home), env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert "\\xc4" in done.stderr


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.mark.parametrize(
    ("env", "shown"),
    [
        ({"TERM": "xterm", "NO_COLOR": ""}, "\x1b[1;31mFAIL\x1b[0m  x\n"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "FAIL  x\n"),
        ({"TERM": "dumb", "NO_COLOR": ""}, "FAIL  x\n"),
    ],
)
def test_colour_only_where_it_is_wanted(env: dict[str, str], shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    Screen(out=terminal).lines(["FAIL  x"])  # type: ignore[arg-type]  # as much of a stream as is used
    assert terminal.text == shown


def test_progress_without_a_terminal_says_each_step_once() -> None:
    err = Terminal()
    step = steps(err)  # type: ignore[arg-type]  # as much of a stream as is used
    for done in range(3):
        step("Reading", done, 3)
    step("Planning\x1b", 0, 0)
    assert err.text == "Reading (0 of 3)\nPlanning\\u001b\n"
