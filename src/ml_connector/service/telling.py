"""What people are told while a connection runs: each trouble once, and once more when it is over."""

from __future__ import annotations

from collections.abc import Callable

from ml_connector.model.errors import ConnectorError

Tell = Callable[[str], None]
"""Told a line that people should still see later."""


class Condition:
    """What keeps a job from its work: told once when it begins, and once when it is over."""

    def __init__(self, tell: Tell, over: str) -> None:
        self._tell = tell
        self._over = over
        self._told: type[ConnectorError] | None = None

    def is_now(self, error: ConnectorError) -> None:
        """Tell of this trouble, unless its kind was told last: a limit that lasts is one line, not one a minute."""
        if type(error) is not self._told:
            self._told = type(error)
            self._tell(f"{error.sentence} {error.remedy}")

    def is_over(self) -> None:
        """Tell that it is over; nothing where nothing was told."""
        if self._told is not None:
            self._told = None
            self._tell(self._over)
