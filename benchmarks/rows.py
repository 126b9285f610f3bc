"""What a measurement says, and how it is shown."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One measurement. `floor` is the best possible or a peer's figure, `ratio` is value / floor."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None


def row(name: str, value: float, unit: str, floor: float | None = None) -> Row:
    ratio = None if not floor else round(value / floor, 2)
    return Row(name, round(value, 3), unit, floor, ratio)


def document(rows: Sequence[Row]) -> dict[str, object]:
    """The rows with the machine and the commit they were measured on."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {"machine": machine(), "commit": head.stdout.strip(), "rows": [msgspec.to_builtins(each) for each in rows]}


def machine() -> str:
    """What it was measured on, and how busy that was with other things."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, load {load}"


def table(rows: Sequence[Row]) -> list[str]:
    """Aligned lines for people."""
    wide = max(len(each.name) for each in rows)
    return [
        f"{each.name:<{wide}}  {each.value:>12,.2f} {each.unit:<12}"
        + ("" if each.floor is None else f"  floor {each.floor:,.2f}, {each.ratio} x")
        for each in rows
    ]
