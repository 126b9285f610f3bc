"""Switches of vendors as JSON sets them: known names, right types, numbers that a clock can still add."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

import msgspec

from .control_bodies import BadOrder

_MOST = {"days": 36_500, "hours": 876_000, "minutes": 52_560_000}
"""A hundred years; whatever is counted otherwise goes to a thousand millions."""
_OTHERS = 1_000_000_000
_STATUSES = range(200, 600)


@cache
def settable(switches: Any) -> dict[str, Any]:
    """The switches of a class that JSON can carry, with their types; rules written as code are for callers inside."""
    hints = get_type_hints(switches)
    return {field.name: hints[field.name] for field in fields(switches) if _in_json(hints[field.name])}


def _in_json(hint: Any) -> bool:
    try:
        msgspec.json.schema(hint)
    except TypeError:
        return False
    return True


def checked(switches: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the switches hold them. Raises `BadOrder` with what is wrong."""
    hints = settable(switches.__class__)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise BadOrder(f"no switch {', '.join(unknown)}; there are {', '.join(sorted(hints))}")
    return {name: _checked(name, value, hints[name]) for name, value in values.items()}


def _checked(name: str, value: Any, hint: Any) -> Any:
    try:
        good = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise BadOrder(f"{name}: {error}") from error
    if isinstance(good, int | float) and not isinstance(good, bool):
        _check_number(name, good)
    return good


def _check_number(name: str, value: int | float) -> None:
    unit = name.rpartition("_")[2]
    if unit == "status" and value not in _STATUSES:
        raise BadOrder(f"{name} must be an HTTP status")
    most = _MOST.get(unit, _OTHERS)
    if not math.isfinite(value) or abs(value) > most:
        raise BadOrder(f"{name} may go to {most:,}")
