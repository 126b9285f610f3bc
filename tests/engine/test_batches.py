"""How far a batch is taken apart."""

from __future__ import annotations

import pytest

from ml_connector.engine.batches import smaller


@pytest.mark.parametrize(
    ("size", "failures", "together"),
    [(30, 0, 30), (30, 1, 30), (30, 2, 1), (1, 2, 1), (7, 5, 1), (1000, 1, 1000), (1000, 2, 33), (1000, 3, 1)],
)
def test_a_batch_that_failed_twice_is_taken_apart(size: int, failures: int, together: int) -> None:
    assert smaller(size, failures) == together
