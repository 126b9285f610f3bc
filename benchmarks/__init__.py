"""Speed and size, measured and never asserted: `make bench`, or `python -m benchmarks --json`."""
