"""Geocode noise: a second after an address was written, the platform sets its co-ordinates (reference 6.4)."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ml_emulators.salesforce import ChangeNotice, ids
from ml_emulators.salesforce.world import Actor, World

_KINDS = frozenset({"Account", "Contact"})
_WRITTEN = ("Street", "City", "State", "PostalCode", "Country")
_LATER = timedelta(seconds=1)

Due = tuple[datetime, str, str, str]


class Geocoder:
    """Remembers which addresses were written, and does its own writes when they are due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._actor = Actor(ids.make("005", 0), ZoneInfo("UTC"), world.org.currencies[0].code, limited=False)
        self.due: list[Due] = []

    def note(self, notice: ChangeNotice) -> None:
        """Listen to a change of the org; a written address of an object with co-ordinates becomes due."""
        if notice.kind not in _KINDS or notice.change_type not in ("CREATE", "UPDATE"):
            return
        kind = self._world.schema.objects[notice.kind]
        for stem in (name.removesuffix("Address") for name in kind.compounds):
            if any(f"{stem}{part}" in notice.changed for part in _WRITTEN):
                self.due.append((notice.instant + _LATER, notice.kind, notice.ids[0], stem))

    def work(self, now: datetime) -> None:
        """Write the co-ordinates of what is due: an empty origin, the system's own user, no LastModifiedDate."""
        ready = [job for job in self.due if job[0] <= now]
        self.due = [job for job in self.due if job[0] > now]
        for _, kind, record_id, stem in ready:
            with self._world.transact(self._actor, "") as tx:
                record = tx.live(kind, record_id)
                if record is not None:
                    tx.adjust(kind, record, **_coordinates(record, stem))


def _coordinates(record: dict[str, Any], stem: str) -> dict[str, Decimal | None]:
    """Made up, but the same for the same address; none without an address."""
    text = "|".join(str(record.get(f"{stem}{part}", "")) for part in _WRITTEN)
    number = zlib.crc32(text.encode()) if text.strip("|") else None
    return {
        f"{stem}Latitude": None if number is None else Decimal(number % 120_000_000).scaleb(-6) - 60,
        f"{stem}Longitude": None if number is None else Decimal(number % 340_000_000).scaleb(-6) - 170,
    }
