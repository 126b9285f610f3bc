"""Whatever the event bus sends: an error with a remedy, or knocks on records; never a crash."""

from __future__ import annotations

from . import events

RUNS = 2_000


def test_odd_events_schemas_responses_and_trailers() -> None:
    read = [events.play(seed) for seed in range(RUNS)]
    assert RUNS // 10 < sum(read) < RUNS
