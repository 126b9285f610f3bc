"""Seeded crash runs: the whole product on both emulated vendors, one fault each, compared with a run without.

`python -m tests.chaos --minutes 3 --seed 1` from the root of the repository; `--seed S --runs 1` repeats one run.
"""

import sys
from pathlib import Path

_TESTS = str(Path(__file__).parents[1])
if _TESTS not in sys.path:  # `support` lies there, also when no test runner says so
    sys.path.insert(0, _TESTS)
