"""What is asked of a system when it is read, and what comes back: questions, reference tables, sweeps, bad answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

import msgspec

from .errors import BadAnswer, ReadRefused
from .refs import Change

Take = Callable[[Sequence[Change]], None]
"""Takes in a page of knocks at once, without the position of their source: that follows with the last of them."""

Resume = Mapping[str, tuple[int, str]]
"""By kind how many records of a list were taken in before, and the id of the last of them."""
NOTHING: Resume = {}


class Question(msgspec.Struct, frozen=True):
    """Records of a kind whose `field` equals one of `values`; without a field, those with these ids."""

    kind: str
    field: str
    values: Sequence[str]


class Reference(msgspec.Struct, frozen=True):
    """A small table read whole. `version` is a digest that moves when its content does."""

    value: Any
    version: str


class Listed(msgspec.Struct, frozen=True):
    """The records of a list, and by id why the others of it cannot be read."""

    records: Sequence[Any]
    unread: Mapping[str, BadAnswer] = {}


class Sweep(msgspec.Struct, frozen=True):
    """What changed since a position. `position` is where the next sweep starts; `covered_to` up to when it is complete.

    `truncated`: kinds of which deletions are missing, if there were any; only a comparison of all ids finds those.
    `doubtful`: kinds whose list was full to the last place, so that it may have been cut off. `refused`: kinds
    that the vendor does not list; the position says nothing of them, unless it keeps them apart (`by_kind`).
    `asked` says from when on each kind was asked about; everything there is, where that is `BEGINNING`.
    """

    changes: Sequence[Change]
    position: str
    covered_to: datetime
    truncated: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    refused: Mapping[str, ReadRefused] = {}
    by_kind: bool = False
    asked: Mapping[str, datetime] = {}


Order = Literal["number", "text"]
"""How a vendor orders ids: `9` before `10`, or by bytes."""


class IdPage(msgspec.Struct, frozen=True):
    """A page of the ids that a vendor lists, ascending in `order`; between two of them it lists no other.

    `position` is where the next page begins, blank after the last one.
    """

    ids: Sequence[str]
    position: str = ""
    order: Order = "text"


def id_key(record_id: str, order: Order) -> tuple[int, str]:
    """What ids are ordered by. Numbers have no leading zeros: the longer one is the higher one."""
    return (len(record_id) if order == "number" else 0, record_id)


def ascend(ids: Sequence[str], order: Order) -> bool:
    """Whether each id comes after the one before it."""
    keys = [id_key(record_id, order) for record_id in ids]
    return all(before < key for before, key in pairwise(keys))


HALVINGS = 40
"""Questions without a usable answer, and none with one, after which it is not a few bad records but the vendor."""
MOST = 300
"""Questions without a usable answer after which one read is given up: reads are metered."""


async def apart(
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]],
    names: Sequence[str],
    refused: ReadRefused | None = None,
) -> tuple[dict[str, Any], dict[str, BadAnswer]]:
    """Ask about all; where the answer cannot be read, or is refused, halve the question until the bad stand alone.

    Gives the answers, and an error for each of the bad: where there are too many to tell apart, the error that came
    last. `refused`: this very question was asked already, and this came back.
    """
    found: dict[str, Any] = {}
    errors: dict[str, BadAnswer] = {}
    todo, bad, good = [list(names)] if names else [], 0, 0
    while todo:
        part = todo.pop()
        try:
            if refused is not None:
                raise refused
            found |= await ask(part)
            good += 1
        except BadAnswer as error:
            refused = None
            bad += 1
            if len(part) == 1:
                errors[part[0]] = error
            else:
                todo += [part[: len(part) // 2], part[len(part) // 2 :]]
            if bad > (MOST if good else HALVINGS):
                errors |= {name: error for left in todo for name in left}
                break
    return found, errors
