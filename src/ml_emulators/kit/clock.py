"""The virtual clock of the emulators: the wall clock, shifted or frozen by the control door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


class VirtualClock:
    """Says what time it is. Runs with the wall clock until frozen, shifted or advanced; instants are UTC."""

    def __init__(self, wall: Callable[[], datetime] = _wall) -> None:
        self._wall = wall
        self._offset = timedelta(0)
        self._frozen: datetime | None = None
        self.on_move: list[Callable[[], None]] = []
        """Called whenever the clock is set otherwise than by time going on."""

    @property
    def frozen(self) -> bool:
        """Whether time stands until it is moved."""
        return self._frozen is not None

    def now(self) -> datetime:
        """The instant in UTC that everything at the emulators goes by."""
        return self._frozen if self._frozen is not None else self._wall() + self._offset

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at an aware instant, or at this one; who waits for a moved clock is rung."""
        self._frozen = at if at is not None else self.now()
        self._moved()

    def advance(self, by: timedelta) -> None:
        """Move on by a span, running or frozen; who waits for a moved clock is rung."""
        if self._frozen is not None:
            self._frozen += by
        else:
            self._offset += by
        self._moved()

    def set(self, at: datetime) -> None:
        """Jump to `at`, and go on running from there unless frozen."""
        if self._frozen is not None:
            self._frozen = at
        else:
            self._offset = at - self._wall()
        self._moved()

    def run(self) -> None:
        """End a freeze; time goes on from where it stood."""
        if self._frozen is not None:
            self._offset = self._frozen - self._wall()
            self._frozen = None
        self._moved()

    def _moved(self) -> None:
        for listener in self.on_move:
            listener()

    def snapshot(self) -> tuple[timedelta, datetime | None]:
        """What `restore` needs to bring the clock back to this setting."""
        return self._offset, self._frozen

    def restore(self, setting: tuple[timedelta, datetime | None]) -> None:
        """Back to a setting of `snapshot`: the distance from the wall clock, and where it is frozen, if it is."""
        self._offset, self._frozen = setting
        self._moved()
