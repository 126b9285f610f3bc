"""Closed lists whose members carry the words that people read."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Spoken(StrEnum):
    """A member is its value, as it stands in the state, and has a `sentence` for people."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        """The sentence is left out only to look a member up by its value: `Reason("gone")`."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member
