"""`python -m benchmarks [--json] [--large] [--only NAME]`: one table, a row per measurement."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator

import structlog

from .bare import bare
from .calls import calls
from .connections import connections
from .databases import DATABASES, environment
from .emulators import emulators
from .live import live
from .marks import marks
from .memory import memory
from .parts import parts
from .peer.rows import peers
from .rows import Row, document, table
from .sockets import sockets

NAMES = ("parts", "calls", "marks", "bare", "sync", "memory", "peer", "emulators", "live", "connections")
"""Single steps; vendor calls; marks of rows; beside the bare loop; whole runs of several sizes on both databases;
memory; a peer; the emulators with many records (a million with `--large`); the running service; many connections."""


def _measures(scales: list[int]) -> dict[str, AsyncIterator[Row]]:
    return {
        "parts": _plain(parts()),
        "calls": calls(),
        "marks": marks(),
        "bare": bare(1),
        "sync": _sizes(scales),
        "memory": memory([10_000 * scale for scale in scales]),
        "peer": peers(1),
        "emulators": emulators(10_000 * max(scales)),
        "live": live(),
        "connections": _plain(connections()),
    }


async def _plain(rows: Iterator[Row]) -> AsyncIterator[Row]:
    for each in rows:
        yield each


async def _sizes(scales: list[int]) -> AsyncIterator[Row]:
    for database in DATABASES:
        for scale in scales if database == DATABASES[0] else scales[:1]:
            with environment(database) as env:
                async for each in sockets(scale, database, env):
                    yield each


async def _all(names: list[str], scales: list[int], said: bool) -> list[Row]:
    rows = []
    for name, measure in _measures(scales).items():
        async for each in measure if name in names else _plain(iter(())):
            rows.append(each)
            if said:
                print(*table([each]), file=sys.stderr, flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Speed and size on this machine")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--large", action="store_true", help="also 200,000 invoices and 1,000,000 made-up records, which takes an hour"
    )
    parser.add_argument("--small", action="store_true", help="2,000 invoices only")
    parser.add_argument("--only", choices=NAMES, action="append", help="only these measurements")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    scales = [1] if options.small else [1, 10, 100] if options.large else [1, 10]
    rows = asyncio.run(_all(options.only or list(NAMES), scales, said=not options.json))
    told = document(rows)
    lines = [json.dumps(told)] if options.json else [f"{told['machine']}, commit {told['commit']}", *table(rows)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
