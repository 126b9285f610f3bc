"""Every safeguard is needed: without it records are lost or doubled, with it the same run is good."""

from __future__ import annotations

import pytest

from .runs import place
from .safeguards import SAFEGUARDS, missed, out


@pytest.mark.parametrize("name", SAFEGUARDS)
def test_without_it_something_is_lost_or_doubled(name: str) -> None:
    result = missed(place(), name)
    print(f"without {name}: {result.report()}")  # noqa: T201 - the story of how it came about
    wrong = result.difference.doubled if SAFEGUARDS[name].missed == "doubled" else result.difference.lost
    assert wrong, result.report()
    assert "instead of" in wrong[0] or " is " in wrong[0]
    assert not [each for each in result.wrong if "it broke" in each], result.report()


LAST_LINE = "the unique index of made records"


@pytest.mark.parametrize("name", [name for name in SAFEGUARDS if name != LAST_LINE])
def test_with_it_the_same_run_is_good(name: str) -> None:
    case = SAFEGUARDS[name].case(place())
    with out(SAFEGUARDS[name].besides()):
        result = place().play(case)
    assert result.good, result.report()
    assert not result.missed


def test_the_unique_index_is_the_last_line_where_the_fencing_token_fails() -> None:
    case = SAFEGUARDS[LAST_LINE].case(place())
    with out(SAFEGUARDS[LAST_LINE].besides()):
        result = place().play(case)
    assert not result.difference.doubled, result.report()
    assert not result.difference.lost, result.report()
    assert any("UNIQUE" in each for each in result.wrong)
