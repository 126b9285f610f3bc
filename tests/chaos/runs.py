"""From a case to a verdict: what came out, and what it is compared with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
import structlog

from .acts import done
from .books import Difference, State, compare, state_of
from .cases import Case, case_of
from .edits import EDITS
from .faults import Strike
from .life import Event, Manner, Run
from .shortcuts import settled, shortcuts
from .testbed import Moment, Testbed, small_batches

AFTER = 26 * 60
"""Minutes between the first sync and the news: access tokens have expired, the refresh token is due for a new one."""
ECHO = "echo"
"""A situation without news: the sweep tells of what the first sync wrote, which else each run would begin with."""
UNTIL_HEARD = timedelta(minutes=20)
"""From the news to the first round: longer than a sweep looks back beyond its position."""


class Result(msgspec.Struct):
    """What became of one run. `told` is its story, `full` the same with every step, for those who must mend it."""

    case: Case
    story: str
    difference: Difference
    converged: bool
    wrong: list[str]
    told: str
    full: str
    missed: tuple[Strike, ...] = ()
    """Strikes whose moment never came."""

    @property
    def good(self) -> bool:
        return self.converged and not (self.difference.lost or self.difference.doubled or self.wrong)

    def verdict(self) -> list[str]:
        return [
            *(f"LOST     {each}" for each in self.difference.lost),
            *(f"DOUBLED  {each}" for each in self.difference.doubled),
            *(f"WRONG    {each}" for each in self.wrong),
            *["NOT CONVERGED  it never came to rest"] * (not self.converged),
        ]

    def report(self, *, full: bool = False) -> str:
        """Everything about a run."""
        head = f"{self.case.situation}: {self.story}"
        return "\n".join([head, self.full if full else self.told, *(self.verdict() or ["GOOD"])])


class Place:
    """A testbed with what is known about it: its moments, and its runs in which nothing goes wrong.

    What such runs do and how they end is the same on every database, so that it is found out in memory only.
    """

    def __init__(self, url: str = "sqlite://") -> None:
        self.in_memory = url == "sqlite://"
        self.testbed = Testbed(url)
        knows: Place = self if self.in_memory else place()
        self.events_of: Callable[[str, tuple[str, ...], bool], Sequence[Event]]
        self.ends_of: Callable[[str, tuple[str, ...], str], tuple[State, ...]]
        self.recovery_of: Callable[[str, tuple[str, ...], Strike], Sequence[Event]]
        if knows is self:
            self.events_of, self.ends_of = cache(self._events_of), cache(self._ends_of)
            self.recovery_of = cache(self._recovery_of)
        else:
            self.events_of, self.ends_of, self.recovery_of = knows.events_of, knows.ends_of, knows.recovery_of
        settled()

    def play(self, case: Case) -> Result:
        """One run, judged."""
        run = self._run(case)
        found = state_of(self.testbed.home.emulation)
        _left_over(run)
        loose = EDITS[case.edit].loose if case.edit else ""
        ends = self.ends_of(case.situation, case.acts, case.edit)
        if run.affliction is not None:
            run.wrong += run.affliction.wrong(ends, loose)
            loose = run.affliction.loose or loose
        difference = compare(found, ends, loose)
        events = self.events_of(case.situation, case.acts, case.manner.small)
        story, full = run.story.text(), run.story.text(full=True)
        missed = tuple(strike for strike in case.strikes if strike not in run.fallen)
        words = case.words(events, run.story.named)
        return Result(case, words, difference, run.converged, run.wrong, story, full, missed)

    def play_seed(self, seed: int) -> Result:
        return self.play(case_of(seed, self.events_of))

    def moment(self, situation: str) -> Moment:
        """Where a situation begins: with the first sync, or a day after it, when its echo has been heard too."""
        if situation == ECHO:
            return self._in_step()
        return self.testbed.start if situation == "first sync" else self._a_day_later()

    @cache  # noqa: B019 - a place lives as long as its process
    def _in_step(self) -> Moment:
        self._good(Case(0, "first sync", ()))
        return self.testbed.moment()

    @cache  # noqa: B019 - a place lives as long as its process
    def _a_day_later(self) -> Moment:
        self._good(Case(0, ECHO, ()))
        self.testbed.home.clock.advance(timedelta(minutes=AFTER))
        self.testbed.webhooks_on()
        return self.testbed.moment()

    def _good(self, case: Case, *, first: str = "", last: str = "") -> Run:
        """A run in which nothing goes wrong, as it must be."""
        run = self._run(case, first=first, last=last)
        assert run.converged, run.story.text()
        assert not run.wrong, run.story.text()
        return run

    def _run(self, case: Case, *, first: str = "", last: str = "") -> Run:
        """`first`: an edit before anything is done; `last`: one when all is at rest."""
        chance = f"{case.situation} {case.seed}"  # other texts than the moment has used up already
        run = Run(self.testbed, self.moment(case.situation), chance, case.manner, case.strikes)
        done(self.testbed.home.emulation, case.acts)
        if first:
            EDITS[first].make(self.testbed.home.emulation)
        self.testbed.home.clock.advance(UNTIL_HEARD)
        run.story.begin(run.now())
        cheap = shortcuts(pace_in_memory=self.in_memory)
        with cheap, small_batches(case.manner.small), self.testbed.refusals(), _quiet(run):
            asyncio.run(_to_rest(run, last))
        return run

    @cache  # noqa: B019 - a place lives as long as its process
    def _plain(self, situation: str, acts: tuple[str, ...], small: bool) -> tuple[Sequence[Event], State]:
        """What happens in a process when nothing goes wrong, and how both vendors end; `small`: with batches of two."""
        run = self._good(Case(0, situation, acts, Manner(small=small)))
        return tuple(run.lives[0].events), state_of(self.testbed.home.emulation)

    def _events_of(self, situation: str, acts: tuple[str, ...], small: bool) -> Sequence[Event]:
        return self._plain(situation, acts, small)[0]

    def _recovery_of(self, situation: str, acts: tuple[str, ...], killed: Strike) -> Sequence[Event]:
        """What happens in the process that comes after one that was killed."""
        return tuple(self._run(Case(0, situation, acts, strikes=(killed,))).lives[1].events)

    def _ends_of(self, situation: str, acts: tuple[str, ...], edit: str) -> tuple[State, ...]:
        """How both vendors may look in the end: as without any fault.

        Where a user edits a record in mid-air: as if the edit had come before the first request, or after the last.
        Both are right: who owns a field depends on whether the two records were linked already, and an entry is posted
        once, as the order was then. An edit of what mirrors an invoice stands until that invoice is looked at, so it
        may be there or not.
        """
        plain = Case(0, situation, acts)
        if not edit:
            return (self._plain(situation, acts, False)[1],)
        ends = [self._end(plain, last=edit)]
        if EDITS[edit].early:
            ends.insert(0, self._end(plain, first=edit))
        if EDITS[edit].mirror:
            ends.insert(0, self._plain(situation, acts, False)[1])
        return tuple(ends)

    def _end(self, case: Case, *, first: str = "", last: str = "") -> State:
        self._good(case, first=first, last=last)
        return state_of(self.testbed.home.emulation)


async def _to_rest(run: Run, last: str) -> None:
    await run.play()
    if last:
        run.undone.append(last)
        run.converged = False
        await run.play()


@cache
def place(url: str = "sqlite://") -> Place:
    """Built once a process and database."""
    return Place(url)


def _left_over(run: Run) -> None:
    store, connection = run.testbed.home.store, run.testbed.connection
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
