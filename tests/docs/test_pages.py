"""What the pages say is so: links lead somewhere, commands and options exist, nothing is left out."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from docs.pages import DOCS, PAGES, ROOT, anchors, blocks, code, links, text_of
from ml_connector.cli.catalog import COMMANDS, PARENTS
from ml_connector.cli.entry import build
from ml_connector.docs import MARK, outdated, renewed
from ml_connector.docs import PAGES as MADE
from ml_connector.docs.__main__ import main
from ml_connector.model import errors, holds
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.settings import load_text

NAMES = [command.name for command in COMMANDS]
WORDS = (
    *("connection", "task", "link", "decision", "plan", "approval", "outcome", "open write", "hold", "trigger"),
    *("posting", "template", "dims", "sweep", "backfill", "drift", "tie-out", "emulator", "control door"),
    *("lease", "fencing token", "heartbeat", "outbox", "idempotency key", "cache", "snapshot", "persistence"),
)


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in links(page.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            lost.append(link)
    assert lost == []


def test_the_front_page_leads_to_every_page() -> None:
    linked = set(links((ROOT / "README.md").read_text("utf-8")))
    pages = {str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *DOCS.glob("*.md"))} - {"README.md"}
    assert pages - linked == set()


# --- commands


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """Each use of the command line in a page: the command, and the options it is given."""
    found = []
    for line in code(text):
        for use in re.findall(r"ml-connector +([a-z][^|<>;&]*)", line):
            words = use.split()
            two = " ".join(words[:2])
            options = [word.partition("=")[0] for word in words if word.startswith("--")]
            found.append((two if two in NAMES else words[0], options))
    return found


def _options(command: str) -> set[str]:
    app = build()
    for word in command.split():
        app = app[word]
    return {name for argument in app.assemble_argument_collection() for name in argument.names}


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_commands_and_options_of_a_page_exist(page: Path) -> None:
    for command, options in _commands(page.read_text("utf-8")):
        assert command in (*NAMES, *PARENTS)
        if command != "emulators" and command not in PARENTS:
            assert set(options) - _options(command) == set(), command


def test_every_command_is_documented() -> None:
    used = {command for page in DOCS.rglob("*.md") for command, _ in _commands(page.read_text("utf-8"))}
    assert set(NAMES) - used == set()


def test_options_of_the_emulators_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    from ml_emulators.server import arguments

    with pytest.raises(SystemExit):
        arguments(["--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    page = text_of("emulators.md")
    start = page[page.index("## Start") : page.index("## The line")]
    assert set(re.findall(r"`(--[a-z-]+)", start)) | {"--qbo-port"} >= known
    used = [option for command, options in _commands(page) if command == "emulators" for option in options]
    assert used
    assert set(used) <= known


def test_settings_that_a_page_shows_are_accepted(tmp_path: Path) -> None:
    pages = [page for page in PAGES if page.name != "scenarios.md"]  # those are files of another kind
    shown = ["\n".join(block) for page in pages for block in blocks(page.read_text("utf-8"), "toml")]
    assert len(shown) >= 2
    for text in shown:
        load_text(text, tmp_path, {})


# --- words


def test_the_glossary_knows_the_words_of_the_product() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", text_of("glossary.md"), re.MULTILINE)
    known = {word.strip() for row in rows for word in row.split(",")}
    assert set(WORDS) - known == set()


# --- pages made from the program


def test_the_made_pages_are_as_the_program_says() -> None:
    assert {path.name: "run  make docs" for path in outdated(DOCS)} == {}


@pytest.mark.parametrize("code_", holds.CODES)
def test_the_runbook_has_every_hold(code_: str) -> None:
    assert code_.lower() in anchors(text_of("runbook.md"))


def test_the_runbook_has_every_case_of_a_hold() -> None:
    shown = text_of("runbook.md")
    assert shown.count("- **Ends by itself when**") == len(holds.WORDS)
    assert "> Order *order* is dated *date*, the books are closed to *closed to*." in shown
    assert "{" not in shown.partition(MARK)[2].partition("## Holds")[2]


def test_the_runbook_has_every_error() -> None:
    shown = text_of("runbook.md")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ConnectorError)]
    assert len(kinds) > 6
    for kind in kinds:
        assert f"### {kind.__name__}, exit status {kind.exit_status}\n" in shown
    assert "| Another run is at work on this connection. | Wait for it to end, or stop it first. |" in shown
    assert "| The app has no user to run as. |" in shown


def test_what_is_written_by_hand_stays() -> None:
    page = renewed("settings.md", f"# My head\n\n{MARK}old tables\n")
    assert page.startswith(f"# My head\n\n{MARK}\n## [quickbooks]\n")
    assert "old tables" not in page
    with pytest.raises(WrongUse):
        renewed("settings.md", "# Without the mark\n")


def test_making_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    for name in MADE:
        (tmp_path / "docs" / name).write_text(f"Head.\n{MARK}old\n")
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert "runbook.md is not as the program says. Next:  make docs" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert main(["--chek"]) == 2
    (tmp_path / "docs" / "runbook.md").unlink()
    assert main([]) == 2


# --- the demo's document


def test_every_key_of_the_demo_is_documented() -> None:
    tree = ast.parse((ROOT / "src/ml_connector/rehearsal/demo.py").read_text("utf-8"))
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_document")
    keys = {
        each.value for node in ast.walk(function) if isinstance(node, ast.Dict) for each in node.keys
        if isinstance(each, ast.Constant)
    }  # fmt: skip
    assert {"converged", "tie_out", "second_run"} <= keys
    assert keys - set(re.findall(r"`(\w+)`", text_of("demo.md"))) == set()


def test_lines_of_a_page_can_be_split_like_a_shell_does() -> None:
    for page in PAGES:
        for block in blocks(page.read_text("utf-8")):
            for line in block:
                if "ml-connector " in line and not line.startswith((" ", "│", "|")):
                    assert shlex.split(line)
