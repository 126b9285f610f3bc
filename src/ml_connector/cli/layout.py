"""Tables of text and figures. No figure is ever cut: where a table does not fit, each field gets a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .text import fold, hanging, pad, width_of

NARROW = 72
_GAP = "  "
_LEAST = 10


class Column(NamedTuple):
    """`figure` columns are right-aligned and keep their width; text columns fold."""

    title: str
    figure: bool = False


Rows = Sequence[Sequence[str]]


def table(
    columns: Sequence[Column], rows: Rows, width: int | None, *, indent: str = "", head: bool = True
) -> list[str]:
    """Lines of a table, each of at most `width` terminal columns; None is unbounded. Columns without any value are
    left out. Below 72, or where it cannot fit, one field a line: no figure is cut."""
    shown = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    columns = [columns[i] for i in shown]
    rows = [[row[i] for i in shown] for row in rows]
    widths = _widths(columns, rows, None if width is None else width - len(indent), head=head)
    if widths is None:
        return _fields(columns, rows, width, indent)
    lines = [_line(columns, [[column.title] for column in columns], widths, indent)[0]] if head else []
    for row in rows:
        cells = [
            [cell] if column.figure else fold(cell, wide)
            for column, cell, wide in zip(columns, row, widths, strict=True)
        ]
        lines += _line(columns, cells, widths, indent)
    return lines


def _widths(columns: Sequence[Column], rows: Rows, width: int | None, *, head: bool) -> list[int] | None:
    """The width of each column, None if the table does not fit."""
    titles = [width_of(column.title) if head else 0 for column in columns]
    natural = [max([titles[i], *(width_of(row[i]) for row in rows)]) for i in range(len(columns))]
    if width is None:
        return natural
    if width < NARROW - 8:
        return None
    room = width - len(_GAP) * (len(columns) - 1) - sum(n for n, c in zip(natural, columns, strict=True) if c.figure)
    texts = [i for i, column in enumerate(columns) if not column.figure]
    excess = sum(natural[i] for i in texts) - room
    while excess > 0:
        widest = max(texts, key=lambda i: natural[i], default=-1)
        if widest < 0 or natural[widest] <= max(_LEAST, titles[widest]):
            return None
        natural[widest] -= 1
        excess -= 1
    return natural


def _line(columns: Sequence[Column], cells: Sequence[list[str]], widths: Sequence[int], indent: str) -> list[str]:
    lines = []
    for number in range(max(len(cell) for cell in cells)):
        parts = [
            pad(cell[number] if number < len(cell) else "", wide, right=column.figure)
            for column, cell, wide in zip(columns, cells, widths, strict=True)
        ]
        lines.append((indent + _GAP.join(parts)).rstrip())
    return lines


def _fields(columns: Sequence[Column], rows: Rows, width: int | None, indent: str) -> list[str]:
    """Each row as a block: its first field, then the others with their titles below it."""
    label = max((width_of(column.title) for column in columns), default=0)
    lines: list[str] = []
    for row in rows:
        inner = "" if width is None else indent + "  "
        first, *others = [(column, cell) for column, cell in zip(columns, row, strict=True) if cell]
        lines += [indent + line for line in fold(first[1], None if width is None else width - len(indent))]
        for column, cell in others:
            head = f"{inner}{pad(column.title, label)}{_GAP}"
            lines += _figure(head, cell, width) if column.figure else hanging(head, cell, width)
    return lines


def _figure(head: str, cell: str, width: int | None) -> list[str]:
    """A figure beside its title, or whole on the next line."""
    if width is None or width_of(head) + width_of(cell) <= width:
        return [f"{head}{cell}"]
    return [head.rstrip(), pad(cell, width, right=True)]
