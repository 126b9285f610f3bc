"""Commands that are printed work as they are printed: they name the home and the connection of this command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from .catalog import COMMANDS

_ELSEWHERE = ("demo", "emulators", "scenario run")
"""They work without a home, or make one of their own."""
_names = sorted((command.name for command in COMMANDS if command.name not in _ELSEWHERE), key=len, reverse=True)
_PRINTED = re.compile(rf"ml-connector (?:{'|'.join(map(re.escape, _names))})(?![\w-])(?: [^\s`)]*[^\s`),.;:])*")
"""A command in a sentence: up to two blanks, a closing mark, or the end."""
GLUE = "\ue000"
"""Stands for a blank at which no line may be broken. Foreign text never has it: `text.safe` shows it as its number."""
_OPTIONS = ("--home", "--connection")
_NONE: Mapping[str, str] = MappingProxyType({})
_options: ContextVar[Mapping[str, str]] = ContextVar("options", default=_NONE)
_NAMES_ITS_OWN = "ml-connector connections"
"""Such a command is of the installation, or says by itself which connection it is about."""


@contextmanager
def at_home(words: Sequence[str]) -> Iterator[None]:
    """Meanwhile what is printed names the home and the connection of this command line, if it names them."""
    given = {option: value for option in _OPTIONS if (value := _given(words, option))}
    token = _options.set(given)
    try:
        yield
    finally:
        _options.reset(token)


@contextmanager
def living_at(home: str) -> Iterator[None]:
    """Meanwhile what is printed names this home."""
    with at_home(["--home", home]):
        yield


def _given(words: Sequence[str], option: str) -> str:
    for at, word in enumerate(words):
        if word == option and at + 1 < len(words):
            return words[at + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""


def of_connection(text: str, name: str) -> str:
    """The text, with this connection behind every command of ours in it."""
    with at_home(["--connection", name]):
        return addressed(text)


def addressed(text: str) -> str:
    """The text, with home and connection behind every command of ours in it; as it is where none was given."""
    return glued(text).replace(GLUE, " ")


def glued(text: str) -> str:
    """As `addressed`, with `GLUE` for the blanks in a command."""
    options = _options.get()
    if not options or "ml-connector " not in text:
        return text
    return _PRINTED.sub(lambda printed: _with(printed[0], options).replace(" ", GLUE), text)


def _with(command: str, options: Mapping[str, str]) -> str:
    for option, value in options.items():
        if f" {option}" not in command and not (option == "--connection" and command.startswith(_NAMES_ITS_OWN)):
            command += f" {option} {shlex.quote(value)}"
    return command
