"""How long actions say how far they are."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a long action is. `total` 0 means that nobody knows."""

    def __call__(self, name: str, done: int, total: int) -> None:
        """`done` of `total` of what `name` says, in words for people."""


def quiet(name: str, done: int, total: int) -> None:
    """For whoever need not know."""
    del name, done, total
