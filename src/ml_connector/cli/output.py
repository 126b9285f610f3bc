"""Results on stdout, everything else on stderr. Colour only where a person looks; meaning never by colour."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from .address import addressed
from .text import fold, safe, safe_json

if TYPE_CHECKING:
    from ml_connector.model.errors import ConnectorError

_COLOURS = {"ok": "32", "warn": "33", "FAIL": "1;31", "held": "35"}


class Screen:
    """Shows lines to people, or documents to machines (`json`)."""

    def __init__(self, *, json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.json = json
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None, unbounded, where the output is not one."""
        return max(20, shutil.get_terminal_size().columns) if self.out.isatty() else None

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines, coloured where a person looks. A last line `Next: ...` is folded so that it can be copied."""
        colour, shown = _colourful(self.out), list(lines)
        if shown and shown[-1].startswith("Next"):  # whole, whether it was folded before or not
            shown[-1:] = fold(shown[-1], self.width)
        for line in shown if self.width else map(addressed, shown):
            self.out.write((_coloured(line) if colour else line) + "\n")
        self.out.flush()

    def document(self, value: Any, schema: str = "") -> None:
        """One JSON document in one line; amounts as text, instants in UTC. `schema` is added to an object."""
        import msgspec

        plain = msgspec.to_builtins(value, order=None)
        if schema:
            body = plain if isinstance(plain, Mapping) else {"items": plain}
            plain = {"schema": f"ml-connector/{schema}/1", **body}
        self.out.write(safe_json(msgspec.json.encode(plain).decode()) + "\n")
        self.out.flush()

    def note(self, text: str) -> None:
        """A line for the person, beside the result."""
        self.err.write(f"{addressed(safe(text))}\n")
        self.err.flush()

    def error(self, error: ConnectorError) -> None:
        """Sentence and remedy; with `json` one document, on stderr as well."""
        if self.json:
            remedy = addressed(error.remedy)
            fields = {"kind": type(error).__name__, "sentence": error.sentence, "remedy": remedy}
            Screen(out=self.err).document({**fields, "exit_status": error.exit_status}, "error")
            return
        width = shutil.get_terminal_size().columns if self.err.isatty() else None
        for text in (error.sentence, error.remedy):
            self.err.writelines(f"{line}\n" for line in fold(safe(text), width))
        self.err.flush()


def _colourful(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(line: str) -> str:
    word = line.partition(" ")[0]
    return f"\x1b[{_COLOURS[word]}m{word}\x1b[0m{line[len(word) :]}" if word in _COLOURS else line
