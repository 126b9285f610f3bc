"""Every error, as a chapter of the runbook: what the class means, and each sentence with its remedy."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import ml_connector
from ml_connector.model import errors
from ml_connector.model.errors import ConnectorError

from .sentences import Message, messages_in

_GOES_ON = {
    "ConnectorError": "Nothing goes on by itself: look at what it names.",
    "WrongUse": "Nothing goes on by itself: run the command again when it is corrected.",
    "NoPosition": "By itself: everything is listed anew.",
    "NotProved": "Nothing goes on by itself: somebody who may do it runs the command again.",
    "BadAnswer": "By the next run, which reads the same records again; one record that cannot be read is held instead.",
    "ReadRefused": "By the next run; a record that is refused is held, and everything else goes on.",
    "Unreachable": "By the next run. Reads were tried four times before it was said; a write is looked up first.",
    "SignInNeeded": "When a person has connected again; a `sync` without `--once` notices. The other side goes on.",
    "LimitReached": "By the next run after the limit's time: a minute at QuickBooks, up to a day at Salesforce.",
    "Stopped": "Each kind says when; see `Busy`, `LeaseLost`, `SleptTooLong`, `Paused`, `DryRun` and `Interrupted`.",
    "Busy": "When the other run has ended. A `sync` without `--once` waits for that, and goes on.",
    "LeaseLost": "The other run does what is due. A `sync` without `--once` goes on after it.",
    "SleptTooLong": "By the next run, which looks up what was begun. A `sync` without `--once` is its own next run.",
    "Paused": "After `ml-connector resume`. A `sync` without `--once` goes on asking what changed meanwhile.",
    "DryRun": "After `ml-connector apply`. A `sync` without `--once` goes on asking what changed meanwhile.",
    "Interrupted": "When the command is run again.",
    "StateTampered": "When a person has put the row right; everything that does not rest on it goes on meanwhile.",
    "StateTrouble": "When the disk, the database or the key is mended. A `sync` without `--once` tries again.",
}
_LEFT_OUT = (
    "ml_connector.docs",
    "ml_connector.rehearsal.scenario",
    "ml_connector.rehearsal.demo",
    "ml_connector.rehearsal",
)


def errors_as_markdown() -> str:
    """One section for each class, in the order of their exit status; `WrongUse` explains itself on screen."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ConnectorError)]
    parts = ["## Errors\n", _INTRODUCTION]
    parts += [_section(kind) for kind in sorted(kinds, key=lambda kind: (-kind.exit_status, kind.__name__))]
    return "\n".join(parts)


_INTRODUCTION = """\
An error ends the command (a `sync` without `--once` waits for all of them, each side for itself); its class is `kind`
in the document that `--json` writes to stderr. Texts in italics stand for what the message names. Nothing that was
begun is lost: the next run looks it up before it does anything else.
"""


def _section(kind: type[ConnectorError]) -> str:
    meaning = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    meaning = meaning.split(" `sentence`")[0]
    head = f"### {kind.__name__}, exit status {kind.exit_status}\n\n{meaning}\n\n- **Goes on:** {goes_on(kind)}\n"
    rows = [f"| {message.sentence} | {message.remedy} |" for message in _all_messages() if _is_of(message, kind)]
    if kind is errors.WrongUse:
        return f"{head}- **Do:** what the second line says; it names the option, the key or the file, and its line.\n"
    if not rows:
        return head
    return "\n".join([head, "| Sentence | Do |", "|---|---|", *sorted(set(rows)), ""])


def goes_on(kind: type[ConnectorError]) -> str:
    """What goes on by itself after an error of this kind. Raises `KeyError` for a class without such a sentence."""
    return _GOES_ON[kind.__name__]


def _is_of(message: Message, kind: type[ConnectorError]) -> bool:
    """Whether a sentence belongs to `kind`, and to none of the named classes below it."""
    nearest = next(base for base in message.kind.__mro__ if base.__name__ in _GOES_ON)
    return nearest is kind


@cache
def _all_messages() -> tuple[Message, ...]:
    return tuple(message for module in _modules() for message in messages_in(module))


def _modules() -> Iterator[ModuleType]:
    for info in sorted(pkgutil.walk_packages(ml_connector.__path__, "ml_connector."), key=lambda info: info.name):
        if not info.name.startswith(_LEFT_OUT) and ".migrations." not in info.name:
            yield importlib.import_module(info.name)
