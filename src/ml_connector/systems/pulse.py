"""A vendor that fails at one record is told from one that is away.

A read that ends with a failure of the vendor (5xx) again and again, while another one is answered, fails for what it
asks: that is a refusal, to be narrowed down as one. Reads are metered, so an outage must not be narrowed down.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ml_connector.clock import Clock

from .http import MAX_ATTEMPTS

_QUESTIONS = 10
"""So many questions may fail one after the other until the vendor is asked again whether it answers others: as many
as it takes to halve a page down to one record."""
_HOLDS = timedelta(minutes=1)
_FEWER = 2


class Pulse:
    """Whether a vendor is known to answer, by a probe made a moment ago."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: datetime | None = None
        self._left = 0

    def felt(self) -> None:
        """A probe was answered."""
        self._until = self._clock.now() + _HOLDS
        self._left = _QUESTIONS

    @property
    def beats(self) -> bool:
        """Whether the last probe still counts."""
        return self._left > 0 and self._until is not None and self._clock.now() < self._until

    @property
    def tries(self) -> int:
        """How often a read is tried: what fails while others are answered fails each time."""
        return _FEWER if self.beats else MAX_ATTEMPTS

    def failed(self) -> bool:
        """A read failed each time. Whether that is about what it asks; if not, a probe has to tell."""
        about_it = self.beats
        self._left -= about_it
        return about_it
