"""Speed and size, measured and never asserted: `make bench`, or `python -m benchmarks --json`."""

from __future__ import annotations

import sys
from pathlib import Path

# The whole installation in one process is the one that the tests use.
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
