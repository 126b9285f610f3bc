"""Commands that are printed work as they are printed: they name the home that this command was given."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .catalog import COMMANDS

_ELSEWHERE = ("demo", "emulators", "scenario run")
"""They work without a home, or make one of their own."""
_names = sorted((command.name for command in COMMANDS if command.name not in _ELSEWHERE), key=len, reverse=True)
_PRINTED = re.compile(rf"ml-connector (?:{'|'.join(map(re.escape, _names))})(?![\w-])(?: [^\s`)]*[^\s`),.;:])*")
"""A command in a sentence: up to two blanks, a closing mark, or the end."""
GLUE = "\ue000"
"""Stands for a blank at which no line may be broken. Foreign text never has it: `text.safe` shows it as its number."""
_home: ContextVar[str] = ContextVar("home", default="")


@contextmanager
def at_home(words: Sequence[str]) -> Iterator[None]:
    """Meanwhile what is printed names the home of this command line, if it names one."""
    token = _home.set(_given(words))
    try:
        yield
    finally:
        _home.reset(token)


@contextmanager
def living_at(home: str) -> Iterator[None]:
    """Meanwhile what is printed names this home."""
    with at_home(["--home", home]):
        yield


def _given(words: Sequence[str]) -> str:
    for at, word in enumerate(words):
        if word == "--home" and at + 1 < len(words):
            return words[at + 1]
        if word.startswith("--home="):
            return word.partition("=")[2]
    return ""


def addressed(text: str) -> str:
    """The text, with the home behind every command of ours in it; as it is where none was given."""
    return glued(text).replace(GLUE, " ")


def glued(text: str) -> str:
    """As `addressed`, with `GLUE` for the blanks in a command."""
    home = _home.get()
    if not home or "ml-connector " not in text:
        return text
    return _PRINTED.sub(lambda printed: _with(printed[0], home).replace(" ", GLUE), text)


def _with(command: str, home: str) -> str:
    return command if " --home" in command else f"{command} --home {shlex.quote(home)}"
