"""The pages of the project as tests read them: code, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def blocks(text: str, language: str = "") -> list[list[str]]:
    """The lines of each fenced block of a language."""
    return [lines.splitlines() for kind, lines in _FENCED.findall(text) if kind == language]


def code(text: str) -> Iterator[str]:
    """Every line of a fenced block, and every text in back-ticks."""
    for kind, lines in _FENCED.findall(text):
        if kind in ("", "bash", "sh"):
            yield from lines.splitlines()
    yield from re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", text))


def anchors(text: str) -> set[str]:
    """The names under which a page's headings can be linked to."""
    titles = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
