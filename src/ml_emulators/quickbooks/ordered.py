"""An ordered index that copies cheaply: sorted tuples in small chunks that are replaced, never changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

Entry = tuple[Any, int]
_LOAD = 256


def _last(chunk: list[Entry]) -> Entry:
    return chunk[-1]


class Ordered:
    """Holds (key, id) entries in order; all keys of one index are of one comparable type."""

    __slots__ = ("_chunks", "_size", "_starts")

    def __init__(self, chunks: list[list[Entry]] | None = None, size: int = 0) -> None:
        self._chunks = chunks if chunks is not None else []
        self._size = size
        self._starts: list[int] | None = None

    def __len__(self) -> int:
        return self._size

    def copy(self) -> Ordered:
        """The same entries, to be changed apart; costs one reference a chunk."""
        return Ordered(self._chunks.copy(), self._size)

    def _place(self, entry: Entry) -> int:
        return bisect_left(self._chunks, entry, key=_last)

    def add(self, entry: Entry) -> None:
        """Put an entry at its place; the caller sees to it that it is not there yet."""
        chunks = self._chunks
        self._size += 1
        self._starts = None
        at = self._place(entry)
        if at == len(chunks):
            self._append(entry)
            return
        chunk = chunks[at]
        inner = bisect_left(chunk, entry)
        grown = [*chunk[:inner], entry, *chunk[inner:]]
        if len(grown) > 2 * _LOAD:
            chunks[at : at + 1] = [grown[:_LOAD], grown[_LOAD:]]
        else:
            chunks[at] = grown

    def _append(self, entry: Entry) -> None:
        chunks = self._chunks
        if chunks and len(chunks[-1]) < _LOAD:
            chunks[-1] = [*chunks[-1], entry]
        else:
            chunks.append([entry])

    def remove(self, entry: Entry) -> None:
        """Take an entry out. Raises `KeyError` when it is not there."""
        at = self._place(entry)
        chunk = self._chunks[at] if at < len(self._chunks) else []
        inner = bisect_left(chunk, entry)
        if inner == len(chunk) or chunk[inner] != entry:
            raise KeyError(entry)
        self._size -= 1
        self._starts = None
        if len(chunk) == 1:
            del self._chunks[at]
        else:
            self._chunks[at] = chunk[:inner] + chunk[inner + 1 :]

    def _ranks(self) -> list[int]:
        """The rank of each chunk's first entry, and the size; made when it is asked for after a change."""
        if self._starts is None:
            self._starts = [0, *accumulate(map(len, self._chunks))]
        return self._starts

    def rank(self, entry: Entry) -> int:
        """How many entries stand before `entry`."""
        at = self._place(entry)
        before = self._ranks()[at]
        return before if at == len(self._chunks) else before + bisect_left(self._chunks[at], entry)

    def ids(self, start: int = 0, stop: int | None = None, *, reverse: bool = False) -> Iterator[int]:
        """Ids from rank `start` up to `stop`; reversed, the same stretch from its end."""
        end = self._size if stop is None else min(stop, self._size)
        return self._backward(start, end) if reverse else self._forward(start, end)

    def _forward(self, start: int, stop: int) -> Iterator[int]:
        ranks, chunks = self._ranks(), self._chunks
        for at in range(bisect_right(ranks, start) - 1, len(chunks)):
            if ranks[at] >= stop:
                return
            for entry in chunks[at][max(0, start - ranks[at]) : stop - ranks[at]]:
                yield entry[1]

    def _backward(self, start: int, stop: int) -> Iterator[int]:
        ranks, chunks = self._ranks(), self._chunks
        for at in range(min(bisect_left(ranks, stop), len(chunks)) - 1, -1, -1):
            if ranks[at + 1] <= start:
                return
            for entry in reversed(chunks[at][max(0, start - ranks[at]) : stop - ranks[at]]):
                yield entry[1]
