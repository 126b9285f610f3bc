"""`ml-connector`: find the command, run it, and end with a status that says how it went."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .catalog import COMMANDS, PARENTS, SUMMARY, help_text

if TYPE_CHECKING:
    from cyclopts import App

    from ml_connector.model.errors import ConnectorError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 problem found, 2 wrong use, 3 stopped."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        return _answered(words)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _answered(words: list[str]) -> int:
    if words in ([], ["--help"], ["-h"], ["help"]):
        sys.stdout.write(help_text())
        return 0
    if words == ["--version"]:
        from importlib.metadata import version

        sys.stdout.write(f"ml-connector {version('ml-connector')}\n")
        return 0
    if words[0] == "emulators":
        from .commands.rehearse import emulators

        return emulators(words[1:])
    from .address import at_home

    with at_home(words):
        return _guarded(words)


def _guarded(words: list[str]) -> int:
    """Run the command; whatever goes wrong ends in a sentence, a remedy and a status."""
    from cyclopts import CycloptsError

    from ml_connector.model.errors import ConnectorError

    from .faults import known_cause, of_fault
    from .usage import of_usage

    try:
        result = build()(words, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except CycloptsError as error:
        return _report(of_usage(error, words), words)
    except ConnectorError as error:
        return _report(error, words)
    except KeyboardInterrupt:
        from ml_connector.model.errors import Interrupted

        return _report(Interrupted("Stopped by you.", "What was begun is finished by the next run."), words)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last stop: a sentence instead of a traceback
        return _report(known_cause(error) or of_fault(error, words), words)


def _report(error: ConnectorError, words: Sequence[str]) -> int:
    from .output import Screen

    Screen(json="--json" in words).error(error)
    return error.exit_status


def _function(target: str) -> Callable[..., int]:
    """What `module:function` names."""
    from importlib import import_module

    module, _, name = target.partition(":")
    function: Callable[..., int] = getattr(import_module(module), name)
    return function


def build() -> App:
    """The cyclopts application; functions are imported when their command is called, but for parents."""
    from cyclopts import App, Parameter

    options: dict[str, Any] = {
        "help_format": "plaintext",
        "help_formatter": "plain",
        "version_flags": [],
        "default_parameter": Parameter(negative="", show_default=False),
    }
    app = App(name="ml-connector", help=SUMMARY, **options)
    parents = {name: App(name=name, help=summary, **options) for name, summary in PARENTS.items()}
    for parent in parents.values():
        app.command(parent)
    for command in COMMANDS:
        first, _, second = command.name.partition(" ")
        if command.name in parents:
            parents[first].default(_function(command.target))
            continue
        owner = parents[first] if second else app
        listed = {"help": command.summary} if second else {}
        owner.command(command.target, name=second or first, help_formatter="plain", **listed)
    return app
