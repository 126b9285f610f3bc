"""Many runs on all cores: each worker has a testbed in memory and a database of its own on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from support import postgres

from .cases import RECIPES
from .runs import Result, place
from .shrink import shrunk

EIGHTH = 8
SHORT = 40
"""Runs spent on making the first failure short."""


class Told(msgspec.Struct, frozen=True):
    """What a worker says about one run. `report` is blank for a good one."""

    seed: int
    on_postgres: bool
    lost: bool = False
    doubled: bool = False
    converged: bool = True
    report: str = ""


class Order(msgspec.Struct, frozen=True):
    """The runs of a worker: every `step`-th seed from `first` below `end`, until the moment `until` of the clock."""

    first: int
    step: int
    end: int | None
    until: float | None
    url: str


def on_postgres(seed: int) -> bool:
    """Every eighth round of all recipes; a seed always has the same database."""
    return seed // len(RECIPES) % EIGHTH == 1


def told(result: Result, seed: int, *, short: Callable[[Result], Result] | None = None) -> Told:
    """Whatever must not happen on the way counts as doubled: it is how doubles come about."""
    if result.good:
        return Told(seed, on_postgres(seed))
    report = [result.report()]
    if short is not None:
        report += ["", "The shortest story found that fails as well:", short(result).report()]
    report.append(f'step by step:  make simulate ARGS="--seed {seed} --explain"')
    difference = result.difference
    doubled = bool(difference.doubled or result.wrong)
    return Told(seed, on_postgres(seed), bool(difference.lost), doubled, result.converged, "\n".join(report))


def _work(order: Order, out: Connection) -> None:
    seed, failed = order.first, 0
    while (order.end is None or seed < order.end) and (order.until is None or time.monotonic() < order.until):
        here = place(order.url if on_postgres(seed) else "sqlite://")
        result = here.play_seed(seed)
        failed += not result.good
        short = (lambda bad: shrunk(here, bad, tries=SHORT)) if failed == 1 else None  # noqa: B023 - called at once
        out.send_bytes(msgspec.json.encode(told(result, seed, short=short)))
        seed += order.step
    out.close()


def played(first: int, runs: int | None, until: float | None, workers: int = 0) -> Iterator[Told]:
    """The runs from seed `first` on, as they are done: so many, or until a moment of the monotonic clock."""
    count = min(workers or os.cpu_count() or 1, runs or 1_000_000)
    end = None if runs is None else first + runs
    with ExitStack() as at_end:
        folder = Path(at_end.enter_context(TemporaryDirectory(prefix="crash-runs-")))
        server = at_end.enter_context(postgres.server(folder / "postgres"))
        pipes = []
        for number in range(count):
            url = at_end.enter_context(postgres.database(server, f"mlc_test_chaos_{os.getpid()}_{number}"))
            ours, theirs = multiprocessing.Pipe(duplex=False)
            order = Order(first + number, count, end, until, url)
            worker = multiprocessing.get_context("fork").Process(target=_work, args=(order, theirs))
            worker.start()
            theirs.close()
            at_end.callback(worker.join)
            pipes.append(ours)
        yield from _heard(pipes)


def _heard(pipes: list[Connection]) -> Iterator[Told]:
    while pipes:
        for pipe in wait(pipes):
            assert isinstance(pipe, Connection)
            try:
                yield msgspec.json.decode(pipe.recv_bytes(), type=Told)
            except EOFError:
                pipes.remove(pipe)
