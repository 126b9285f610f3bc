"""The event log: positions that only grow, how long they are good for, and the entries of each channel."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .changes import Change
from .refusals import Refusal

_TAIL = b"\0\0"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a channel. A platform event has a `payload` and no change; `ready` holds a delayed one back."""

    position: int
    uuid: str
    instant: datetime
    kind: str
    schema_id: str
    change: Change | None = None
    enriched: tuple[tuple[str, Any], ...] = ()
    payload: bytes = b""
    ready: datetime | None = None


def replay_id(position: int) -> bytes:
    """Ten bytes: eight of a counter, big-endian, and two of zero."""
    return position.to_bytes(8, "big") + _TAIL


class Positions:
    """The counter behind replay ids. `floor`: the last position that has gone out of the window."""

    def __init__(self, first: int, keep: int) -> None:
        self.last = first
        self.floor = first - 1
        self._keep = keep
        self._marks: deque[tuple[datetime, int]] = deque()

    def next(self, step: int, now: datetime) -> int:
        """A position `step` after the last one, given out at that instant; an old mark may go for it."""
        self.last += step
        if self._marks and self._marks[-1][0] == now:
            self._marks[-1] = (now, self.last)
        else:
            self._marks.append((now, self.last))
        if len(self._marks) > self._keep:
            self.floor = self._marks.popleft()[1]
        return self.last

    def fresh(self, now: datetime, age: float) -> int:
        """The newest position; after `age` seconds without a new one, a new one, so that it does not age out."""
        if not self._marks or (now - self._marks[-1][0]).total_seconds() > age:
            self.next(1, now)
        return self.last

    def forget(self, before: datetime) -> None:
        """Move the floor up over all positions given out before that instant (retention, reference 3.2)."""
        while self._marks and self._marks[0][0] < before:
            self.floor = self._marks.popleft()[1]

    def read(self, given: bytes, expired_code: str) -> int:
        """The position a replay id stands for; ten bytes, or the first eight. Raises `Refusal`."""
        if not given:
            raise Refusal("subscription.fetch.replayid.validation.failed")
        if len(given) not in (8, 10) or given[8:] not in (b"", _TAIL):
            raise Refusal("subscription.fetch.replayid.corrupted")
        position = int.from_bytes(given[:8], "big")
        if position > self.last:
            raise Refusal("subscription.fetch.replayid.corrupted")
        if position <= self.floor:
            raise Refusal(f"subscription.fetch.replayid.{expired_code}")
        return position

    def snapshot(self) -> tuple[int, int, tuple[tuple[datetime, int], ...]]:
        """Last, floor and marks, as a value that later work does not change."""
        return self.last, self.floor, tuple(self._marks)

    def restore(self, kept: tuple[int, int, tuple[tuple[datetime, int], ...]]) -> None:
        """Back to a snapshot."""
        self.last, self.floor, marks = kept
        self._marks = deque(marks)


@dataclass
class Log:
    """The entries of one channel, at most `keep`, in the order of their positions."""

    keep: int
    entries: list[Entry] = field(default_factory=list)
    dropped: int = 0

    def append(self, entry: Entry) -> None:
        """Add the newest entry; now and then those above `keep` are dropped in one go."""
        self.entries.append(entry)
        if len(self.entries) > self.keep + self.keep // 8:
            self._drop(len(self.entries) - self.keep)

    def _drop(self, count: int) -> None:
        self.dropped = self.entries[count - 1].position
        del self.entries[:count]

    def forget(self, before: datetime) -> None:
        """Drop the entries from before that instant (retention, reference 3.2)."""
        count = 0
        while count < len(self.entries) and self.entries[count].instant < before:
            count += 1
        if count:
            self._drop(count)

    def read(
        self, after: int, most: int, now: datetime, fits: Callable[[Entry], bool], end: int
    ) -> tuple[list[Entry], int]:
        """At most `most` entries after a position, and how far was looked: `end` when there is nothing more."""
        entries: list[Entry] = []
        seen = after
        for index in range(bisect_right(self.entries, after, key=_position), len(self.entries)):
            entry = self.entries[index]
            if len(entries) == most or (entry.ready is not None and entry.ready > now):
                return entries, seen
            if fits(entry):
                entries.append(entry)
            seen = entry.position
        return entries, max(seen, end)

    def next_ready(self, now: datetime) -> datetime | None:
        """When the first entry that is held back is due."""
        return next((entry.ready for entry in self.entries if entry.ready is not None and entry.ready > now), None)

    def copy(self) -> Log:
        """The same entries, to be changed apart."""
        return Log(self.keep, list(self.entries), self.dropped)


def _position(entry: Entry) -> int:
    return entry.position
