"""The API versions of the org and what each release is called (salesforce reference 0)."""

from __future__ import annotations

import re

from ml_emulators.salesforce.errors import ApiError, not_found
from ml_emulators.salesforce.world import World

_VERSION = re.compile(r"v(\d{2,3})\.0\Z")
_FIRST = 31
_SEASONS = ("Summer", "Winter", "Spring")


def label(number: int) -> str:
    """31 -> Summer '14, 32 -> Winter '15, ... three releases a year."""
    steps = number - _FIRST
    year = 14 + (steps + 2) // 3
    mark = "’" if number == 42 else "'"
    return f"{_SEASONS[steps % 3]} {mark}{year}"


def listing(world: World) -> list[dict[str, str]]:
    """`GET /services/data`: label, url and version of every release that the org has, oldest first."""
    low, high = world.org.versions
    numbers = range(low, high + 1)
    return [
        {"label": label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"} for number in numbers
    ]


def check(world: World, text: str) -> None:
    """Raises for a version that is retired, or was never there."""
    version = _VERSION.match(text)
    low, high = world.org.versions
    if not version or int(version[1]) > high:
        raise not_found()
    if int(version[1]) < low:
        status = world.switches.unsupported_version_status
        message = f"API version {text[1:]} is not supported"
        raise ApiError("UNSUPPORTED_API_VERSION", message, status=status)
