"""The sections about what a running connection does by itself: its schedule, and when it raises an alarm."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ml_connector.model.schedule import Days, Does, Entry


class Cadence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the vendors are asked, and when by the company's clock."""

    sweep_minutes: Annotated[
        int,
        Meta(
            ge=1,
            le=1440,
            description="Minutes between two sweeps for what has changed; each costs one metered QuickBooks read.",
        ),
    ] = 15
    orders_at: Annotated[
        str,
        Meta(
            description="When both systems are asked and every held order is looked at again, besides at its "
            "activation: a cron expression (minute, hour, day, month, weekday), company time. Blank: never."
        ),
    ] = "0 18 * * *"
    close_days: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="How many of the last business days of a month (Monday to Friday) are its close; 0 for none.",
        ),
    ] = 3
    close_at: Annotated[
        str, Meta(description="When both systems are asked on those days, besides the other times: a cron expression.")
    ] = "0 * * * *"
    close_compare_at: Annotated[
        str,
        Meta(
            description="When all ids are compared on the last business day of a month, so that the comparison is "
            "there before the month is signed off: a cron expression."
        ),
    ] = "0 20 * * *"

    def entries(self) -> list[Entry]:
        """The schedule, without what comes every so many minutes."""
        close, last = self.close_days, Days.LAST
        lines = (
            Entry(does=Does.ORDERS, cron=self.orders_at),
            Entry(does=Does.SWEEP, cron=self.close_at, days=Days.CLOSE, close_days=close),
            Entry(does=Does.COMPARE, cron=self.close_compare_at, days=last, close_days=close),
        )
        return [entry for entry in lines if entry.cron and (entry.days is Days.ALL or close)]


CRONS = ("orders_at", "close_at", "close_compare_at")
"""The keys of `[cadence]` that hold a cron expression."""


class Alerts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an alarm is raised. Where it is sent is sealed, for it may hold secrets: `ml-connector alerts add`."""

    hole_hours: Annotated[
        int, Meta(ge=1, le=720, description="Hours after which a hole in the continuity that stays open is an alarm.")
    ] = 6
    hold_days: Annotated[
        int, Meta(ge=1, le=365, description="Days after which a record that is still held is an alarm.")
    ] = 14
    silence_minutes: Annotated[
        int,
        Meta(
            ge=15,
            le=10080,
            description="Minutes without a sign of life of a source (sweep, stream) after which that is an alarm.",
        ),
    ] = 120
    silence_changes: Annotated[
        int,
        Meta(
            ge=3,
            le=10000,
            description="A source from which nothing has come for so long that on such weekdays and hours this many "
            "changes are usual is an alarm. Learned in the first two weeks.",
        ),
    ] = 20
    quickbooks_reads: Annotated[
        int,
        Meta(
            ge=1000,
            le=100_000_000,
            description="Metered QuickBooks reads that your plan includes in a calendar month for all your companies.",
        ),
    ] = 500_000
    forecast_percent: Annotated[
        int,
        Meta(
            ge=10,
            le=100,
            description="Percent of an allowance (QuickBooks reads of the month, Salesforce calls and events of the "
            "day) above which a forecast is an alarm.",
        ),
    ] = 80


class Stream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Change events of Salesforce, over its Pub/Sub API (docs/setup-salesforce.md, step 9)."""

    enabled: Annotated[
        bool, Meta(description="Whether to listen. Without it sweeps find what changed, at their cadence.")
    ] = True
    target: Annotated[
        str,
        Meta(
            description="Host and port of the Pub/Sub API; empty is api.pubsub.salesforce.com:7443. For traffic that "
            "stays in the EU api.deu.pubsub.salesforce.com:7443. Another one only in a rehearsal, where empty means "
            "that nothing is listened to."
        ),
    ] = ""
    channel: Annotated[
        str,
        Meta(
            description="Name of the channel, without /data/. Empty: QboSync__chn where the org has it, else "
            "ChangeEvents."
        ),
    ] = ""
    daily_events: Annotated[
        int,
        Meta(
            ge=100,
            le=10_000_000,
            description="Most events taken in 24 hours; the org's own allowance (25,000 in Enterprise Edition) is "
            "shared by all that listen. Beyond it the stream rests, with a hole on record, and sweeps take over.",
        ),
    ] = 20_000
    sweep_minutes: Annotated[
        int,
        Meta(
            ge=15,
            le=1440,
            description="Minutes between two sweeps of what the stream tells of, while it is well: the net under it.",
        ),
    ] = 1440
