"""The tie-out: the proof that both systems show the same money (accounting-rules G)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from ml_connector.model import money
from ml_connector.model.errors import BadAnswer
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.salesforce.client import Salesforce

from .r1_reading import read_r1
from .r2_reading import read_r2
from .reading import Links, Reading, first_day
from .report import NONE, UNREAD, Cell, Item, Report, Row, TieOut


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

    What cannot be read is named (U8), and everything else is proved. Raises `WrongUse` for a month that is none, and
    vendor errors but `BadAnswer`.
    """
    for month in months:
        first_day(month)
    reading = Reading(quickbooks, salesforce, links, rules, now)
    reports = [await _proved(name, read(reading, months), max(months)) for name, read in _REPORTS.items()]
    return TieOut(months=tuple(months), read_at=now, reports=reports)


_REPORTS: Mapping[str, Callable[[Reading, Sequence[str]], Awaitable[Report]]] = {"R1": read_r1, "R2": read_r2}


async def _proved(name: str, read: Awaitable[Report], month: str) -> Report:
    """The report; where something that all of it needs cannot be read, it says so, and the others are proved."""
    try:
        return await read
    except BadAnswer as error:
        unread = Item(UNREAD, f"all of {name}", money.ZERO, error.sentence)
        return Report(name, [Row(Cell(month, "", NONE), 0, money.ZERO, 0, money.ZERO, (unread,))])
