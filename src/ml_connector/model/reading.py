"""What is asked of a system when it is read, and what comes back: questions, reference tables, sweeps, bad answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from .errors import BadAnswer
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


HALVINGS = 40
"""Unreadable answers to one read after which it is not a few bad records but the vendor."""


async def apart(
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]], names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, BadAnswer]]:
    """Ask about all; where the answer cannot be read, halve the question until the bad ones stand alone.

    Gives the answers, and an error for each of the bad. Raises `BadAnswer` when too many answers cannot be read.
    """
    found: dict[str, Any] = {}
    errors: dict[str, BadAnswer] = {}
    todo, bad = [list(names)] if names else [], 0
    while todo:
        part = todo.pop()
        try:
            found |= await ask(part)
        except BadAnswer as error:
            bad += 1
            if bad > HALVINGS:
                raise
            if len(part) == 1:
                errors[part[0]] = error
            else:
                todo += [part[: len(part) // 2], part[len(part) // 2 :]]
    return found, errors
