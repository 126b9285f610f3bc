"""The tie-out: the proof that both systems show the same money (accounting-rules G)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.salesforce.client import Salesforce

from .r1_reading import read_r1
from .r2_reading import read_r2
from .reading import Links, Reading, first_day
from .report import TieOut


async def tie_out(
    months: Sequence[str],
    *,
    quickbooks: QuickBooks,
    salesforce: Salesforce,
    links: Links,
    rules: Rules,
    now: datetime,
) -> TieOut:
    """Read both systems afresh and compare `months` (`2026-11`). Writes nothing; `now` is the instant of the reads.

    Raises `WrongUse` for a month that is none, and vendor errors.
    """
    for month in months:
        first_day(month)
    reading = Reading(quickbooks, salesforce, links, rules, now)
    reports = [await read_r1(reading, months), await read_r2(reading, months)]
    return TieOut(months=tuple(months), read_at=now, reports=reports)
