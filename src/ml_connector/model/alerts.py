"""Alarms: what a person should hear of who does not look. No sentence of one holds a personal datum or a secret."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AlertKind(StrEnum):
    """What an alarm is about."""

    SIDE = "side"
    SIGN_IN = "sign-in"
    HOLE = "hole"
    SILENCE = "silence"
    QUIET = "quiet"
    WEBHOOKS = "webhooks"
    HOLD = "hold"
    WRITE = "write"
    BUDGET = "budget"


class Alert(msgspec.Struct, frozen=True):
    """An alarm. `about` tells it from others of its kind; `command` shows or mends what it says, without the program's
    name."""

    kind: AlertKind
    about: str
    sentence: str
    command: str

    @property
    def key(self) -> str:
        """Its name: as long as it is raised, nobody is told again."""
        return f"{self.kind.value} {self.about}"


class Message(msgspec.Struct, frozen=True):
    """What is told of an alarm: that it is raised, or that it is over."""

    key: str
    sentence: str
    command: str
    over: bool

    def title(self, company: str) -> str:
        """The first line."""
        return f"ml-connector, {company}: {'over' if self.over else 'alarm'} ({self.key})"

    def body(self) -> str:
        """What is the case, and what to do."""
        if self.over:
            return f"It is over: {self.sentence}"
        return f"{self.sentence}\nNext:  ml-connector {self.command}"
