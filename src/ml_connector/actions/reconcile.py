"""Prove months: both systems are read afresh and compared."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.app import App
from ml_connector.tieout import Links, TieOut, months_between, tie_out
from ml_connector.tieout.report import Cell, Completeness, Item, Report, Row


async def reconcile(app: App, months: Sequence[str] = ()) -> TieOut:
    """The tie-out of these months (`2026-11`), else of all from the start date to today. Writes nothing.

    Raises `WrongUse` for a month that is none, and vendor errors.
    """
    now = app.world.clock.now()
    today = app.connection.today(now)
    return await tie_out(
        months or months_between(app.rules.start_date or today, today),
        quickbooks=app.quickbooks,
        salesforce=app.salesforce,
        links=Links(app.store, app.connection.id),
        rules=app.rules,
        now=now,
    )


__all__ = ["Cell", "Completeness", "Item", "Report", "Row", "TieOut", "reconcile"]
