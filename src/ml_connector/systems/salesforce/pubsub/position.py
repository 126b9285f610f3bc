"""Where a stream stands, and how many events it took: kept as the position of its source, with the tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

DAY = timedelta(hours=24)
_HOUR = "%Y-%m-%dT%H"


class Position(msgspec.Struct, frozen=True):
    """`replay` is the replay id (hexadecimal), good for this org and topic alone; blank where it is not known.

    `kinds` are those that the stream was sure to tell of. `taken`: events by hour, of the last 24 (they are metered).
    """

    org: str
    topic: str
    replay: str = ""
    kinds: tuple[str, ...] = ()
    taken: Mapping[str, int] = {}

    @classmethod
    def parse(cls, text: str | None) -> Position | None:
        """None for none, and for what is none of ours: then the stream begins anew, and what lies between is swept."""
        try:
            position = msgspec.json.decode(text, type=cls) if text else None
            if position is not None:
                bytes.fromhex(position.replay)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        return position

    def text(self) -> str:
        """As it is stored."""
        return msgspec.json.encode(self, order="deterministic").decode()

    def took(self, count: int, now: datetime) -> Position:
        """With so many events more, and those of more than 24 hours ago forgotten."""
        hour = now.astimezone(UTC).strftime(_HOUR)
        since = (now.astimezone(UTC) - DAY).strftime(_HOUR)
        taken = {when: number for when, number in self.taken.items() if since < when <= hour}
        if count:
            taken[hour] = taken.get(hour, 0) + count
        return msgspec.structs.replace(self, taken=taken)

    def total(self, now: datetime) -> int:
        """Events of the last 24 hours."""
        return sum(self.took(0, now).taken.values())
