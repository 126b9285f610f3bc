"""The simulator: engine, flows and both emulators in one process, in virtual time, all chance from one seed.

`python -m tests.chaos.simulate --seed S --runs N` plays; `--explain` tells one seed step by step.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from support import postgres

from .acts import ACTS
from .matrix import table
from .pool import on_postgres
from .runs import Place, Result, place
from .safeguards import SAFEGUARDS, missed
from .shrink import shrunk

RUNS = 200


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how many seeds from there on (default {RUNS})")
    parser.add_argument("--without", choices=SAFEGUARDS, help="take a safeguard out, and see in a story what it is for")
    parser.add_argument("--explain", action="store_true", help="tell the story of this one seed, step by step")
    parser.add_argument("--table", action="store_true", help="print what the crash matrix of the suite covers")
    asked = parser.parse_args(arguments)
    if asked.table:
        _print(table())
        return 0
    if asked.without:
        _print(explained(missed(place(), asked.without)))
        return 0
    with ExitStack() as at_end:
        url = _url(at_end, any(map(on_postgres, range(asked.seed, asked.seed + (1 if asked.explain else asked.runs)))))
        if asked.explain:
            result = _place(asked.seed, url).play_seed(asked.seed)
            _print(explained(result))
            return 0 if result.good else 1
        return _all(asked.seed, asked.runs, url)


def _url(at_end: ExitStack, wanted: bool) -> str:
    """A database on PostgreSQL, where some seed needs it."""
    if not wanted:
        return ""
    folder = Path(at_end.enter_context(TemporaryDirectory(prefix="crash-runs-")))
    server = at_end.enter_context(postgres.server(folder / "postgres"))
    return at_end.enter_context(postgres.database(server, f"mlc_test_simulate_{os.getpid()}"))


def _place(seed: int, url: str) -> Place:
    return place(url if on_postgres(seed) else "sqlite://")


def _all(first: int, runs: int, url: str) -> int:
    """Stops at the first failure, and makes its story short."""
    for seed in range(first, first + runs):
        here = _place(seed, url)
        result = here.play_seed(seed)
        if not result.good:
            _print(f"Seed {seed} fails.\n{result.report()}\n\nThe shortest story found that fails as well:\n")
            _print(explained(shrunk(here, result)))
            return 1
    _print(f"{runs} runs from seed {first} on: nothing lost, nothing doubled, always at rest in the end.")
    return 0


def explained(result: Result) -> str:
    """A run in the words of the product, step by step."""
    acts = [ACTS[name].story for name in result.case.acts]
    news = "; ".join(acts) if acts else "everything: the company is connected for the first time"
    lines = [
        f"What there is to do: {news}.",
        f"What goes wrong: {result.story}.",
        "",
        result.full,
        "",
        *(result.verdict() or ["In the end both sides are as if nothing had gone wrong."]),
    ]
    return "\n".join(lines)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
