"""Three-way merge by ownership: what moved since both sides last agreed, and who may say so (accounting-rules E.2).

A pair of records has a source side and a target side, as its link does. Values are compared as canonical text
(`model/canonical.py`), `None` for empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Side = Literal["source", "target"]
Owner = Literal["source", "target", "last_change"]


class Values(msgspec.Struct, frozen=True):
    """One field of a pair: what each side has now."""

    owner: Owner
    source: str | None
    target: str | None


class Conflict(msgspec.Struct, frozen=True):
    """Both sides differ from what was agreed. `winner` is the side whose value stays; `lost` is the other value."""

    field: str
    winner: Side
    kept: str | None
    lost: str | None


class Merge(msgspec.Struct, frozen=True):
    """What to write where. `to_source` and `to_target` name fields; the values come from the other side.

    `agreed` is what both sides have in common once all is written; `settled` what they have in common already.
    """

    to_source: tuple[str, ...]
    to_target: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    agreed: Mapping[str, str | None]
    settled: Mapping[str, str | None]

    def agreed_after(self, written: Iterable[str]) -> dict[str, str | None]:
        """What both sides have in common once these fields are written."""
        return {**self.settled, **{name: self.agreed[name] for name in written}}


def merge(fields: Mapping[str, Values], agreed: Mapping[str, str | None], on_tie: Side = "target") -> Merge:
    """Decide each field.

    Its owner wins wherever the sides differ. Without an owner the side that moved wins, and `on_tie` if both did.
    A pair that never agreed on a field takes no emptiness for a value: an empty owner changes nothing, and a side
    without an owner is filled from the other.
    """
    wins = {name: _winner(values, name in agreed, agreed.get(name), on_tie) for name, values in fields.items()}
    same = {name: values.source for name, values in fields.items() if values.source == values.target}
    decided = {name: side for name, side in wins.items() if side is not None and name not in same}
    kept = {name: agreed[name] for name in agreed if name not in decided and name not in same}
    untouched = {name: value for name, value in agreed.items() if name in decided}
    return Merge(
        to_source=tuple(name for name, side in decided.items() if side == "target"),
        to_target=tuple(name for name, side in decided.items() if side == "source"),
        conflicts=_conflicts(fields, agreed, decided),
        agreed={**kept, **same, **{name: _of(fields[name], side) for name, side in decided.items()}},
        settled={**kept, **same, **untouched},
    )


def _winner(values: Values, has_agreed: bool, agreed: str | None, on_tie: Side) -> Side | None:
    if values.owner != "last_change":
        return values.owner if has_agreed or _of(values, values.owner) is not None else None
    if not has_agreed:
        return on_tie if values.source is not None and values.target is not None else _filled(values)
    moved_source, moved_target = values.source != agreed, values.target != agreed
    if moved_source and moved_target:
        return on_tie
    return "source" if moved_source else "target"


def _filled(values: Values) -> Side:
    return "source" if values.target is None else "target"


def _of(values: Values, side: Side) -> str | None:
    return values.source if side == "source" else values.target


def _conflicts(
    fields: Mapping[str, Values], agreed: Mapping[str, str | None], decided: Mapping[str, Side]
) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(name, side, _of(fields[name], side), _of(fields[name], "target" if side == "source" else "source"))
        for name, side in decided.items()
        if name in agreed and agreed[name] not in (fields[name].source, fields[name].target)
    )
