"""The shortest story that still fails: fewer faults, fewer records, plainer manners, earlier faults."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from .acts import needs
from .cases import Case
from .life import Manner
from .runs import Place, Result
from .situations import SITUATIONS

TRIES = 60
"""So many runs at most; shrinking is for people, who wait."""


def shrunk(place: Place, failed: Result, *, tries: int = TRIES) -> Result:
    """A smaller case that fails as well, in any way; the given one if there is none."""
    left = tries
    best, better = failed, True
    while better and left > 0:
        better = False
        for candidate in _smaller(best.case):
            left -= 1
            result = _played(place, candidate)
            if result is not None and not result.good:
                best, better = result, True
                break
            if left <= 0:
                break
    return best


def _played(place: Place, case: Case) -> Result | None:
    """None where the case makes no sense: an edit of a record that is not there."""
    try:
        return place.play(case)
    except (StopIteration, KeyError):
        return None


def _smaller(case: Case) -> Iterator[Case]:
    """Candidates, the biggest step first."""
    yield from _other_situation(case)
    yield from _fewer_strikes(case)
    yield from _fewer_acts(case)
    yield from _plainer(case)
    yield from _earlier(case)


def _with(case: Case, **changes: object) -> Case:
    return msgspec.structs.replace(case, **changes)


def _other_situation(case: Case) -> Iterator[Case]:
    """From the first sync of a whole company to a piece of news: the same faults near the first write."""
    if case.situation != "first sync":
        return
    for name, situation in SITUATIONS.items():
        if len(situation.acts) == 1 and not case.edit:
            for place in (60, 45, 30):
                moved = tuple(msgspec.structs.replace(each, place=min(each.place, place)) for each in case.strikes)
                yield _with(case, situation=name, acts=situation.acts, strikes=moved)


def _fewer_strikes(case: Case) -> Iterator[Case]:
    for place in range(len(case.strikes)):
        if len(case.strikes) > 1:
            yield _with(case, strikes=case.strikes[:place] + case.strikes[place + 1 :])


def _fewer_acts(case: Case) -> Iterator[Case]:
    for act in case.acts:
        left = tuple(each for each in case.acts if each != act and act not in needs(each))
        if left:
            yield _with(case, acts=left)


def _plainer(case: Case) -> Iterator[Case]:
    for name in Manner.__struct_fields__:
        plain = getattr(Manner(), name)
        if getattr(case.manner, name) != plain:
            yield _with(case, manner=msgspec.structs.replace(case.manner, **{name: plain}))


def _earlier(case: Case) -> Iterator[Case]:
    for number, strike in enumerate(case.strikes):
        for place in dict.fromkeys((1, strike.place // 2, strike.place - 5, strike.place - 1)):
            if 0 < place < strike.place:
                moved = msgspec.structs.replace(strike, place=place)
                yield _with(case, strikes=(*case.strikes[:number], moved, *case.strikes[number + 1 :]))
