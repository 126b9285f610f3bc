"""Fuzz runs: `python -m tests.fuzz --texts 100000 --seed 1`, or `--seed S --explain` to tell one round."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count

import msgspec

from . import events
from .play import Result, place

TEXTS, PROCESSES = 100_000, 2
SHOWN, CHUNK = 5, 16


class Tally(msgspec.Struct):
    """The sum of many rounds."""

    rounds: int = 0
    put: int = 0
    refused: int = 0
    stopped: int = 0
    lost: int = 0
    unheld: int = 0
    failed: list[int] = []
    verdicts: dict[str, int] = {}

    def add(self, result: Result) -> None:
        self.rounds += 1
        self.put += result.put
        self.refused += result.refused
        self.stopped += len(result.stopped)
        self.lost += len(result.lost)
        self.unheld += len(result.unheld)
        self.failed += [] if result.good else [result.seed]
        for name, number in result.verdicts.items():
            self.verdicts[name] = self.verdicts.get(name, 0) + number

    def line(self) -> str:
        share = 100 * self.refused // max(self.put + self.refused, 1)
        return (
            f"texts {self.put}, refused at the door {self.refused} ({share} %), rounds {self.rounds}, "
            f"stopped {self.stopped}, lost {self.lost}, without a hold {self.unheld}, "
            f"first failing seed {min(self.failed, default='-')}"
        )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--texts", type=int, default=TEXTS, help=f"stop when so many were put (default {TEXTS:,})")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next round takes the next (default 1)")
    parser.add_argument("--processes", type=int, default=PROCESSES, help=f"how many at once (default {PROCESSES})")
    parser.add_argument("--explain", action="store_true", help="tell the one round of this seed")
    parser.add_argument("--ends", action="store_true", help="print how the records ended as well")
    asked = parser.parse_args(arguments)
    if asked.explain:
        result = place().play(asked.seed)
        _print("\n".join([*result.story, result.report()]))
        return 0 if result.good else 1
    read = sum(events.play(seed) for seed in range(asked.seed, asked.seed + asked.texts))
    _print(f"events {asked.texts}, of which {read} could be read, all with a typed end")
    begun, tally = time.monotonic(), Tally()
    for result in until(asked.texts, rounds(asked.seed, asked.processes)):
        tally.add(result)
        if not result.good and len(tally.failed) <= SHOWN:
            _print(result.report())
    if asked.ends:
        _print("\n".join(f"{number:7,d}  {name}" for name, number in sorted(tally.verdicts.items())))
    _print(f"{tally.put / (time.monotonic() - begun):.0f} texts a second")
    _print(tally.line())
    return 1 if tally.failed else 0


def rounds(first: int, processes: int) -> Iterator[Result]:
    """The rounds from a seed on, without end, as they are done."""
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for seed in count(first, CHUNK):
            yield from pool.imap_unordered(_play, range(seed, seed + CHUNK))


def until(texts: int, results: Iterable[Result]) -> Iterator[Result]:
    """Results until so many texts were put."""
    left = texts
    for result in results:
        yield result
        left -= result.put
        if left <= 0:
            return


def _play(seed: int) -> Result:
    """One round, without its long story."""
    return msgspec.structs.replace(place().play(seed), story=[])


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
