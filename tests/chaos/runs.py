"""From a seed to a verdict: which trouble, what came out, and what it is compared with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

import msgspec
import structlog

from .books import Difference, State, compare, state_of
from .edits import EDITS
from .life import Run, Trace, Trouble
from .town import Town, small_batches
from .troubles import KINDS


class Result(msgspec.Struct):
    """What became of one run. `told` is its story, for those who must mend something."""

    seed: int
    kind: str
    story: str
    difference: Difference
    converged: bool
    wrong: list[str]
    told: str

    @property
    def good(self) -> bool:
        return self.converged and not (self.difference.lost or self.difference.doubled or self.wrong)

    def report(self) -> str:
        """Everything about a failed run, and how to repeat it."""
        verdict = [f"LOST     {each}" for each in self.difference.lost]
        verdict += [f"DOUBLED  {each}" for each in self.difference.doubled]
        verdict += [f"WRONG    {each}" for each in self.wrong]
        verdict += ["NOT CONVERGED  it never came to rest"] * (not self.converged)
        head = f"seed {self.seed} ({self.kind}): {self.story}"
        return "\n".join([head, self.told, *verdict, f"repeat:  python -m tests.chaos --seed {self.seed} --runs 1"])


@cache
def town() -> Town:
    """Built once a process."""
    return Town()


@cache
def trace_of(small: bool, apart: bool = False) -> Trace:
    """The steps and requests of a process in which nothing goes wrong."""
    trouble = Trouble()
    trouble.small, trouble.apart = small, apart
    return _played(0, trouble).trace


@cache
def ends_of(edit: str) -> tuple[State, ...]:
    """How both vendors may look in the end: as without any trouble.

    Where a user edits a record in mid-air: as if the edit had come before the first sync, or after it. Both are right:
    who owns a field depends on whether the two records were linked already, and an entry is posted once, as the order
    was then. An edit of what mirrors an invoice stands until that invoice is looked at, so it may be there or not.
    """
    ends = []
    if edit and EDITS[edit].mirror:
        ends.append(ends_of("")[0])
    if edit and EDITS[edit].early:
        ends.append(state_of(_played(0, Trouble(), first=EDITS[edit].make).town.home.twin))
    run = _played(0, Trouble())
    if edit:
        EDITS[edit].make(run.town.home.twin)
        with _quiet(run):
            asyncio.run(run.until_rest())
    return (*ends, state_of(run.town.home.twin))


def _played(seed: int, trouble: Trouble, first: Callable[[Any], None] | None = None) -> Run:
    run = Run(town(), seed, trouble)
    if first is not None:
        first(run.town.home.twin)
    with small_batches(trouble.small), _quiet(run):
        asyncio.run(_to_the_end(run))
    return run


async def _to_the_end(run: Run) -> None:
    await run.trouble.play(run)
    run.trace = deepcopy(run.lives[0].trace)
    run.converged = await run.until_rest()


def trouble_of(seed: int) -> tuple[str, Trouble]:
    """Kinds take turns; everything else comes out of the seed."""
    random = Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    small, apart = random.random() < 0.35, random.random() < 0.3
    trouble = KINDS[kind](random, trace_of(small, apart))
    trouble.small, trouble.apart = small, apart
    trouble.forgetful = trouble.forgetful or random.random() < 0.4
    trouble.stays = random.random() < 0.5
    return kind, trouble


def play(seed: int) -> Result:
    """One run, judged."""
    kind, trouble = trouble_of(seed)
    run = _played(seed, trouble)
    found = state_of(run.town.home.twin)
    _left_over(run)
    difference = compare(found, ends_of(trouble.edit))
    return Result(seed, kind, trouble.words(), difference, run.converged, run.wrong, run.story.text())


def _left_over(run: Run) -> None:
    store, connection = run.town.home.store, run.town.home.app.connection.id
    for hold in store.holds(connection):
        run.tell("end", f"held {hold.code}: {hold.flow} {hold.ref} {dict(hold.facts)}")
    for write in store.open_writes(connection):
        run.tell("end", f"still open: {write.write.action} {write.write.kind} {write.write.key}")


@contextmanager
def _quiet(run: Run) -> Iterator[None]:
    """Only what a decision could not take goes into the story; calls are there already."""
    before = structlog.get_config()

    def told(_logger: Any, level: str, event: structlog.typing.EventDict) -> str:
        run.tell("log", f"{level}: {event}")
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.processors.format_exc_info, told],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    try:
        yield
    finally:
        structlog.configure(**before)
