"""A printed command works as printed: with --home where one was given, quoted, and whole on every terminal."""

from __future__ import annotations

import ast
import re
import shlex
from io import StringIO
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from cyclopts import CycloptsError

import ml_connector
from ml_connector.cli.address import addressed, at_home
from ml_connector.cli.catalog import COMMANDS
from ml_connector.cli.entry import build
from ml_connector.cli.output import Screen
from ml_connector.cli.text import fold

HOME = ["status", "--home", "my books"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Next:  ml-connector status", "Next:  ml-connector status --home 'my books'"),
        ("Next:  ml-connector sync --once", "Next:  ml-connector sync --once --home 'my books'"),
        (
            "See  ml-connector explain salesforce:Order:801  and settle that.",
            "See  ml-connector explain salesforce:Order:801 --home 'my books'  and settle that.",
        ),
        (
            "List them with  ml-connector plan --list, or make one.",
            "List them with  ml-connector plan --list --home 'my books', or make one.",
        ),
        ("(ml-connector doctor --fit).", "(ml-connector doctor --fit --home 'my books')."),
        ("`ml-connector doctor`: mostly", "`ml-connector doctor --home 'my books'`: mostly"),
        (
            "Run  ml-connector backfill  and  ml-connector sync --once  .",
            "Run  ml-connector backfill --home 'my books'  and  ml-connector sync --once --home 'my books'  .",
        ),
        ("Next:  ml-connector status --home there", "Next:  ml-connector status --home there"),
        ("ml-connector demo --serve", "ml-connector demo --serve"),
        ("ml-connector emulators --json > emulators.json", "ml-connector emulators --json > emulators.json"),
        ("a fault of ml-connector itself", "a fault of ml-connector itself"),
    ],
)
def test_the_home_stands_behind_the_command(text: str, shown: str) -> None:
    with at_home(HOME):
        assert addressed(text) == shown
        assert addressed(shown) == shown, "once"
    assert addressed(text) == text


@pytest.mark.parametrize(
    "words", [["status", "--home=here"], ["--home", "here", "status"], ["status", "--home", "here"]]
)
def test_the_home_is_the_one_that_was_given(words: list[str]) -> None:
    with at_home(words):
        assert addressed("ml-connector plan") == "ml-connector plan --home here"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ml-connector plan", "ml-connector plan --home here --connection east"),
        ("ml-connector status --connection west", "ml-connector status --connection west --home here"),
        ("ml-connector connections", "ml-connector connections --home here"),
        ("ml-connector connections add west", "ml-connector connections add west --home here"),
    ],
)
def test_the_connection_stands_behind_the_command_where_it_names_none(text: str, shown: str) -> None:
    with at_home(["status", "--home", "here", "--connection=east"]):
        assert addressed(text) == shown


def test_without_a_home_nothing_is_added() -> None:
    with at_home(["status", "--json"]):
        assert addressed("ml-connector plan") == "ml-connector plan"


@pytest.mark.parametrize("width", [60, 72, 80, 120])
def test_a_command_is_not_broken_at_a_blank(width: int) -> None:
    with at_home(HOME):
        lines = fold(
            "Look at what keeps it, for example with  ml-connector explain salesforce:Order:801  first.", width
        )
    assert any("ml-connector explain salesforce:Order:801 --home 'my books'" in line for line in lines)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("out", [StringIO(), Terminal()])
def test_the_last_line_names_the_home_on_a_terminal_and_in_a_pipe(out: StringIO) -> None:
    with at_home(HOME):
        Screen(out=out, err=StringIO()).lines(["Writes go on.", "Next:  ml-connector sync --once"])
    assert out.getvalue().splitlines()[-1] == "Next:  ml-connector sync --once --home 'my books'"


COMMAND = re.compile(rf"ml-connector ((?:{'|'.join(command.name for command in COMMANDS)})(?![\w-])[^`\n]*)")
END = re.compile(r"  | [.,>]|\)|[.,:](?:\s|$)")
"""Where a command in a sentence ends."""


def _said() -> set[str]:
    """Every command in a text of ours. What is filled in when it is shown reads 1."""
    said = set()
    source = Path(ml_connector.__file__).parent
    for path in source.rglob("*.py"):
        if path.is_relative_to(source / "docs") or path.is_relative_to(source / "rehearsal/scenario"):
            continue  # they make pages, which name commands
        tree = ast.parse(path.read_text())
        pages = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values]
                said |= set(COMMAND.findall("".join(parts)))
            elif _is_text(node) and id(node) not in inner and node.value not in pages:
                said |= set(COMMAND.findall(re.sub(r"\{[a-z]+\}", "1", node.value)))
    return {END.split(command)[0].strip() for command in said}


def _is_text(node: ast.AST) -> TypeGuard[Any]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_every_command_in_our_texts_is_one_that_there_is() -> None:
    said = sorted(_said())
    assert len(said) > 20
    wrong = []
    for command in said:
        words = shlex.split(command)
        if words[0] != "emulators" and words[-1] != "--help":  # the emulators' options are theirs
            try:
                build().parse_args(words, exit_on_error=False, print_error=False)
            except CycloptsError as error:
                wrong.append(f"{command}: {error}")
    assert wrong == []
