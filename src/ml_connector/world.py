"""What comes from outside."""

from __future__ import annotations

import msgspec

from ml_connector.clock import Ids, RandomIds, Timekeeper, WallClock
from ml_connector.engine.ports import CrashPoint, no_crash
from ml_connector.systems.http import Network


class World(msgspec.Struct, frozen=True):
    """The network, time, chance, and the simulator's crash points."""

    network: Network
    clock: Timekeeper = WallClock()
    ids: Ids = RandomIds()
    crash: CrashPoint = no_crash
