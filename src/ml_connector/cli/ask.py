"""Questions while a side is connected: on a terminal to the person, elsewhere to the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from ml_connector.model.errors import WrongUse

from .text import safe


def typed(question: str) -> str:
    """What a person at the terminal answers, without blanks around it."""
    sys.stderr.write(f"{safe(question)}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def typed_unseen(question: str) -> str:
    """As `typed`, without echo and as it is: for what proves who somebody is, which no variable answers."""
    import getpass

    return getpass.getpass(f"{safe(question)}: ", sys.stderr)


class TerminalAsk:
    """Answers `cli.views.Ask`. A variable that is set is not asked for."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = os.environ if env is None else env

    def text(self, name: str, question: str, default: str = "") -> str:
        """The answer without blanks around it; `default` for none."""
        if answer := self._known(name):
            return answer
        if not sys.stdin.isatty():
            if default:
                return default
            raise _unanswered(name)
        shown = f" [{safe(default)}]" if default else ""
        return typed(f"{safe(question)}{shown}") or default

    def secret(self, name: str, question: str) -> str:
        """The answer, typed without echo."""
        if answer := self._known(name):
            return answer
        if not sys.stdin.isatty():
            raise _unanswered(name)
        import getpass

        return getpass.getpass(f"{safe(question)}: ", sys.stderr).strip()

    def tell(self, sentence: str) -> None:
        """A line on stderr, at once: the next question may wait for long. Control characters are taken out."""
        sys.stderr.write(f"{safe(sentence)}\n")
        sys.stderr.flush()

    def _known(self, name: str) -> str:
        return self._env.get(variable(name), "").strip()


def variable(name: str) -> str:
    """`quickbooks.client_secret` -> `MLC_QUICKBOOKS_CLIENT_SECRET`."""
    return f"MLC_{name.replace('.', '_').upper()}"


def _unanswered(name: str) -> WrongUse:
    return WrongUse(
        f"{name} is needed, and there is no terminal to ask at.",
        f"Set the environment variable {variable(name)}, or run the command in a terminal.",
    )
