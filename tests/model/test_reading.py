"""Questions without a usable answer are halved until the bad ones stand alone, within a bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import BadAnswer, ReadRefused
from ml_connector.model.reading import HALVINGS, MOST, apart


class Vendor:
    """Refuses every question that has a bad name in it."""

    def __init__(self, bad: set[str], *, readable: bool = True) -> None:
        self.bad = bad
        self.error = ReadRefused("No.", "Again.") if readable else BadAnswer("What?", "Again.")
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, names: Sequence[str]) -> dict[str, Any]:
        self.asked.append(tuple(names))
        if self.bad.intersection(names):
            raise self.error
        return dict.fromkeys(names, "here")


def _names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


@given(st.integers(1, 30).flatmap(lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1), max_size=5))))
async def test_the_bad_stand_alone_and_nothing_is_asked_twice(case: tuple[int, set[int]]) -> None:
    size, places = case
    bad = {str(place) for place in places}
    vendor = Vendor(bad)
    found, errors = await apart(vendor, _names(size))
    assert set(errors) == bad
    assert set(found) == set(_names(size)) - bad
    assert len(vendor.asked) == len(set(vendor.asked))


@pytest.mark.parametrize("places", [range(0, 1000, 50), range(20), [999]])
async def test_many_bad_ones_among_good_ones_do_not_stop_the_others(places: Sequence[int]) -> None:
    bad = {str(place) for place in places}
    found, errors = await apart(Vendor(bad), _names(1000))
    assert (set(errors), len(found)) == (bad, 1000 - len(bad))


async def test_a_vendor_that_refuses_everything_is_not_asked_a_thousand_times() -> None:
    names = _names(1000)
    vendor = Vendor(set(names))
    found, errors = await apart(vendor, names)
    assert (found, set(errors)) == ({}, set(names))
    assert len(vendor.asked) == HALVINGS + 1


async def test_more_bad_ones_than_can_be_told_apart_are_left_for_later() -> None:
    bad = set(_names(1000)[::2])
    vendor = Vendor(bad)
    found, errors = await apart(vendor, _names(1000))
    assert set(found) | set(errors) == set(_names(1000))
    assert not bad.intersection(found)
    assert len(vendor.asked) <= 2 * MOST + 20


async def test_a_vendor_of_whom_nothing_can_be_read_is_not_asked_a_thousand_times() -> None:
    names = _names(1000)
    vendor = Vendor(set(names), readable=False)
    found, errors = await apart(vendor, names)
    assert (found, set(errors)) == ({}, set(names))
    assert len(vendor.asked) == HALVINGS + 1


async def test_what_was_asked_already_is_not_asked_again_as_a_whole() -> None:
    vendor = Vendor({"1"})
    _, errors = await apart(vendor, _names(4), ReadRefused("No.", "Again."))
    assert set(errors) == {"1"}
    assert tuple(_names(4)) not in vendor.asked
