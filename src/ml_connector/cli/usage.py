"""Wrong words on the command line, in ours: what is not known, the nearest that is, and where to look."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from cyclopts import CycloptsError, exceptions

from ml_connector.model.errors import WrongUse

from .catalog import COMMANDS, PARENTS
from .text import safe


def of_usage(error: CycloptsError, words: Sequence[str]) -> WrongUse:
    """The error for wrong use. Values are not repeated: one of them could be a secret."""
    command = " ".join(error.command_chain or ())
    see = f"See  ml-connector {command} --help" if command else "See  ml-connector --help"
    if isinstance(error, exceptions.UnknownCommandError):
        return _unknown_command(words)
    if isinstance(error, exceptions.UnknownOptionError):
        option = safe((error.token.keyword or "").partition("=")[0])
        near = difflib.get_close_matches(option, _options(error), 1, 0.6)
        hint = f"Did you mean {near[0]}? " if near else ""
        return WrongUse(f"{command or 'ml-connector'} has no option {option}.", f"{hint}{see}")
    name = error.argument.name if error.argument is not None else ""
    if isinstance(error, exceptions.MissingArgumentError):
        return WrongUse(f"{command} needs {name.lstrip('-').upper() or 'a value'}.", see)
    if isinstance(error, exceptions.CoercionError):
        return WrongUse(f"The value of {name or 'an option'} is not of the kind that {command} takes.", see)
    if isinstance(error, exceptions.UnusedCliTokensError):
        return WrongUse(f"{command} takes fewer words than were given.", see)
    return WrongUse(f"The options of {command or 'ml-connector'} do not fit together.", see)


def _unknown_command(words: Sequence[str]) -> WrongUse:
    if words[0].startswith("-") or not words[0]:
        return WrongUse("The command comes first, its options after it.", "For example  ml-connector status --json")
    plain = [word for word in words if not word.startswith("-")]
    known = [command.name for command in COMMANDS]
    given = " ".join(plain[:2]) if plain and plain[0] in PARENTS else (plain or [""])[0]
    near = difflib.get_close_matches(given, [*known, *PARENTS], 1, 0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return WrongUse(f"There is no command {safe(given)[:40]}.", f"{hint}All commands:  ml-connector --help")


def _options(error: exceptions.UnknownOptionError) -> list[str]:
    return [name for argument in error.argument_collection for name in argument.names if name.startswith("--")]
