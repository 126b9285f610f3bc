"""People: who may act for this company, and by what they prove it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import msgspec

from ml_connector.actions.acting import must_be, suggested_name, unproved
from ml_connector.actions.credentials import new_token, password_hash, token_digest, written_token
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.model.people import NAME, PERSON_ROLES, RESERVED, Actor, Person, PersonRole, name_of
from ml_connector.store.rows import PersonRow
from ml_connector.vault import Secret


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """A person as doors show it. One that is not `proved` was changed without the key."""

    name: str
    roles: Sequence[PersonRole]
    invited_by: str
    since: datetime
    ended_at: datetime | None
    password: bool
    token: bool
    proved: bool


def people(app: App) -> list[PersonView]:
    """All people by name, ended ones too."""
    return [
        PersonView(
            name=row.name,
            roles=row.roles,
            invited_by=row.invited_by,
            since=row.since,
            ended_at=row.ended_at,
            password=bool(row.password),
            token=bool(row.token),
            proved=row.proved,
        )
        for row in app.store.people(app.connection.id)
    ]


def add_person(app: App, actor: Actor, name: str, roles: Sequence[str], to: Path | None = None) -> Secret:
    """Invite somebody, whose token is given back: it lets a person choose a password, and a machine act.

    The first person may be added by whoever holds the home, later ones by an administrator. With `to` the token is also
    in that file. Raises `WrongUse` for a name that cannot be one or is taken, and for roles that there are not.
    """
    first = not app.store.knows_people(app.connection.id)
    given = _roles(name, roles, first=first)
    if not NAME.fullmatch(name) or name in RESERVED:
        raise WrongUse(
            "A name is made of a-z, 0-9, dot and hyphen, begins with a letter, and has up to 40 of them.",
            "Choose such a name, which no part of the program has.",
        )
    if not first:
        must_be(app, actor, "people add", "admin")
    token, now = new_token(name), app.world.clock.now()
    row = PersonRow(
        name=name, roles=given, password="", token=token_digest(token), invited_by=name_of(actor), since=now,
        ended_at=None,
    )  # fmt: skip
    with nullcontext() if to is None else written_token(token, to):
        app.store.add_person(app.connection.id, row, actor, now)
    return token


def _roles(name: str, roles: Sequence[str], *, first: bool) -> tuple[PersonRole, ...]:
    given = tuple(role for role in PERSON_ROLES if role in roles)
    if not given or set(roles) - set(given):
        raise WrongUse("A person has one role or more.", f"Give  --role  with one of {', '.join(PERSON_ROLES)}.")
    if first and "admin" not in given:
        raise WrongUse(
            "The first person must be an administrator: nobody else could add the others.",
            f"Add one first:  ml-connector people add {suggested_name()} --role admin",
        )
    return given


def end_person(app: App, actor: Actor, name: str) -> None:
    """End somebody's part: nothing proves to be that person any more, and the name is not given again.

    Raises `WrongUse` for the last administrator, after whom nobody could add people.
    """
    must_be(app, actor, "people end", "admin")
    row = _active(app, name)
    others = [other for other in app.store.people(app.connection.id) if other.name != name and other.ended_at is None]
    if "admin" in row.roles and not any("admin" in other.roles and other.proved for other in others):
        raise WrongUse(f"{name} is the last administrator.", "Add another one first.")
    now = app.world.clock.now()
    values: dict[str, str | int] = {"ended_at": round(now.timestamp() * 1000), "password": "", "token": ""}
    app.store.change_person(app.connection.id, name, "end person", values, actor, now)


def set_password(app: App, actor: Person, password: str) -> None:
    """Choose one's own password. It ends the token one had: an invitation lets in once.

    Raises `NotProved` for somebody who has not proved to be a person, and `WrongUse` for a password that is too short.
    """
    if not actor.proved:
        raise unproved(app, "people password")
    values: dict[str, str | int] = {"password": password_hash(Secret(password)), "token": ""}
    app.store.change_person(app.connection.id, actor.name, "set password", values, actor, app.world.clock.now())


def make_token(app: App, actor: Actor, name: str, to: Path | None = None) -> Secret:
    """A new token in place of the one before: one's own, or by an administrator that of somebody else.

    Whoever gets it from another loses the password, and so notices. With `to` the token is also in that file.
    """
    own = isinstance(actor, Person) and actor.proved and actor.name == name
    if not own:
        must_be(app, actor, "people token", "admin")
    _active(app, name)
    token = new_token(name)
    values: dict[str, str | int] = {"token": token_digest(token)}
    if not own:
        values["password"] = ""
    with nullcontext() if to is None else written_token(token, to):
        app.store.change_person(app.connection.id, name, "make token", values, actor, app.world.clock.now())
    return token


def _active(app: App, name: str) -> PersonRow:
    row = app.store.person(app.connection.id, name)
    if row is None or row.ended_at is not None:
        raise WrongUse("There is no such person.", "List them with  ml-connector people list")
    return row
