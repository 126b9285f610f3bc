"""Seeded crash runs: the whole product on both emulated vendors, struck by faults, compared with a run without.

`testbed` is the company, `situations` what the connector is at work on, `acts` and `edits` what people do, `faults`
what goes wrong, `cases` a run as a value, `life` and `runs` play it, `shortcuts` makes it cheap, `books` compares,
`matrix` lists all combinations, `shrink` makes a failure short.
From the root: `python -m tests.chaos --minutes 3 --seed 1`, `python -m tests.chaos.simulate --seed S --explain`.
"""

import sys
from pathlib import Path

_TESTS = str(Path(__file__).parents[1])
if _TESTS not in sys.path:  # `support` lies there, also when no test runner says so
    sys.path.insert(0, _TESTS)
