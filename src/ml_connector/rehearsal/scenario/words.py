"""What may stand in a scenario file: every entry with its keys. Reader, player and page are made of this."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .values import COUNT, TEXT, Kind, Param

Part = Literal["given", "when", "then"]


class Verb(NamedTuple):
    """One kind of entry. `takes` is the kind of the value of its first key, `meaning` what that value is."""

    name: str
    part: Part
    takes: Kind
    meaning: str
    words: str
    params: tuple[Param, ...] = ()
    makes: bool = False

    def param(self, name: str) -> Param | None:
        """The key of this name that the entry may have; None for no such key."""
        return next((param for param in all_params(self) if param.name == name), None)


TITLE = Param("title", TEXT, "What this entry is about, in your words. It is the name of a check.")
AS = Param("as", TEXT, "Another name under which later entries refer to it.")
EXPECT_ERROR = Param("expect_error", TEXT, "The entry must fail, and the message must contain this text.")
REPEAT = Param("repeat", COUNT, "Do it this many times.")


def all_params(verb: Verb) -> tuple[Param, ...]:
    """The keys of an entry, with those that every entry of its part may have."""
    if verb.part == "then":
        return (*verb.params, TITLE)
    return (*verb.params, *((AS,) if verb.makes else ()), TITLE, REPEAT, EXPECT_ERROR)
