"""What is covered, missing, alarming and planned, as rows of `status`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_connector.actions.continuity import Continuity, Coverage, Listing
from ml_connector.cli.render_cover import cover_rows
from ml_connector.model.continuity import BEGINNING, Cause, Hole, Span
from ml_connector.store.rows import AlertRow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def hole(number: int, kind: str, cause: Cause, since: datetime = NOON) -> Hole:
    span = Span(since, NOON + timedelta(hours=1))
    return Hole(number=number, source="quickbooks", kind=kind, span=span, cause=cause, opened_at=NOON)


def test_each_has_its_row() -> None:
    covered = [
        Coverage(source="quickbooks", kind="Invoice", since=None, until=NOON, ways=["backfill", "sweep"]),
        Coverage(source="quickbooks", kind="Customer", since=NOON, until=NOON + timedelta(hours=1), ways=["sweep"]),
    ]
    holes = [
        hole(3, "Invoice", Cause.GAP),
        hole(3, "Customer", Cause.GAP),
        hole(4, "Invoice", Cause.FULL_FEED, BEGINNING),
    ]
    alarms = [AlertRow("hole 3", "A hole stays open.", "status", NOON)]
    listing = Listing(source="salesforce", kind="Account", listed=12_000, begun_at=NOON, per_minute=480)
    continuity = Continuity(
        covered=covered, holes=holes, alarms=alarms, schedule=["Both systems: every 15 minutes."],
        backfills=[listing], at_leisure=11_000,
    )  # fmt: skip
    when = "2026-11-20 12:00 UTC to 2026-11-20 13:00 UTC"
    since = "the beginning to 2026-11-20"
    full = "a feed was full to the last place: deletions may be missing"
    gap = "nobody listened in between; a bounded backfill closes it"
    assert cover_rows(continuity, UTC) == [
        ("backfill", "Salesforce Account: 12,000 listed since 2026-11-20 12:00 UTC, 480 a minute"),
        ("backfill", "11,000 records to look at when nothing else is due"),
        ("covered", "QuickBooks: 2 kinds up to 2026-11-20 12:00 UTC, by backfill, sweep"),
        ("hole", f"3 in QuickBooks (Invoice, Customer), {when}: {gap}"),
        ("hole", f"4 in QuickBooks (Invoice), {since} 13:00 UTC: {full}; a comparison of ids closes it"),
        ("alarm", "FAIL since 2026-11-20 12:00 UTC: A hole stays open."),
        ("schedule", "Both systems: every 15 minutes."),
    ]
