"""Named snapshots of everything, as the control door takes and restores them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .emulation import Twin

MOST = 20


@dataclass(frozen=True)
class _Picture:
    at: datetime
    state: dict[str, Any]
    switches: dict[str, dict[str, Any]]


class Album:
    """Both vendors with tokens, limits and replay ids, the event bus, switches, chance, and the clock's own time.

    Faults in force, the request log and the webhook target stay as they are: they belong to the test, not to the state.
    """

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._pictures: dict[str, _Picture] = {}

    def take(self, name: str) -> None:
        """Keep everything under a name; a former one of that name is replaced. Raises `ValueError` when it is full."""
        if name not in self._pictures and len(self._pictures) >= MOST:
            raise ValueError(f"there are {MOST} snapshots already")
        switches = {system: deepcopy(vars(each.switches)) for system, each in self._twin.parts.items()}
        self._pictures[name] = _Picture(self._twin.clock.now(), self._twin.snapshot(), switches)

    def restore(self, name: str) -> None:
        """Back to a snapshot, as often as wanted; the clock goes on from the snapshot's instant. Raises `KeyError`."""
        picture, twin = self._pictures[name], self._twin
        for system, values in picture.switches.items():
            vars(twin.parts[system].switches).update(deepcopy(values))
        twin.restore(picture.state)
        if not twin.clock.frozen:
            twin.clock.set(picture.at)

    def drop(self, name: str) -> None:
        """Forget one. Raises `KeyError`."""
        del self._pictures[name]

    def list(self) -> list[dict[str, Any]]:
        """Names and instants, oldest first."""
        return [{"name": name, "at": picture.at} for name, picture in self._pictures.items()]
