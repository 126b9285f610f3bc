"""Three hundred and more crash runs: nothing lost, nothing doubled, always at rest in the end."""

from __future__ import annotations

import pytest

from .runs import play, trace_of

RUNS = 336
CHUNK = 8


@pytest.mark.parametrize("first", range(1, RUNS + 1, CHUNK))
def test_whatever_happens_both_vendors_end_as_if_nothing_had(first: int) -> None:
    failed = [result for seed in range(first, first + CHUNK) if not (result := play(seed)).good]
    assert not failed, "\n\n".join(result.report() for result in failed)


@pytest.mark.parametrize("small", [False, True])
def test_a_run_has_records_in_all_flows_a_batch_and_a_collection(small: bool) -> None:
    written = [call.items for call in trace_of(small).calls if call.items]
    assert sum(items.count(",") + 1 for items in written) >= 10
    assert any(items.count("create JournalEntry") >= 2 for items in written)
    assert any(items.count("Opportunity ") >= 2 for items in written)
    for step in ("upsert Account", "update Account", "create Customer", "upsert Contact", "create JournalEntry"):
        assert any(step in items for items in written), step
