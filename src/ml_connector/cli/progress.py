"""Progress of long work, on stderr: bars on a terminal, one line a step elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from .text import safe

if TYPE_CHECKING:
    from rich.console import Console

    from ml_connector.actions.progress import Progress


def stay(lines: Iterable[str]) -> None:
    """Lines on stderr that stay there, above the bars if some are shown."""
    for line in lines:
        if _live:
            _live[-1].print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(f"{line}\n")


_live: list[Console] = []
"""The consoles whose bars are on the screen now."""


@contextmanager
def progress_on(stream: TextIO | None = None) -> Iterator[Progress]:
    """A progress for the time of a command."""
    err = stream or sys.stderr
    if err.isatty() and os.environ.get("TERM") != "dumb":
        with bars(err) as step:
            yield step
    else:
        yield steps(err)


def steps(err: TextIO) -> Progress:
    """Says each step once, when it begins."""
    said = ""

    def step(name: str, done: int, total: int) -> None:
        nonlocal said
        if name != said:
            said = name
            of = f" ({done:,} of {total:,})" if total else ""
            err.write(f"{safe(name)}{of}\n")
            err.flush()

    return step


@contextmanager
def bars(err: TextIO) -> Iterator[Progress]:
    """One bar a step, with counts; they vanish when the work ends."""
    from rich import progress as rich
    from rich.console import Console

    text = rich.TextColumn("{task.description}", markup=False)
    columns = (rich.SpinnerColumn(), text, rich.BarColumn(), rich.MofNCompleteColumn())
    known: dict[str, rich.TaskID] = {}
    console = Console(file=err, highlight=False)
    with rich.Progress(*columns, console=console, transient=True) as shown:
        _live.append(console)

        def step(name: str, done: int, total: int) -> None:
            if name not in known:
                known[name] = shown.add_task(safe(name), total=total or None)
            shown.update(known[name], completed=done, total=total or None)

        try:
            yield step
        finally:
            _live.remove(console)
