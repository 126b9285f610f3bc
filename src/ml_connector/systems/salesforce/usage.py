"""How many calls the org has left in its rolling 24 hours, as its answers say (salesforce reference 2.1, 3.1)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from .faults import limit_reached

_USED = re.compile(r"(?:^|[\s;])api-usage=(\d{1,12})/(\d{1,12})")
_LOOK_AGAIN = timedelta(minutes=15)


class Usage:
    """The last word of the org on its calls. `reserve` calls are left for the org's other users."""

    def __init__(self, reserve: int = 0) -> None:
        self.reserve = reserve
        self.used: int | None = None
        self.allowed: int | None = None
        self.at: datetime | None = None

    def note(self, header: str, now: datetime) -> None:
        """Remember the header `Sforce-Limit-Info`; one that cannot be read changes nothing."""
        if figures := _USED.search(header):
            self.used, self.allowed, self.at = int(figures[1]), int(figures[2]), now

    @property
    def left(self) -> int | None:
        """Calls left in the last 24 hours; below zero in an org that is over its limit; None before the first call."""
        return None if self.used is None or self.allowed is None else self.allowed - self.used

    def check(self, now: datetime) -> None:
        """Raise `LimitReached` when only the reserve is left. Every 15 minutes one call passes to look again."""
        if self.left is None or self.at is None or self.left > self.reserve:
            return
        if now - self.at < _LOOK_AGAIN:
            raise limit_reached()
        self.at = now
