"""The company's clock wakes what is due, and what was due while nobody was there is done once at the start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ml_connector.service.cadence import CLOSE, spoken
from ml_connector.settings import Cadence
from support.in_step import in_step
from support.live import Living
from support.world import Installation

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rare(folder: Path) -> Installation:
    """Swept once a day only: so what else asks the vendors is the schedule. It is Friday the 20th, 18:00 there."""
    home = in_step(folder)
    home.settings = msgspec.structs.replace(home.settings, cadence=Cadence(sweep_minutes=1440))
    home.app = home.process()
    return home


def asked(home: Installation) -> int:
    """How often QuickBooks was asked what changed."""
    return sum(path.endswith("/cdc") for vendor, _, path in home.network.sent if vendor == "quickbooks")


async def test_orders_in_the_evening_and_the_close_by_the_hour(tmp_path: Path) -> None:
    home = rare(tmp_path)
    living = Living(home)
    await living.live_for(2 * HOUR)
    before = asked(home)
    await living.live_for(DAY)
    assert asked(home) - before == 1, "18:00, which puts off the daily sweep"
    await living.live_for(4 * DAY + 4 * HOUR)  # Thursday the 26th, 00:00
    before = asked(home)
    await living.live_for(DAY)
    assert asked(home) - before == 24
    await living.live_for(DAY)  # Saturday
    before = asked(home)
    await living.live_for(DAY)
    assert asked(home) - before == 1
    compared = [row.begun_at for row in home.store.comparisons(home.app.connection.id) if row.begun_at]
    assert max(compared) < living.now - DAY
    await living.live_for(DAY + 21 * HOUR)  # Monday the 30th, 21:00
    compared = [row.ended_at for row in home.store.comparisons(home.app.connection.id) if row.ended_at]
    assert living.now - min(compared) < 2 * HOUR, "all kinds, an hour ago"
    events = home.store.audit_events(home.app.connection.id)
    assert {event.detail["why"] for event in events if event.action == "compare"} == {"weekly", CLOSE}


async def test_an_evening_that_nobody_saw_is_caught_up_once(tmp_path: Path) -> None:
    home = rare(tmp_path)
    await Living(home).live_for(2 * HOUR)
    home.clock.advance(22 * HOUR + HOUR / 2)  # 18:30 of the next day; the daily sweep is not due yet
    before = asked(home)
    await Living(home, home.process()).live_for(HOUR / 2)
    assert asked(home) - before == 1
    await Living(home, home.process()).live_for(HOUR / 2)
    assert asked(home) - before == 1, "a restart alone pays nothing"


def test_the_schedule_in_words() -> None:
    zone = "company time (America/Los_Angeles)"
    last, close = "on the last business day of the month", "on the last 3 business days of the month"
    assert spoken(Cadence(), ZoneInfo("America/Los_Angeles")) == [
        "Both systems are asked what changed: every 15 minutes.",
        f"Both systems are asked, and every held order is looked at again: At 18:00 every day, {zone}.",
        f"Both systems are asked what changed: At the start of every hour, {close}, {zone}.",
        f"All ids are compared, before the month is signed off: At 20:00 every day, {last}, {zone}.",
    ]
