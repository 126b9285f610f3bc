"""CSV as Bulk API 2.0 takes and gives it (salesforce reference 4.3)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}


class BadSheet(Exception):
    """The upload as a whole cannot be read: the job fails with these words."""


@dataclass(frozen=True)
class Sheet:
    """`header` is the first line as it came, `names` what it says, `rows` the cells of each record."""

    header: str
    names: tuple[str, ...]
    rows: list[list[str]]


def read(content: bytes, delimiter: str, line_end: str) -> Sheet:
    """Raises `BadSheet`."""
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise BadSheet("InvalidBatch : the data is not UTF-8") from None
    header = text.partition("\n")[0]
    if header.endswith("\r") != (line_end == "CRLF") and "\n" in text:
        raise BadSheet(f"LineEnding is invalid on user data. Current LineEnding setting is {line_end}")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter]))
    except csv.Error as error:
        raise BadSheet(f"InvalidBatch : {error}") from None
    if not lines:
        raise BadSheet("InvalidBatch : the data has no header row")
    names = tuple(name.strip() for name in lines[0])
    return Sheet(header.rstrip("\r"), names, [line for line in lines[1:] if line])


def line(cells: Iterable[str], delimiter: str, line_end: str) -> str:
    """One row, every cell in quotes."""
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
    return DELIMITERS[delimiter].join(quoted) + LINE_ENDS[line_end]


def written(header: str, rows: Iterable[Iterable[str]], delimiter: str, line_end: str) -> bytes:
    """A whole result: the header as given, then the rows."""
    text = "".join(line(row, delimiter, line_end) for row in rows)
    return (header + LINE_ENDS[line_end] + text).encode()
