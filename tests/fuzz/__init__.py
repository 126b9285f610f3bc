"""Fuzz runs: random texts in every free-text field of every kind, on both sides, and what syncs make of them.

`texts` makes them, `fields` finds where they go, `company` puts them there through the vendors' doors, `neighbours`
are records that must not suffer, `play` plays a round, `watch`, `arrivals` and `judge` say what is wrong with it.
From the root: `python -m tests.fuzz --texts 100000 --seed 1`; `--seed S --explain` tells one round.
"""

import sys
from pathlib import Path

_TESTS = str(Path(__file__).parents[1])
if _TESTS not in sys.path:  # `support` lies there, also when no test runner says so
    sys.path.insert(0, _TESTS)
