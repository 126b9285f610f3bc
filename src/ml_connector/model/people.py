"""Who acts: a person who was proved, or the user of the machine, who was not; or a part of the program by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

PersonRole = Literal["preparer", "approver", "admin"]
"""What a person may do: map and plan; approve and apply; look after people, keys and the state."""
PERSON_ROLES: tuple[PersonRole, ...] = ("preparer", "approver", "admin")
NAME = re.compile(r"[a-z][a-z0-9.-]{0,39}")
"""Names of people: no two that look alike, none that is written like a user of a machine or a part of the program."""
RESERVED = ("ml-connector", "setup", "system")
"""Parts of the program that act under these names."""


USER = "os:"
"""How the name of a user of the machine begins, who has not proved to be a person."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands at a door. `name` is that of a person in the state if `proved`, else `os:<login>`.

    `uid` is the operating system's user, which is put down beside every act and never counts as the person.
    """

    name: str
    uid: int
    roles: tuple[PersonRole, ...] = ()
    proved: bool = False


Actor: TypeAlias = Person | str
"""A person, or by its name a part of the program that acts by itself: nobody, where people are compared."""


def name_of(actor: Actor) -> str:
    """As it stands in the audit log."""
    return actor.name if isinstance(actor, Person) else actor


def beside(actor: Actor) -> Mapping[str, int]:
    """What is put down in the detail of an event beside the name."""
    return {"uid": actor.uid} if isinstance(actor, Person) else {}
