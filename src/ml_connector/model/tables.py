"""A long table of records that is kept small: each row as it was packed, opened when it is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
D = TypeVar("D")


class Table(Generic[T]):
    """Rows in their order. A row is opened anew each time it is asked for; the table is never changed.

    `packed` are the rows as they are kept, `opened` makes the record of one of them.
    """

    def __init__(self, packed: Sequence[bytes], opened: Callable[[bytes], T]) -> None:
        self._packed = packed
        self._opened = opened
        self._derived: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self._packed)

    def __getitem__(self, place: int) -> T:
        return self._opened(self._packed[place])

    def __iter__(self) -> Iterator[T]:
        return map(self._opened, self._packed)

    @property
    def digest(self) -> str:
        """A text that moves when a row does; their order says nothing."""
        return hashlib.sha256(b"".join(sorted(self._packed))).hexdigest()

    def once(self, name: Hashable, work_out: Callable[[Table[T]], D]) -> D:
        """What is worked out of the rows, kept under a name as long as the table is.

        It is given a twin of the table, so that nothing points back here and both go together.
        """
        if name not in self._derived:
            self._derived[name] = work_out(Table(self._packed, self._opened))
        return cast("D", self._derived[name])
