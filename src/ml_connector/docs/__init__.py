"""The pages of docs/ that are made from the program: the settings, and every error and hold of the runbook.

A page has a part that is written by hand and, below `MARK`, a part that is made here. `make docs` renews the second
and leaves the first alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ml_connector.model.errors import WrongUse
from ml_connector.rehearsal.scenario.published import as_markdown as scenarios_as_markdown
from ml_connector.settings import as_markdown

from .errors import errors_as_markdown
from .holds import holds_as_markdown

MARK = "<!-- From here on this page is made from the program: make docs -->\n"


def runbook() -> str:
    """The made part of docs/runbook.md."""
    return f"{errors_as_markdown()}\n{holds_as_markdown()}"


PAGES: Mapping[str, Callable[[], str]] = {
    "runbook.md": runbook,
    "scenarios.md": scenarios_as_markdown,
    "settings.md": as_markdown,
}
"""The made part of each page, by its name in docs/."""


def renewed(name: str, text: str) -> str:
    """`text` of the page `name` with its made part made again. Raises `WrongUse` for a page without the mark."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise WrongUse(f"{name} does not say where its made part begins.", f"Put this line there:  {MARK.strip()}")
    return f"{head}{MARK}\n{PAGES[name]()}"


def outdated(folder: Path) -> dict[Path, str]:
    """The pages in `folder` that differ from what the program says, with the text they should have.

    Raises `OSError` for one that cannot be read, `WrongUse` for one without the mark.
    """
    old = {}
    for name in PAGES:
        page = folder / name
        text = page.read_text("utf-8")
        if (new := renewed(name, text)) != text:
            old[page] = new
    return old
