"""A list of everything goes on where it was cut off, and nothing that changed meanwhile is missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.corridor import Connection, Runtime
from ml_connector.engine.intake import SKEW, sweep
from ml_connector.model.continuity import BEGINNING, Cause, Span
from ml_connector.model.plans import Flow, Skip
from ml_connector.model.reading import NOTHING, Resume, Sweep, Take
from ml_connector.model.refs import Change, Ref
from ml_connector.model.rules import Rules
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = 10


class Vendor:
    """Has so many records, lists them ten at a time, and dies after so many pages."""

    name = "ours"

    def __init__(self, count: int) -> None:
        self.reference_kinds: dict[str, str] = {}
        self.count = count
        self.pages = 0
        self.dies_after = 0
        self.now = NOON

    def position_at(self, kinds: Sequence[str], at: datetime) -> str:
        return at.isoformat()

    async def sweep(
        self, kinds: Sequence[str], position: str | None, now: datetime, take: Take, resume: Resume = NOTHING
    ) -> Sweep:
        assert list(kinds) == ["Bill"]
        begun = int(resume.get("Bill", (0, "0"))[1])
        for start in range(begun, self.count, PAGE):
            self.pages += 1
            take([Change(Ref("ours", "Bill", str(key + 1)), "backfill", now) for key in range(start, start + PAGE)])
            if self.pages == self.dies_after:
                raise KeyboardInterrupt
        return Sweep([], now.isoformat(), now, asked={"Bill": BEGINNING})


class Room:
    def __init__(self, vendor: Vendor) -> None:
        self.vendor, self.now = vendor, NOON
        self.store: Store = fresh()
        self.store.add_connection("acme", "1", "00D", "Acme", NOON)
        self.connection = Connection("acme", Rules(realm_id="", org_id=""), ZoneInfo("UTC"))

    async def listed(self) -> int:
        skip: Any = lambda *_: Skip()  # noqa: E731 - never called: nothing is decided here
        flow = Flow(name="bills", system="ours", kind="Bill", rank=1, decide=skip, gone=skip, refused=skip)
        clock, systems = Clock(self.now), {"ours": self.vendor}
        nothing: Any = None
        runtime = Runtime(self.store, systems, [flow], clock, nothing, nothing, ReferenceCache(), skip, skip)  # type: ignore[arg-type]
        return await sweep(self.connection, runtime, "ours")

    def due(self) -> int:
        return len(self.store.due("acme", "bills", NOON + timedelta(days=9), 100_000))


class Clock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


async def test_it_goes_on_where_it_was_cut_off() -> None:
    room = Room(Vendor(100))
    room.vendor.dies_after = 6
    with pytest.raises(KeyboardInterrupt):
        await room.listed()
    (row,) = room.store.backfills("acme")
    assert (row.listed, row.last, row.ended_at) == (60, "60", None)
    assert room.store.position("acme", "sweep:ours") is None
    room.vendor.dies_after, room.now = 0, NOON + timedelta(hours=5)
    await room.listed()
    assert (room.vendor.pages, room.due()) == (6 + 4, 100)
    (row,) = room.store.backfills("acme")
    assert (row.listed, row.ended_at) == (100, room.now)
    # What was listed before noon plus five hours may have changed since: it is asked for from the beginning on.
    assert room.store.position("acme", "sweep:ours") == (NOON - SKEW).isoformat()
    (hole,) = room.store.open_holes("acme")
    assert (hole.span, hole.cause) == (Span(BEGINNING, NOON - SKEW), Cause.DELETIONS)
    assert [(each.kind, bool(each.why)) for each in room.store.comparisons("acme")] == [("Bill", True)]


async def test_one_that_is_not_cut_off_needs_no_comparison() -> None:
    room = Room(Vendor(30))
    await room.listed()
    assert room.due() == 30
    assert room.store.position("acme", "sweep:ours") == NOON.isoformat()
    assert not room.store.open_holes("acme")
    assert [(each.kind, bool(each.why)) for each in room.store.comparisons("acme")] == [("Bill", False)]
    assert room.store.at_leisure("acme") == 0, "the first time, flows are served in the order of their ranks"
    room.store.forget_position("acme", "sweep:ours")
    room.now = NOON + timedelta(hours=1)
    await room.listed()
    assert [row.begun_at for row in room.store.backfills("acme")] == [room.now], "another one begins from the first"
    room.vendor.count = 50
    room.store.forget_position("acme", "sweep:ours")
    await room.listed()
    assert room.store.at_leisure("acme") == 20, "those that nobody had knocked on yet"
