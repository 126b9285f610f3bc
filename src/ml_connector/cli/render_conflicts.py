"""The conflict log: which value gave way to which side's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from .layout import Column, table
from .text import count, fold, moment, safe, system_name, words

if TYPE_CHECKING:
    from ml_connector.actions.conflicts import ConflictView

_COLUMNS = tuple(map(Column, ("When", "Record", "Field", "Kept its own", "Value that gave way")))
_SEALED = "The values that gave way are sealed, and kept for the retention period."
_PERHAPS = (
    "Perhaps: others changed the record before it was known whether our write had been done; "
    "the value may still be there."
)


def conflict_lines(
    conflicts: Sequence[ConflictView], width: int | None, *, values: bool = False, zone: tzinfo = UTC
) -> list[str]:
    """The log, newest first; the last column only with `values`."""
    if not conflicts:
        return ["No field was changed on both sides.", "Next:  ml-connector status"]
    rows = [
        [
            moment(conflict.at, zone),
            safe(conflict.record),
            words(conflict.field),
            f"{_winner(conflict)}, {safe(conflict.other)}",
            _value(conflict) if values else "",
        ]
        for conflict in conflicts
    ]
    after = f"ml-connector explain {safe(conflicts[0].record)}" if values else "ml-connector conflicts --values"
    return [
        *table(_COLUMNS, rows, width),
        *fold(f"{count(len(conflicts), 'conflict')}. {_SEALED}", width),
        *(fold(_PERHAPS, width) if not all(conflict.certain for conflict in conflicts) else []),
        *fold(f"Next:  {after}", width),
    ]


def conflict_line(conflict: ConflictView, zone: tzinfo = UTC) -> str:
    """One entry in a sentence, without its value."""
    said = f"{words(conflict.field)} of {safe(conflict.record)} gave way, {_winner(conflict)} kept its own"
    return f"{moment(conflict.at, zone)} {said}"


def _winner(conflict: ConflictView) -> str:
    return system_name(conflict.winner) + ("" if conflict.certain else ", perhaps")


def _value(conflict: ConflictView) -> str:
    if not isinstance(conflict.lost, str):
        return "(no longer kept)"
    return safe(conflict.lost) or "(none)"
