"""A run as a value: what the connector is at work on, how it is run, and which faults strike it. All from one seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

import msgspec

from .edits import EDITS
from .faults import FAULTS, Strike
from .ills import Befallen, choices
from .life import Event, Manner
from .situations import SITUATIONS


class Case(msgspec.Struct, frozen=True):
    """`situation` says which records the case may be about, `acts` which of them it is about."""

    seed: int
    situation: str
    acts: tuple[str, ...]
    manner: Manner = Manner()
    strikes: tuple[Strike, ...] = ()
    recipe: str = ""

    @property
    def edit(self) -> str:
        """The edit that belongs to it; at most one does."""
        return next((strike.arg for strike in self.strikes if strike.fault == "edit"), "")

    def words(self, events: Sequence[Event], named: Callable[[str], str]) -> str:
        """The faults in a sentence; `events` are those of a run without any, `named` says what a request writes."""
        told = [f"{FAULTS[each.fault].words(each)}, {_where(each, events, named)}" for each in self.strikes]
        more = self.manner.words()
        return "; ".join(told or ["nothing"]) + (f" ({', '.join(more)})" if more else "")


def _where(strike: Strike, events: Sequence[Event], named: Callable[[str], str]) -> str:
    if strike.life > 1 or strike.place > len(events):
        return f"at step {strike.place} of process {strike.life}"
    return f"at step {strike.place}, {events[strike.place - 1].words(named)}"


class Setting(msgspec.Struct, frozen=True):
    """What a recipe chooses from."""

    random: Random
    events: Sequence[Event]
    edits: Sequence[str]
    ills: Sequence[Befallen]

    def any(self) -> int:
        return self.random.randint(1, len(self.events))

    def places(self, *names: str) -> list[int]:
        return [place for place, event in enumerate(self.events, 1) if event.what in names]

    def write(self) -> int:
        """A request that writes, mostly; else any request."""
        if self.random.random() < 0.75:
            return self.random.choice(self.places("writing"))
        return self.random.choice([place for place, event in enumerate(self.events, 1) if event.vendor])

    def near(self, edit: str) -> int:
        """Shortly before a write that the edit concerns, mostly; else anywhere."""
        events = self.events
        places = [place for place, event in enumerate(events, 1) if EDITS[edit].touches(event.items)]
        if places and self.random.random() < 0.7:
            return max(1, self.random.choice(places) - self.random.choice((0, 0, 0, 1, 2, 4)))
        return self.any()


Recipe = Callable[[Setting], tuple[Strike, ...]]


def _on_a_write(fault: str) -> Recipe:
    def recipe(at: Setting) -> tuple[Strike, ...]:
        return (Strike(fault, place=at.write(), arg=FAULTS[fault].variety(at.random)),)

    return recipe


def _anywhere(fault: str) -> Recipe:
    def recipe(at: Setting) -> tuple[Strike, ...]:
        return (Strike(fault, place=at.any(), arg=FAULTS[fault].variety(at.random)),)

    return recipe


def _killed(at: Setting) -> tuple[Strike, ...]:
    first = Strike("kill", place=at.any())
    return (first, Strike("kill", 2, at.any())) if at.random.random() < 0.4 else (first,)


def _killed_on_the_line(at: Setting) -> tuple[Strike, ...]:
    return (Strike("kill", place=at.random.choice(at.places("writing", "writing done", "writing done"))),)


def _half_refused(at: Setting) -> tuple[Strike, ...]:
    writes = at.places("writing")
    several = [place for place in writes if ", " in at.events[place - 1].items]
    return (Strike("half refused", place=at.random.choice(several or writes)),)


def _edited(at: Setting) -> tuple[Strike, ...]:
    edit = at.random.choice(at.edits)
    return (Strike("edit", place=at.near(edit), arg=edit),)


def _edited_meanwhile(at: Setting) -> tuple[Strike, ...]:
    """Killed while a write is out; before the next process starts a user edits a record."""
    edit = at.random.choice(at.edits)
    places = at.places("writing", "writing done")
    near = [place for place in places if EDITS[edit].touches(at.events[place - 1].items)]
    return (Strike("kill", place=at.random.choice(near or places)), Strike("edit", 2, 1, edit))


def _late_and_edited(at: Setting) -> tuple[Strike, ...]:
    edit = at.random.choice(at.edits)
    places = at.places("writing")
    place = at.random.choice([each for each in places if EDITS[edit].touches(at.events[each - 1].items)] or places)
    return (Strike("late", place=place, arg=str(at.random.randint(1, 580))), Strike("edit", 1, place + 1, edit))


def _restored(at: Setting) -> tuple[Strike, ...]:
    taken = at.any()
    return (Strike("backup", place=taken), Strike("restored", place=at.random.randint(taken, len(at.events))))


_MIXED = ("kill", "lost after", "timeout", "5xx", "429", "knocks", "late", "unreadable", "half refused", "sign-in")


def _several(at: Setting) -> tuple[Strike, ...]:
    found = []
    for life in (1, 1, 2, 2)[: at.random.randint(2, 4)]:
        fault = at.random.choice(_MIXED)
        place = at.write() if FAULTS[fault].on_request else at.any()
        found.append(Strike(fault, life, place, FAULTS[fault].variety(at.random)))
    return tuple(found)


def _ill(at: Setting) -> tuple[Strike, ...]:
    """A vendor does not answer for a record, or does not take it; half of the time the process is killed meanwhile."""
    place = at.random.choice((1, 1, 1, at.any()))
    ill = Strike("ill", place=place, arg=at.random.choice(at.ills).arg)
    return (ill, *(_killed(at) if at.random.random() < 0.5 else ()))


RECIPES: Mapping[str, Recipe] = {
    "killed": _killed,
    "killed on the line": _killed_on_the_line,
    "lost before": _on_a_write("lost before"),
    "lost after": _on_a_write("lost after"),
    "timeout": _on_a_write("timeout"),
    "429": _on_a_write("429"),
    "5xx": _on_a_write("5xx"),
    "200 with fault": _on_a_write("200 with fault"),
    "unreadable": _on_a_write("unreadable"),
    "half refused": _half_refused,
    "edited": _edited,
    "edited meanwhile": _edited_meanwhile,
    "second worker": _anywhere("second worker"),
    "frozen": _anywhere("frozen"),
    "forgotten": _on_a_write("forgotten"),
    "knocks": _anywhere("knocks"),
    "restored": _restored,
    "late": _on_a_write("late"),
    "late and edited": _late_and_edited,
    "away": _anywhere("away"),
    "clock jump": _anywhere("clock jump"),
    "time passes": _anywhere("time passes"),
    "sign-in": _anywhere("sign-in"),
    "several": _several,
    "ill": _ill,
}


def case_of(seed: int, events_of: Callable[[str, tuple[str, ...], bool], Sequence[Event]]) -> Case:
    """Recipes take turns; everything else comes out of the seed."""
    random = Random(seed)
    recipe = list(RECIPES)[seed % len(RECIPES)]
    situation = "first sync" if random.random() < 0.1 else random.choice(list(SITUATIONS))
    acts = SITUATIONS[situation].acts
    manner = Manner(random.random() < 0.3, random.random() < 0.4, random.random() < 0.5)
    events = events_of(situation, acts, manner.small)
    ills = choices(situation, acts)
    strikes = RECIPES[recipe](Setting(random, events, SITUATIONS[situation].edits, ills))
    return Case(seed, situation, acts, manner, strikes, recipe)
