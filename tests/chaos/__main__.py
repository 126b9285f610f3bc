"""Crash runs by the clock: `python -m tests.chaos --minutes 3 --seed 1`, or `--runs 1` to repeat one of them."""

from __future__ import annotations

import argparse
import sys
import time

import msgspec

from .runs import Result, play


class Tally(msgspec.Struct):
    """The sum of many runs."""

    runs: int = 0
    lost: int = 0
    doubled: int = 0
    not_converged: int = 0
    first: int | None = None

    def add(self, result: Result) -> None:
        """Whatever must not happen on the way counts as doubled: it is how doubles come about."""
        self.runs += 1
        self.lost += bool(result.difference.lost)
        self.doubled += bool(result.difference.doubled or result.wrong)
        self.not_converged += not result.converged
        if not result.good and self.first is None:
            self.first = result.seed

    def line(self) -> str:
        seed = "-" if self.first is None else self.first
        return (
            f"runs {self.runs}, lost {self.lost}, doubled {self.doubled}, "
            f"not converged {self.not_converged}, first failing seed {seed}"
        )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next run takes the next (default 1)")
    parser.add_argument("--runs", type=int, default=0, help="stop after so many, whatever the clock says")
    asked = parser.parse_args(arguments)
    tally, seed = Tally(), asked.seed
    until = None if asked.runs else time.monotonic() + asked.minutes * 60
    while (tally.runs < asked.runs) if until is None else (time.monotonic() < until):
        result = play(seed)
        tally.add(result)
        if asked.runs == 1 or (not result.good and tally.first == seed):
            _print(result.report())
        seed += 1
    _print(tally.line())
    return 0 if tally.first is None else 1


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
