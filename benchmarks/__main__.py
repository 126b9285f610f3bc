"""`python -m benchmarks [--json] [--scale N]`: one table, a row per measurement."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys

import structlog

from .calls import calls
from .journeys import journeys
from .parts import parts
from .rows import Row, document, table
from .sockets import sockets


async def _measure(scale: int) -> list[Row]:
    rows = [*parts(), *[found async for found in sockets(scale)]]
    for each in sorted({1, scale}):
        rows += [found async for found in journeys(each)]
    return rows + [found async for found in calls()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Speed and size on this machine")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--scale", type=int, default=1, help="also measure a company this many times as large")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows = asyncio.run(_measure(options.scale))
    told = document(rows)
    lines = [json.dumps(told)] if options.json else [f"{told['machine']}, commit {told['commit']}", *table(rows)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
