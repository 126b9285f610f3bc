"""A vendor is known to answer others for a minute, and for as many failed questions as halve a page."""

from __future__ import annotations

from ml_connector.systems.http import MAX_ATTEMPTS
from ml_connector.systems.pulse import Pulse
from support.network import StillClock


def test_nothing_is_known_before_a_probe() -> None:
    pulse = Pulse(StillClock())
    assert (pulse.beats, pulse.tries, pulse.failed()) == (False, MAX_ATTEMPTS, False)


def test_ten_questions_may_fail_after_a_probe() -> None:
    pulse = Pulse(StillClock())
    pulse.felt()
    assert pulse.tries < MAX_ATTEMPTS
    assert [pulse.failed() for _ in range(11)] == [True] * 10 + [False]


def test_a_probe_is_forgotten_after_a_minute() -> None:
    clock = StillClock()
    pulse = Pulse(clock)
    pulse.felt()
    clock.advance(seconds=61)
    assert (pulse.beats, pulse.failed()) == (False, False)
