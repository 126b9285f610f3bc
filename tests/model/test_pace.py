"""The pace of calls: sliding windows, places, and the rest that a vendor wants. Instants are milliseconds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.pace import (
    LONGEST_BLOCK,
    LONGEST_CALL,
    LOOK_AGAIN,
    Limits,
    Pace,
    Quota,
    begun,
    ended,
    held_back,
    place_of,
    seen,
    wait,
)

NOON = 1_763_812_800_000
LIMITS = Limits(
    quotas={"calls": (Quota(20, 10_000), Quota(5, 1_000)), "batches": (Quota(3, 10_000),)},
    lanes={"read": ("calls",), "batch": ("calls", "batches"), "free": ()},
    at_once=100,
)
FEW = Limits(lanes={"read": ()}, at_once=2)


def busiest(starts: list[int], span: int) -> int:
    return max((sum(start <= each < start + span for each in starts) for start in starts), default=0)


@given(st.lists(st.tuples(st.integers(0, 700), st.sampled_from(["read", "read", "batch", "free"])), max_size=120))
def test_no_stretch_of_time_sees_more_starts_than_allowed(calls: list[tuple[int, str]]) -> None:
    pace, now, starts = Pace(), NOON, Counter[tuple[int, str]]()
    for gap, kind in calls:
        now += gap
        pace = seen(pace, LIMITS, now)
        while length := wait(pace, LIMITS, kind, now):
            now += length
            pace = seen(pace, LIMITS, now)
        pace = ended(begun(pace, LIMITS, kind, now), place_of(now))
        starts[now, kind] += 1

    counted = [at for (at, kind), many in starts.items() for _ in range(many) if kind != "free"]
    assert busiest(counted, 1_000) <= 5
    assert busiest(counted, 10_000) <= 20
    assert busiest([at for (at, kind), many in starts.items() for _ in range(many) if kind == "batch"], 10_000) <= 3
    assert sum(map(len, pace.starts.values())) <= 23, "nothing is kept that does not count any more"


@pytest.mark.parametrize(
    ("starts", "kind", "expected"),
    [
        ([], "read", 0),
        ([0, 0, 0, 0], "read", 0),
        ([0, 0, 0, 0, 0], "read", 700),
        ([-800, 0, 0, 0, 0], "read", 0),
        ([-700, 0, 0, 0, 0], "read", 0),
        ([-699, 0, 0, 0, 0], "read", 1),
        ([0, 0, 0, 0, 0], "free", 0),
    ],
)
def test_who_is_one_too_many_waits_until_the_first_is_a_second_old(starts: list[int], kind: str, expected: int) -> None:
    now = NOON + 300
    pace = seen(Pace({"calls": [NOON + start for start in starts]}), LIMITS, now)

    assert wait(pace, LIMITS, kind, now) == expected


def test_when_all_places_are_taken_it_is_looked_again_soon() -> None:
    one = begun(seen(Pace(), FEW, NOON), FEW, "read", NOON)
    both = begun(one, FEW, "read", NOON + 5)

    assert wait(one, FEW, "read", NOON + 5) == 0
    assert wait(both, FEW, "read", NOON + 10) == LOOK_AGAIN
    assert wait(ended(both, place_of(NOON)), FEW, "read", NOON + 10) == 0


def test_the_place_of_a_killed_process_comes_back_by_itself() -> None:
    taken = begun(begun(seen(Pace(), FEW, NOON), FEW, "read", NOON), FEW, "read", NOON)
    last = NOON + LONGEST_CALL - 1

    assert wait(seen(taken, FEW, last), FEW, "read", last) == 1
    assert wait(seen(taken, FEW, last + 1), FEW, "read", last + 1) == 0


def test_a_place_that_came_back_by_itself_is_not_given_back_twice() -> None:
    """A process that slept through the end of its place takes none from another."""
    others = Pace(under_way=[place_of(NOON + 1)])

    assert ended(others, place_of(NOON)) == others


def test_of_two_places_of_the_same_instant_one_is_given_back() -> None:
    assert list(ended(Pace(under_way=[place_of(NOON)] * 2), place_of(NOON)).under_way) == [place_of(NOON)]


def test_rest_holds_for_all_kinds_and_is_only_made_longer() -> None:
    pace = held_back(held_back(seen(Pace(), LIMITS, NOON), NOON + 9_000), NOON + 2_000)

    assert [wait(pace, LIMITS, kind, NOON + 1_000) for kind in ("read", "batch", "free")] == [8_000] * 3
    assert wait(seen(pace, LIMITS, NOON + 9_000), LIMITS, "read", NOON + 9_000) == 0


def test_what_a_clock_that_was_set_back_has_put_down_holds_nobody_for_long() -> None:
    """Starts of tomorrow count as of now; places and rest of tomorrow do not outlast their longest."""
    tomorrow = NOON + 86_400_000
    pace = Pace({"calls": [tomorrow] * 5}, [tomorrow + LONGEST_CALL] * 100, tomorrow)
    pace = seen(pace, LIMITS, NOON)

    assert pace == Pace({"calls": [NOON] * 5, "batches": []}, [], NOON + LONGEST_BLOCK)
    assert wait(Pace(pace.starts), LIMITS, "read", NOON) == 1_000
