"""Who acts on the command line: by name and password at a terminal, by a token in a file, or the machine's user."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ml_connector.cli.ask import typed, typed_unseen
from ml_connector.model.errors import WrongUse

from .common import Common, look

if TYPE_CHECKING:
    from ml_connector.actions.open import App
    from ml_connector.model.people import Person


@Parameter(name="*")
@dataclass(frozen=True)
class By:
    """Options of every command that decides something. A password is asked for, and never given here."""

    name: Annotated[str, Parameter(name="--as", help="Your name; the password is asked for")] = ""
    token_file: Annotated[Path | None, Parameter(help="File with a token, instead of a password")] = None


UNSAID = By()


def who(common: Common, by: By, what: str) -> Person:
    """Who does `what`: proved, where people must prove who they are. Raises `NotProved`."""

    def proved(app: App) -> Person:
        from ml_connector.actions.acting import asks_for_proof, knows_people, os_user, unproved

        if by == UNSAID and not asks_for_proof(app):
            return os_user()
        if by.token_file is None and not (knows_people(app) and at_terminal()):
            raise unproved(app, what)
        return _proved(app, by, "Your name")

    return look(common, proved)


def who_if_said(common: Common, by: By) -> Person:
    """As `who`, where it may be nobody: whoever gives no name, and is asked for none, is the user of the machine."""

    if by != UNSAID:
        return who(common, by, "plan")

    def proved(app: App) -> Person:
        from ml_connector.actions.acting import asks_for_proof, knows_people, os_user, unproved

        if asks_for_proof(app) and not knows_people(app):
            common.screen.note(unproved(app, "apply").remedy)
        if not (asks_for_proof(app) and knows_people(app) and at_terminal()):
            return os_user()
        name = typed("Your name (empty: just look, its entries cannot be approved)")
        return _proved(app, By(name=name), "") if name else os_user()

    return look(common, proved)


def _proved(app: App, by: By, question: str) -> Person:
    from ml_connector.actions.proof import prove, prove_by_file

    if by.token_file is not None:
        return prove_by_file(app, by.token_file, by.name)
    name = by.name or typed(question)
    return prove(app, name, typed_unseen(f"Password (or token) of {name}"))


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def chosen_password() -> str:
    """A new password, typed twice. Raises `WrongUse` where nobody can be asked, or the two differ."""
    if not at_terminal():
        raise WrongUse("A password is typed at a terminal.", "Run the command in one; machines use a token.")
    password = typed_unseen("New password, 12 characters or more")
    if typed_unseen("The same once more") != password:
        raise WrongUse("The two differ.", "Run the command again.")
    return password
