"""Crash runs: `python -m tests.chaos --minutes 3 --seed 1`, or `--seed S --runs 1` to repeat one of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable

import msgspec

from .pool import Told, played

RUNS = 100_000
KILLS, HOME = 1_000, 10
SHOWN = 3
NEWS = 20.0


class Tally(msgspec.Struct):
    """The sum of many runs."""

    runs: int = 0
    lost: int = 0
    doubled: int = 0
    not_converged: int = 0
    first: int | None = None
    on_postgres: int = 0
    shown: int = 0

    def add(self, told: Told) -> None:
        self.runs += 1
        self.lost += told.lost
        self.doubled += told.doubled
        self.not_converged += not told.converged
        self.on_postgres += told.on_postgres
        if told.report:
            self.first = told.seed if self.first is None else min(self.first, told.seed)

    def line(self) -> str:
        seed = "-" if self.first is None else self.first
        return (
            f"runs {self.runs}, lost {self.lost}, doubled {self.doubled}, "
            f"not converged {self.not_converged}, first failing seed {seed}"
        )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="stop when so many are over")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next run takes the next (default 1)")
    parser.add_argument("--runs", type=int, default=0, help=f"how many (default {RUNS:,}, unless --minutes is given)")
    parser.add_argument(
        "--processes", type=int, help=f"real processes to kill (default {KILLS:,}, by the clock {HOME})"
    )
    asked = parser.parse_args(arguments)
    begun = time.monotonic()
    until = begun + asked.minutes * 60 if asked.minutes else None
    runs = asked.runs or (None if until else RUNS)
    tally = Tally()
    by_itself = 0 if asked.runs else HOME if asked.minutes else KILLS
    processes = by_itself if asked.processes is None else asked.processes
    if processes:
        _count(tally, _killed(processes, asked.seed), begun)
    _count(tally, played(asked.seed, runs, until), begun)
    spent = time.monotonic() - begun
    _print(f"{tally.runs / spent:.1f} runs a second, {tally.on_postgres} of them on PostgreSQL")
    _print(tally.line())
    return 0 if tally.first is None else 1


def _count(tally: Tally, runs: Iterable[Told], begun: float) -> None:
    """Add them up; failures are printed as they come, the state of things to those who watch."""
    said = time.monotonic()
    for told in runs:
        tally.add(told)
        if told.report:
            tally.shown += 1
            _print(told.report if tally.shown <= SHOWN else f"seed {told.seed} fails as well")
        now = time.monotonic()
        if now - said > NEWS:
            said = now
            sys.stderr.write(f"{tally.line()} ({tally.runs / (now - begun):.1f} a second)\n")


def _killed(processes: int, seed: int) -> Iterable[Told]:
    """Homes over which real processes are killed; each counts as one run."""
    from processes.company import many

    for verdict in many(processes, seed):
        report = "" if verdict.good else verdict.report()
        lost, doubled = bool(verdict.difference.lost), bool(verdict.difference.doubled)
        yield Told(verdict.seed, False, lost, doubled, verdict.converged, report)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
