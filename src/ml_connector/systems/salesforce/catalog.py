"""What the org shows, remembered: one composite call describes every kind that we use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

from ml_connector.clock import Clock

from .calls import PARTS_AT_ONCE, Calls
from .describe import read_object
from .query import Seen
from .records import DESCRIBED, Object

_FRESH = timedelta(minutes=5)
_OLD = timedelta(hours=6)


class Catalog:
    """Objects as this user sees them. One that is missing or hidden has no fields."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._objects: dict[str, Object] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._at: dict[str, datetime] = {}

    async def object(self, kind: str, *, fresh: bool = False) -> Object:
        """One object; `fresh` means at most five minutes old, else at most six hours."""
        await self._have([kind] if kind not in DESCRIBED else DESCRIBED, _FRESH if fresh else _OLD)
        return self._objects[kind]

    async def objects(self, *, fresh: bool = False) -> dict[str, Object]:
        """Every object that we use."""
        await self._have(DESCRIBED, _FRESH if fresh else _OLD)
        return {kind: self._objects[kind] for kind in DESCRIBED}

    async def seen(self, *, fresh: bool = False) -> Seen:
        """By kind, the fields that may be asked for; `fresh` as in `object`."""
        await self._have(DESCRIBED, _FRESH if fresh else _OLD)
        return self._names

    def forget(self) -> None:
        """Describe again before the next use: a field that was there is gone."""
        self._at.clear()

    async def _have(self, kinds: Iterable[str], age: timedelta) -> None:
        now = self._clock.now()
        unknown = [kind for kind in kinds if kind not in self._at or now - self._at[kind] > age]
        paths = [f"{self._calls.base}/sobjects/{quote(kind, safe='')}/describe" for kind in unknown]
        for kind, answer in zip(unknown, await self._calls.get_all(paths, PARTS_AT_ONCE), strict=True):
            if answer.status not in (200, 404):
                raise answer.error()
            self._objects[kind] = read_object(answer.taken()) if answer.status == 200 else Object(kind)
            self._names = {**self._names, kind: self._objects[kind].names}
            self._at[kind] = now
