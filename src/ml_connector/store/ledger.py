"""The continuity ledger: what is covered of each kind of a source, and its holes, with cause and proof.

The rules are pure and stand in `model/continuity.py`; here they are read, applied and written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from ml_connector.model.continuity import Cause, Claim, Hole, Interval, Line, Span, claimed, closed, missed, opened

from . import schema
from .audit import Audit, Recording
from .base import lock
from .database import instant, ms, upsert
from .rows import Comparison
from .stored import cause_of

ACTOR = "ml-connector"
OVERLAP = timedelta(minutes=5)
"""By how much each sweep overlaps the one before at least."""
_cover, _hole = schema.coverage, schema.hole
_KEY = ("connection", "source", "kind", "from_at")
_COVERED = select(_cover).where(_cover.c.connection == bindparam("p_connection"))
_COVERED_OF = _COVERED.where(_cover.c.source == bindparam("p_source")).order_by(_cover.c.from_at)
_UNCOVER = delete(_cover).where(*(_cover.c[name] == bindparam(f"p_{name}") for name in _KEY))
_HOLES = select(_hole).where(_hole.c.connection == bindparam("p_connection")).order_by(_hole.c.number, _hole.c.kind)
_OPEN = _HOLES.where(_hole.c.closed_at == 0)
_OPEN_OF = _OPEN.where(_hole.c.source == bindparam("p_source"))
_LAST = select(func.max(_hole.c.number)).where(_hole.c.connection == bindparam("p_connection"))
_Holes = dict[tuple[Span, Cause], int]


class Ledger(Audit):
    """Who reads a source claims what it has covered, and opens a hole where something may be missing."""

    def claim(self, connection: str, claim: Claim, now: datetime) -> None:
        """A reading that moves no position of a source: a bounded backfill, a keep-alive."""
        with self.recording() as recording:
            lock(recording.tx, connection)
            note_claim(recording, connection, claim, now)

    def open_hole(
        self, connection: str, source: str, kinds: Iterable[str], span: Span, cause: Cause, now: datetime
    ) -> int:
        """`span` is not covered for these kinds, whoever said so before. The number of the hole.

        One of the same cause that it touches grows, and keeps its number; 0 where `span` or `kinds` is empty.
        """
        with self.recording() as recording:
            lock(recording.tx, connection)
            pen = _Pen(recording, connection, source, now)
            numbers = [pen.open(kind, span, cause) for kind in kinds]
            pen.put_down()
            return min(numbers, default=0)

    def close_hole(self, connection: str, number: int, way: str, proof: str, now: datetime) -> bool:
        """The hole was read again, or compared, as `proof` says. False where it is not open (any more)."""
        with self.recording() as recording:
            lock(recording.tx, connection)
            holes = [hole for hole in _holes(recording.tx, _OPEN, connection) if hole.number == number]
            close_holes(recording, connection, holes, way, proof, now)
            return bool(holes)

    def open_holes(self, connection: str) -> list[Hole]:
        """The holes that are open, by number and kind."""
        with self.begin() as tx:
            return _holes(tx, _OPEN, connection)

    def all_holes(self, connection: str) -> list[Hole]:
        """Every hole there ever was."""
        with self.begin() as tx:
            return _holes(tx, _HOLES, connection)

    def lines(self, connection: str) -> dict[tuple[str, str], Line]:
        """What is told of the time of each kind, by source and kind."""
        covered: dict[tuple[str, str], list[Interval]] = {}
        holes: dict[tuple[str, str], list[tuple[Span, Cause]]] = {}
        with self.begin() as tx:
            for row in tx.execute(_COVERED.order_by(_cover.c.from_at), {"p_connection": connection}):
                covered.setdefault((row.source, row.kind), []).append(_interval(row))
            for hole in _holes(tx, _OPEN, connection):
                holes.setdefault((hole.source, hole.kind), []).append((hole.span, hole.cause))
        names = sorted(name for name in {*covered, *holes} if name[1])
        return {name: Line(tuple(covered.get(name, ())), tuple(sorted(holes.get(name, ())))) for name in names}


def note_claim(recording: Recording, connection: str, claim: Claim, now: datetime) -> None:
    """Write what a reading says of its continuity. The transaction has locked the connection."""
    pen = _Pen(recording, connection, claim.source, now)
    for kind, since in claim.since.items():
        span = Span(_at(since), _at(claim.upto))
        pen.claim(kind, span, claim.way, claim.missing.get(kind))
    pen.put_down()


def close_holes(
    recording: Recording, connection: str, holes: Sequence[Hole], way: str, proof: str, now: datetime
) -> None:
    """Close these open holes, each for its own kind. The transaction has locked the connection."""
    for source in dict.fromkeys(hole.source for hole in holes):
        pen = _Pen(recording, connection, source, now)
        for hole in holes:
            if hole.source == source:
                pen.close(hole, way, proof)
        pen.put_down()


def close_compared(recording: Recording, connection: str, row: Comparison, now: datetime) -> None:
    """A comparison of a kind has come to its end: the holes that it was for are closed by it.

    Deletions of the last minutes before it began are heard of again, because sweeps overlap by as much.
    """
    begun = row.begun_at or now
    holes = [
        hole for hole in _holes(recording.tx, _OPEN, connection) if (hole.source, hole.kind) == (row.system, row.kind)
    ]
    ours = [hole for hole in holes if hole.cause.compares and hole.span.until <= begun + OVERLAP]
    proof = f"comparison of {row.listed} ids with {row.known}, begun {begun.isoformat()}: {row.vanished} gone"
    close_holes(recording, connection, ours, "comparison", proof, now)


class _Pen:
    """Writes the ledger of one source in one transaction, and what opened and closed into the audit log."""

    def __init__(self, recording: Recording, connection: str, source: str, now: datetime) -> None:
        self._recording, self._connection, self._source, self._now = recording, connection, source, now
        self._tx = recording.tx
        asked = {"p_connection": connection, "p_source": source}
        self._covered: dict[str, list[Interval]] = {}
        for row in self._tx.execute(_COVERED_OF, asked):
            self._covered.setdefault(row.kind, []).append(_interval(row))
        self._open: dict[str, _Holes] = {}
        for row in self._tx.execute(_OPEN_OF, asked):
            hole = _as_hole(row)
            self._open.setdefault(hole.kind, {})[hole.span, hole.cause] = hole.number
        self._changed: dict[tuple[str, datetime], Interval | None] = {}
        """By kind and beginning; None where an interval is no more."""
        self._next = 0
        self._opened: dict[tuple[int, Span, Cause], list[str]] = {}
        self._closed: dict[tuple[int, str], list[str]] = {}

    def _line(self, kind: str) -> Line:
        holes = self._open.get(kind, {})
        # Before kinds were told apart, all were read together: a kind that is new here goes on from there.
        covered = self._covered.get(kind) or ([] if holes else self._covered.get("", []))
        return Line(tuple(covered), tuple(sorted(holes)))

    def claim(self, kind: str, span: Span, way: str, missing: Cause | None) -> None:
        """Cover a span, which is the proof of the holes in it; or say what of it may be missing."""
        line = self._line(kind)
        after = claimed(line, span, way) if missing is None else missed(line, span, missing)
        proof = f"{way} of {span.since.isoformat()} to {span.until.isoformat()}"
        for hole, cause in set(line.holes) - set(after.holes):
            if not any(why is cause and grown.holds(hole) for grown, why in after.holes):
                self._end(kind, (hole, cause), proof + (f"; {missing.value} still open" if missing else ""))
        self._keep(kind, after)

    def open(self, kind: str, span: Span, cause: Cause) -> int:
        """Open a hole, or let one grow; its number."""
        after = opened(self._line(kind), Span(_at(span.since), _at(span.until)), cause)
        self._keep(kind, after)
        numbers = [n for (hole, why), n in self._open.get(kind, {}).items() if why is cause and hole.holds(span)]
        return min(numbers, default=0)

    def close(self, hole: Hole, way: str, proof: str) -> None:
        """Close a hole with its proof."""
        line = self._line(hole.kind)
        self._end(hole.kind, (hole.span, hole.cause), proof)
        self._keep(hole.kind, closed(line, (hole.span, hole.cause), way))

    def _end(self, kind: str, hole: tuple[Span, Cause], proof: str) -> None:
        number = self._open[kind].pop(hole)
        self._tx.execute(update(_hole).where(*self._row(number, kind)).values(closed_at=ms(self._now), proof=proof))
        self._closed.setdefault((number, proof), []).append(kind)

    def _keep(self, kind: str, after: Line) -> None:
        before = {interval.span.since: interval for interval in self._covered.get(kind, ())}
        there = {interval.span.since: interval for interval in after.covered}
        for since in before.keys() - there.keys():
            self._changed[kind, since] = None
        self._changed |= {(kind, since): it for since, it in there.items() if before.get(since) != it}
        self._covered[kind] = list(after.covered)
        self._keep_holes(kind, after.holes)

    def _keep_holes(self, kind: str, holes: Iterable[tuple[Span, Cause]]) -> None:
        before = self._open.setdefault(kind, {})
        there = set(holes)
        for span, cause in sorted(there - before.keys()):
            absorbed = [old for old in before.keys() - there if old[1] is cause and span.holds(old[0])]
            numbers = sorted(before.pop(old) for old in absorbed)
            for number in numbers[1:]:
                self._tx.execute(delete(_hole).where(*self._row(number, kind)))
            if numbers:
                grown = {"from_at": ms(span.since), "to_at": ms(span.until)}
                self._tx.execute(update(_hole).where(*self._row(numbers[0], kind)).values(grown))
            else:
                numbers = [self._number(span, cause, kind)]
                self._tx.execute(insert(_hole), self._as_row(numbers[0], kind, span, cause))
            before[span, cause] = numbers[0]

    def _number(self, span: Span, cause: Cause, kind: str) -> int:
        """Holes of one cause and span that open together are one hole."""
        for (number, *what), kinds in self._opened.items():
            if what == [span, cause]:
                kinds.append(kind)
                return number
        last = max(self._tx.execute(_LAST, {"p_connection": self._connection}).scalar() or 0, self._next)
        self._next = last + 1
        self._opened[self._next, span, cause] = [kind]
        return self._next

    def put_down(self) -> None:
        """Write what is covered now of all kinds at once, and add to the audit log what opened and closed."""
        gone = [self._key(kind, since) for (kind, since), interval in self._changed.items() if interval is None]
        rows = [self._covering(kind, interval) for (kind, _), interval in self._changed.items() if interval is not None]
        if gone:
            self._tx.execute(_UNCOVER, [{f"p_{name}": value for name, value in key.items()} for key in gone])
        if rows:
            self._tx.execute(upsert(self._tx, _cover, _KEY, ("to_at", "how")), rows)
        self._changed.clear()
        self._tell()

    def _tell(self) -> None:
        add = partial(self._recording.add, self._connection, ACTOR)
        for (number, span, cause), kinds in self._opened.items():
            detail = {"source": self._source, "kinds": kinds, "cause": cause.value}
            detail |= {"since": span.since.isoformat(), "until": span.until.isoformat()}
            add("hole", [(f"hole {number}", detail)], self._now)
        for (number, proof), kinds in self._closed.items():
            detail = {"source": self._source, "kinds": kinds, "proof": proof}
            add("hole closed", [(f"hole {number}", detail)], self._now)

    def _row(self, number: int, kind: str) -> tuple[Any, ...]:
        return (_hole.c.connection == self._connection, _hole.c.number == number, _hole.c.kind == kind)

    def _as_row(self, number: int, kind: str, span: Span, cause: Cause) -> dict[str, Any]:
        row = {"connection": self._connection, "number": number, "source": self._source, "kind": kind}
        when = {"from_at": ms(span.since), "to_at": ms(span.until), "opened_at": ms(self._now)}
        return row | when | {"cause": cause.value, "closed_at": 0, "proof": ""}

    def _covering(self, kind: str, interval: Interval) -> Mapping[str, Any]:
        upto = {"to_at": ms(interval.span.until), "how": " ".join(interval.ways)}
        return self._key(kind, interval.span.since) | upto

    def _key(self, kind: str, since: datetime) -> dict[str, Any]:
        return {"connection": self._connection, "source": self._source, "kind": kind, "from_at": ms(since)}


def _at(when: datetime) -> datetime:
    """As precise as it is kept."""
    return instant(ms(when))


def _interval(row: Row[Any]) -> Interval:
    return Interval(Span(instant(row.from_at), instant(row.to_at)), tuple(row.how.split()))


def _holes(tx: Connection, query: Any, connection: str) -> list[Hole]:
    return [_as_hole(row) for row in tx.execute(query, {"p_connection": connection})]


def _as_hole(row: Row[Any]) -> Hole:
    return Hole(
        number=row.number,
        source=row.source,
        kind=row.kind,
        span=Span(instant(row.from_at), instant(row.to_at)),
        cause=cause_of(row.cause),
        opened_at=instant(row.opened_at),
        closed_at=instant(row.closed_at) if row.closed_at else None,
        proof=row.proof,
    )
