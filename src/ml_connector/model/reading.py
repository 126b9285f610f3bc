"""What is asked of a system when it is read, and what comes back: questions, reference tables, sweeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from .refs import Change

Take = Callable[[Sequence[Change]], None]
"""Takes in a page of knocks at once, without the position of their source: that follows with the last of them."""


class Question(msgspec.Struct, frozen=True):
    """Records of a kind whose `field` equals one of `values`; without a field, those with these ids."""

    kind: str
    field: str
    values: Sequence[str]


class Reference(msgspec.Struct, frozen=True):
    """A small table read whole. `version` is a digest that moves when its content does."""

    value: Any
    version: str


class Sweep(msgspec.Struct, frozen=True):
    """What changed since a position. `position` is where the next sweep starts; `covered_to` up to when it is complete.

    `truncated`: kinds whose list was cut off; they need a backfill from `since`.
    """

    changes: Sequence[Change]
    position: str
    covered_to: datetime
    truncated: tuple[str, ...] = ()
