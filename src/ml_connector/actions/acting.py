"""Who acts, and whether that is enough: outside a rehearsal only a proved person with the right role decides."""

from __future__ import annotations

import os
import pwd
from datetime import datetime

from ml_connector.app import App
from ml_connector.model.errors import NotProved
from ml_connector.model.people import NAME, USER, Actor, Person, PersonRole


def os_user() -> Person:
    """The operating system's user by number; no variable of the environment names it."""
    uid = os.getuid()
    try:
        login = pwd.getpwuid(uid).pw_name
    except KeyError:  # as in a container that runs under any number
        login = str(uid)
    return Person(name=f"{USER}{login}", uid=uid)


def asks_for_proof(app: App) -> bool:
    """Whether people must prove who they are: everywhere but in a rehearsal.

    What the settings, or a variable, say today does not make one of a company that was signed in to elsewhere, or where
    people are known: what is decided in it counts afterwards, too.
    """
    quickbooks = app.settings.quickbooks
    if quickbooks is None or quickbooks.environment != "rehearsal":
        return quickbooks is not None
    return knows_people(app) or bool(app.store.environments(app.connection.id) - {"rehearsal"})


def knows_people(app: App) -> bool:
    """Whether anybody could prove to be somebody."""
    return app.store.knows_people(app.connection.id)


def must_be(app: App, actor: Actor, what: str, *roles: PersonRole) -> None:
    """Raises `NotProved`, which is an event too, unless a proved person with one of these roles (none: any) acts."""
    refusal = _refusal(app, actor, what, roles) if asks_for_proof(app) else None
    if refusal is not None:
        detail = {"what": what, "why": refusal.sentence}
        app.store.audit(app.connection.id, actor, "refuse", what, detail, app.world.clock.now())
        raise refusal


def _refusal(app: App, actor: Actor, what: str, roles: tuple[PersonRole, ...]) -> NotProved | None:
    if not isinstance(actor, Person) or not actor.proved:
        return unproved(app, what)
    if roles and not set(roles) & set(actor.roles):
        needs = " or ".join(roles)
        return NotProved(f"{actor.name} may not do this ({what}): it needs the role {needs}.", "Ask one who has it.")
    return None


def unproved(app: App, what: str) -> NotProved:
    """The error for an act without a proof, with the way to one."""
    if not knows_people(app):
        return NotProved(
            f"Nobody is known here yet, and this ({what}) is done in the name of a person.",
            f"Add the first one:  ml-connector people add {suggested_name()} --role admin",
        )
    return NotProved(
        f"This ({what}) is done in the name of a person, and {os_user().name} has not proved to be one.",
        "Run the command in a terminal, which asks for name and password, or with  --token-file FILE",
    )


def suggested_name() -> str:
    """A name for the user of this machine."""
    login = os_user().name.removeprefix(USER).lower().replace("_", "-")
    return login if NAME.fullmatch(login) and login != "root" else "ana"


def made_by_a_person(app: App, name: str, at: datetime) -> bool:
    """Whether this name of an act at that time is that of a person who was proved: known here before it."""
    row = app.store.person(app.connection.id, name) if NAME.fullmatch(name) else None
    return row is not None and row.proved and row.since <= at
