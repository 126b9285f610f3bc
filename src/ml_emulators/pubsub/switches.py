"""How the event bus behaves where documents are unsure, or where a test wants it otherwise. Change at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Merging = Literal["same", "fields", "none"]


@dataclass
class Switches:
    """Seconds are of real time, hours of the virtual clock."""

    # Streams
    keepalive_seconds: float = 270.0
    idle_close_seconds: float = 60.0
    idle_close_code: str = ""
    publish_idle_seconds: float = 70.0
    settle_seconds: float = 0.0
    expire_streams: bool = False
    # Replay
    retention_hours: int = 72
    expired_code: Literal["corrupted", "validation.failed"] = "corrupted"
    # Rights: objects without View All
    no_view_all: set[str] = field(default_factory=set)
    # Change events
    merging: Merging = "same"
    nulled_in_changed: bool = True
    hidden_bits: bool = False
    formulas: bool = True
    text_diffs: bool = False
    geocode: bool = False
    overflow_at: int = 100_000
    # Deliveries in 24 hours; None: by the org's edition
    daily_deliveries: int | None = None
