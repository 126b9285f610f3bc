"""The continuity of a source: what of its time is covered, and the holes in it. Pure; times are instants in UTC.

A source is a system; it is kept for each of its kinds. Since the first reading of a kind every instant is either in one
interval or in open holes, never in both: whoever claims an interval gets the part of it that no hole forbids, and
what lies between two intervals becomes a hole by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

import msgspec

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""From when a list of everything there is covers."""


class Cause(StrEnum):
    """Why a stretch of time is not covered."""

    GAP = "gap"
    DELETIONS = "deletions"
    FULL_FEED = "full feed"
    REFUSED = "refused"
    REPLAY_LOST = "replay lost"
    OVERFLOW = "overflow"
    UNNAMED = "unnamed changes"
    ALLOWANCE = "allowance"
    STREAM_DOWN = "stream down"

    @property
    def compares(self) -> bool:
        """Whether only a comparison of all ids closes it: deletions may be missing, which no list shows."""
        return self in (Cause.DELETIONS, Cause.FULL_FEED)

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        match self:
            case Cause.GAP:
                return "nobody listened in between"
            case Cause.DELETIONS:
                return "deletions may be missing: the feed does not reach back that far"
            case Cause.FULL_FEED:
                return "a feed was full to the last place: deletions may be missing"
            case Cause.REFUSED:
                return "the vendor refuses to list what changed"
            case Cause.REPLAY_LOST:
                return "the position in the event stream is no longer valid"
            case Cause.OVERFLOW:
                return "too many events at once: the vendor dropped them"
            case Cause.UNNAMED:
                return "an event said that something changed, and not what"
            case Cause.ALLOWANCE:
                return "the event stream was paused: the day's allowance of events is used up"
            case Cause.STREAM_DOWN:
                return "the event stream was down for too long"
        assert_never(self)


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of time, `until` excluded."""

    since: datetime
    until: datetime

    def holds(self, other: Span) -> bool:
        """Whether `other` lies in it."""
        return self.since <= other.since and other.until <= self.until

    def touches(self, other: Span) -> bool:
        """Whether nothing lies between the two."""
        return self.since <= other.until and other.since <= self.until


class Interval(msgspec.Struct, frozen=True, order=True):
    """A stretch that is covered without a break, and by which ways (`sweep`, `stream`, ...)."""

    span: Span
    ways: tuple[str, ...]


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a kind that is not covered. Holes that opened together have one `number`.

    Once it is closed, `proof` says what has closed it: a backfill, or a comparison of all ids.
    """

    number: int
    source: str
    kind: str
    span: Span
    cause: Cause
    opened_at: datetime
    closed_at: datetime | None = None
    proof: str = ""


class Line(msgspec.Struct, frozen=True):
    """The time of one kind: its intervals, and its open holes with their causes."""

    covered: tuple[Interval, ...] = ()
    holes: tuple[tuple[Span, Cause], ...] = ()

    def spans(self) -> list[Span]:
        """Everything that is told of, in order."""
        return sorted([interval.span for interval in self.covered] + [span for span, _ in self.holes])


def claimed(line: Line, span: Span, way: str) -> Line:
    """`span` was read without a break. A hole that lies in it is closed, unless it takes a comparison.

    A hole is closed whole or not at all, so of a span that does not hold all of one, that part is not covered.
    """
    if span.until <= span.since:
        return line
    holes = tuple((hole, cause) for hole, cause in line.holes if cause.compares or not span.holds(hole))
    pieces = without(span, (hole for hole, _ in holes))
    covered = joined([*line.covered, *(Interval(piece, (way,)) for piece in pieces)])
    return _whole(Line(covered, holes))


def opened(line: Line, span: Span, cause: Cause) -> Line:
    """`span` is not covered any more, whoever said so before. Holes of one cause that touch become one."""
    if span.until <= span.since:
        return line
    same = [hole for hole, why in line.holes if why is cause and hole.touches(span)]
    grown = Span(min([span, *same]).since, max(each.until for each in [span, *same]))
    others = [(hole, why) for hole, why in line.holes if hole not in same or why is not cause]
    covered = [Interval(piece, interval.ways) for interval in line.covered for piece in without(interval.span, [grown])]
    return _whole(Line(tuple(sorted(covered)), tuple(sorted([*others, (grown, cause)]))))


def missed(line: Line, span: Span, cause: Cause) -> Line:
    """`span` was read, and for this cause something of it may be missing: what nobody else has covered is a hole.

    Where only deletions may be missing, what changed was listed: holes that lie in it are of this cause now.
    """
    kept = [(hole, why) for hole, why in line.holes if not (cause.compares and not why.compares and span.holds(hole))]
    told = [interval.span for interval in line.covered] + [hole for hole, why in kept if why is not cause]
    line = Line(line.covered, tuple(kept))
    for piece in without(span, told) if span.since < span.until else []:
        line = opened(line, piece, cause)
    return line


def closed(line: Line, hole: tuple[Span, Cause], way: str) -> Line:
    """A hole was closed by `way`; what another open hole covers as well stays open there."""
    holes = tuple(other for other in line.holes if other != hole)
    pieces = without(hole[0], (span for span, _ in holes))
    return Line(joined([*line.covered, *(Interval(piece, (way,)) for piece in pieces)]), holes)


def gaps(line: Line) -> list[Span]:
    """Stretches that nothing is told of, between the first and the last that something is told of."""
    found, upto = [], None
    for span in line.spans():
        if upto is not None and span.since > upto:
            found.append(Span(upto, span.since))
        upto = span.until if upto is None else max(upto, span.until)
    return found


def _whole(line: Line) -> Line:
    """With a hole in each gap."""
    for gap in gaps(line):
        line = opened(line, gap, Cause.GAP)
    return line


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of `span` where all of `others` are taken away."""
    left = [span]
    for other in others:
        left = [piece for part in left for piece in _cut(part, other)]
    return left


def _cut(part: Span, other: Span) -> list[Span]:
    pieces = (Span(part.since, min(part.until, other.since)), Span(max(part.since, other.until), part.until))
    return [piece for piece in pieces if piece.since < piece.until]


def joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Those that touch become one, with the ways of all."""
    whole: list[Interval] = []
    for interval in sorted(intervals):
        if whole and whole[-1].span.touches(interval.span):
            last = whole.pop()
            until = max(last.span.until, interval.span.until)
            interval = Interval(Span(last.span.since, until), tuple(sorted({*last.ways, *interval.ways})))
        whole.append(interval)
    return tuple(whole)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading of a source says of its continuity, written with its position.

    Of each kind in `since` everything from there up to `upto` was read without a break, by `way`; of each in `missing`
    something may be missing in that time, for the cause named.
    """

    source: str
    since: Mapping[str, datetime]
    upto: datetime
    way: str
    missing: Mapping[str, Cause] = {}


def contradictions(line: Line) -> list[tuple[Span, Span]]:
    """Pairs of an interval with an interval or a hole that share time; none in a sound line."""
    spans = [interval.span for interval in line.covered]
    pairs = [*pairwise(spans), *((span, hole) for span in spans for hole, _ in line.holes)]
    return [(one, other) for one, other in pairs if one.since < other.until and other.since < one.until]


def horizon(lines: Sequence[Line]) -> datetime | None:
    """Up to when something is told of each of these; None where of one nothing is."""
    ends = [max((span.until for span in line.spans()), default=None) for line in lines]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None
