"""Indexes that are copied only when they are written after a snapshot."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterator
from typing import Any

Bucket = str | dict[str, None]


class Index:
    """Key -> ids. One id is kept bare, several in a dict; buckets are copied on the first write of an owner."""

    __slots__ = ("_data", "_owned", "_shared")

    def __init__(self) -> None:
        self._data: dict[Hashable, Bucket] = {}
        self._owned: set[Hashable] = set()
        self._shared = False

    def find(self, key: Hashable) -> tuple[str, ...] | dict[str, None]:
        """The ids under a key, in the order they came; none for an unknown key. Not to be changed."""
        bucket = self._data.get(key)
        if bucket is None:
            return ()
        return (bucket,) if isinstance(bucket, str) else bucket

    def count(self, key: Hashable) -> int:
        """How many ids are under a key."""
        return len(self.find(key))

    def _writable(self) -> dict[Hashable, Bucket]:
        if self._shared:
            self._data = dict(self._data)
            self._shared = False
        return self._data

    def _own(self, data: dict[Hashable, Bucket], key: Hashable, bucket: Bucket) -> dict[str, None]:
        if isinstance(bucket, str):
            mine: dict[str, None] = {bucket: None}
        elif key in self._owned:
            return bucket
        else:
            mine = dict(bucket)
        data[key] = mine
        self._owned.add(key)
        return mine

    def add(self, key: Hashable, record_id: str) -> None:
        """Put an id under a key; once more changes nothing."""
        data = self._writable()
        bucket = data.get(key)
        if bucket is None:
            data[key] = record_id
        else:
            self._own(data, key, bucket)[record_id] = None

    def remove(self, key: Hashable, record_id: str) -> None:
        """Take an id from under a key, if it is there."""
        data = self._writable()
        bucket = data.get(key)
        if bucket is None:
            return
        if isinstance(bucket, str):
            if bucket == record_id:
                del data[key]
            return
        mine = self._own(data, key, bucket)
        mine.pop(record_id, None)
        if not mine:
            del data[key]
            self._owned.discard(key)

    def share(self) -> Any:
        """What a snapshot holds; from now on the index copies what it writes to."""
        self._shared = True
        self._owned = set()
        return self._data

    def adopt(self, data: Any) -> None:
        """Go on from what a snapshot holds, which itself stays as it is."""
        self._data = data
        self.share()


class Stamps:
    """Records by SystemModstamp: buckets by second, and the seconds in order."""

    __slots__ = ("_index", "_seconds", "_shared")

    def __init__(self) -> None:
        self._index = Index()
        self._seconds: list[str] = []
        self._shared = False

    def _writable(self) -> list[str]:
        if self._shared:
            self._seconds = list(self._seconds)
            self._shared = False
        return self._seconds

    def add(self, second: str, record_id: str) -> None:
        """Note a record under the second (text) of its SystemModstamp."""
        seconds = self._seconds
        if not seconds or second > seconds[-1]:
            self._writable().append(second)
        elif second != seconds[-1]:
            place = bisect_left(seconds, second)
            if seconds[place] != second:
                insort(self._writable(), second)
        self._index.add(second, record_id)

    def remove(self, second: str, record_id: str) -> None:
        """Take a record from under its second; the second stays in the order, empty."""
        self._index.remove(second, record_id)

    def buckets(
        self, low: str, high: str, *, newest_first: bool = False
    ) -> Iterator[tuple[str, ...] | dict[str, None]]:
        """Ids by second, in order, for low <= second < high."""
        first, last = bisect_left(self._seconds, low), bisect_left(self._seconds, high)
        seconds = self._seconds
        for place in reversed(range(first, last)) if newest_first else range(first, last):
            yield self._index.find(seconds[place])

    def count(self, low: str, high: str) -> int:
        """How many records were stamped at low <= second < high."""
        return sum(len(bucket) for bucket in self.buckets(low, high))

    def share(self) -> Any:
        """What a snapshot holds; from now on it copies what it writes to."""
        self._shared = True
        return (self._index.share(), self._seconds)

    def adopt(self, data: Any) -> None:
        """Go on from what a snapshot holds."""
        index, self._seconds = data
        self._index.adopt(index)
        self._shared = True


class Ordered:
    """All ids ever used, in order; what is gone is left standing and skipped by the reader."""

    __slots__ = ("_ids", "_shared")

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._shared = False

    def _writable(self) -> list[str]:
        if self._shared:
            self._ids = list(self._ids)
            self._shared = False
        return self._ids

    def add(self, record_id: str) -> None:
        """Put an id at its place; one that is there stays."""
        ids = self._ids
        if not ids or record_id > ids[-1]:
            self._writable().append(record_id)
            return
        place = bisect_left(ids, record_id)
        if ids[place] != record_id:
            self._writable().insert(place, record_id)

    def span(
        self, low: str | None, high: str | None, *, after: bool, upto: bool, backward: bool = False
    ) -> Iterator[str]:
        """Ids from `low` (exclusive when `after`) to `high` (inclusive when `upto`)."""
        ids = self._ids
        first = 0 if low is None else (bisect_right if after else bisect_left)(ids, low)
        last = len(ids) if high is None else (bisect_right if upto else bisect_left)(ids, high)
        return (ids[place] for place in (reversed(range(first, last)) if backward else range(first, last)))

    def share(self) -> Any:
        """What a snapshot holds; from now on it copies what it writes to."""
        self._shared = True
        return self._ids

    def adopt(self, data: Any) -> None:
        """Go on from what a snapshot holds."""
        self._ids = data
        self._shared = True
