"""Named snapshots of everything, as the control door takes and restores them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .clock import VirtualClock
from .control_bodies import BadOrder

MOST = 20


class NoSnapshot(LookupError):
    """No snapshot has this name."""


class Switched(Protocol):
    """A vendor or companion, as far as its switches go."""

    @property
    def switches(self) -> Any:
        """A dataclass, whose values are kept beside the state."""


class Restorable(Protocol):
    """What is put aside and brought back as a whole: an emulation."""

    clock: VirtualClock

    @property
    def parts(self) -> Mapping[str, Switched]:
        """Vendors and companions by the name of their system."""

    def snapshot(self) -> dict[str, Any]:
        """Everything but faults, log and switches."""

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Back to a snapshot, which may be restored again."""


@dataclass(frozen=True)
class _Snapshot:
    at: datetime
    state: dict[str, Any]
    switches: dict[str, dict[str, Any]]


class Snapshots:
    """Both vendors with tokens, limits and replay ids, the event bus, switches, chance, and the clock's own time.

    Faults in force, the request log and the webhook target stay as they are: they belong to the test, not to the state.
    """

    def __init__(self, emulation: Restorable) -> None:
        self._emulation = emulation
        self._snapshots: dict[str, _Snapshot] = {}

    def take(self, name: str) -> None:
        """Keep everything under a name; a former one of that name is replaced. Raises `BadOrder` when it is full."""
        if name not in self._snapshots and len(self._snapshots) >= MOST:
            raise BadOrder(f"there are {MOST} snapshots already")
        emulation = self._emulation
        switches = {system: deepcopy(vars(part.switches)) for system, part in emulation.parts.items()}
        self._snapshots[name] = _Snapshot(emulation.clock.now(), emulation.snapshot(), switches)

    def restore(self, name: str) -> None:
        """Back to a snapshot, as often as wanted; the clock goes on from its instant. Raises `NoSnapshot`."""
        snapshot, emulation = self._named(name), self._emulation
        for system, values in snapshot.switches.items():
            vars(emulation.parts[system].switches).update(deepcopy(values))
        emulation.restore(snapshot.state)
        if not emulation.clock.frozen:
            emulation.clock.set(snapshot.at)

    def drop(self, name: str) -> None:
        """Forget one. Raises `NoSnapshot`."""
        self._named(name)
        del self._snapshots[name]

    def _named(self, name: str) -> _Snapshot:
        if name not in self._snapshots:
            raise NoSnapshot(name)
        return self._snapshots[name]

    def list(self) -> list[dict[str, Any]]:
        """Names and instants, oldest first."""
        return [{"name": name, "at": snapshot.at} for name, snapshot in self._snapshots.items()]
