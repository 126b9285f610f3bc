"""The time of a kind is told without a break, and never in two ways that contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.continuity import (
    Cause,
    Interval,
    Line,
    Span,
    claimed,
    closed,
    contradictions,
    gaps,
    horizon,
    joined,
    missed,
    opened,
    without,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def span(since: int, until: int) -> Span:
    return Span(at(since), at(until))


def minute(when: datetime) -> int:
    return (when - NOON) // timedelta(minutes=1)


def covered(line: Line) -> list[tuple[int, int]]:
    return [(minute(interval.span.since), minute(interval.span.until)) for interval in line.covered]


def holes(line: Line) -> list[tuple[int, int, str]]:
    return [(minute(hole.since), minute(hole.until), cause.value) for hole, cause in line.holes]


SWEPT = claimed(Line(), span(0, 15), "sweep")


@pytest.mark.parametrize(
    ("line", "intervals", "open_"),
    [
        (claimed(SWEPT, span(10, 30), "sweep"), [(0, 30)], []),
        # Nobody says why it was silent from 15 to 20: it is a hole all the same.
        (claimed(SWEPT, span(20, 30), "sweep"), [(0, 15), (20, 30)], [(15, 20, "gap")]),
        (claimed(claimed(SWEPT, span(20, 30), "sweep"), span(15, 40), "stream"), [(0, 40)], []),
        # Of a hole the half only was read: it stays whole, and that half is not covered.
        (claimed(claimed(SWEPT, span(20, 30), "sweep"), span(17, 40), "stream"), [(0, 15), (20, 40)],
         [(15, 20, "gap")]),
        # The stream finds out that it lost what it has said it covered.
        (opened(SWEPT, span(5, 10), Cause.OVERFLOW), [(0, 5), (10, 15)], [(5, 10, "overflow")]),
        (opened(SWEPT, span(20, 30), Cause.REPLAY_LOST), [(0, 15)], [(15, 20, "gap"), (20, 30, "replay lost")]),
        # What lasts is one hole that grows.
        (opened(opened(SWEPT, span(15, 30), Cause.REFUSED), span(15, 45), Cause.REFUSED), [(0, 15)],
         [(15, 45, "refused")]),
        # A list does not show what was deleted: reading it does not close such a hole.
        (claimed(missed(SWEPT, span(10, 60), Cause.DELETIONS), span(10, 75), "sweep"), [(0, 15), (60, 75)],
         [(15, 60, "deletions")]),
        # A stream has heard of the deletions that a full list may have hidden.
        (missed(claimed(SWEPT, span(15, 60), "stream"), span(10, 60), Cause.FULL_FEED), [(0, 60)], []),
        # What changed in a gap is listed now; what was deleted in it is not.
        (missed(claimed(SWEPT, span(20, 30), "sweep"), span(10, 40), Cause.DELETIONS), [(0, 15), (20, 30)],
         [(15, 20, "deletions"), (30, 40, "deletions")]),
        # What is not listed at all closes nothing.
        (missed(claimed(SWEPT, span(20, 30), "sweep"), span(10, 40), Cause.REFUSED), [(0, 15), (20, 30)],
         [(15, 20, "gap"), (30, 40, "refused")]),
    ],
)  # fmt: skip
def test_what_a_reading_makes_of_the_line(
    line: Line, intervals: list[tuple[int, int]], open_: list[tuple[int, int, str]]
) -> None:
    assert (covered(line), holes(line)) == (intervals, open_)


def test_a_closed_hole_is_covered_except_where_another_is_open() -> None:
    line = opened(opened(SWEPT, span(2, 8), Cause.DELETIONS), span(6, 12), Cause.OVERFLOW)
    line = closed(line, (span(2, 8), Cause.DELETIONS), "comparison")
    assert (covered(line), holes(line)) == ([(0, 6), (12, 15)], [(6, 12, "overflow")])
    assert line.covered[0].ways == ("comparison", "sweep")


def test_the_least_of_several_kinds_says_up_to_when() -> None:
    other = claimed(Line(), span(0, 9), "sweep")
    assert horizon([SWEPT, other]) == at(9)
    assert horizon([SWEPT, Line()]) is None
    assert horizon([]) is None


def test_intervals_that_touch_are_one() -> None:
    pieces = [Interval(span(5, 9), ("b",)), Interval(span(0, 5), ("a",)), Interval(span(10, 11), ("a",))]
    assert joined(pieces) == (Interval(span(0, 9), ("a", "b")), Interval(span(10, 11), ("a",)))
    assert without(span(0, 10), [span(2, 3), span(9, 20)]) == [span(0, 2), span(3, 9)]


def test_every_cause_has_words() -> None:
    assert len({cause.sentence for cause in Cause}) == len(Cause)
    assert [cause for cause in Cause if cause.compares] == [Cause.DELETIONS, Cause.FULL_FEED]


TIMES = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: span(*pair))
STEPS = st.tuples(st.sampled_from(["claim", "miss", "open", "close"]), TIMES, st.sampled_from(list(Cause)))


@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_all_time_is_told_of_once(steps: list[tuple[str, Span, Cause]]) -> None:
    line, told = Line(), set[int]()
    for what, stretch, cause in steps:
        match what:
            case "claim":
                line = claimed(line, stretch, "sweep")
            case "miss":
                line = missed(line, stretch, cause)
            case "open":
                line = opened(line, stretch, cause)
            case _ if line.holes:
                line = closed(line, line.holes[0], "comparison")
        told |= {when for when in range(61) if what != "close" and stretch.since <= at(when) < stretch.until}
        spans = line.spans()
        assert not contradictions(line)
        assert not gaps(line)
        assert all(any(each.since <= at(when) < each.until for each in spans) for when in told)
